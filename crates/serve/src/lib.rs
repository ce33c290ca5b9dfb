//! Serves a folder the way a distribution wants to be served: right MIME types,
//! cross-origin isolation, compression, ranges and revalidation.
//!
//! Read-only and static. It does not list folders, does not know what is in a
//! distribution, and is meant for loopback: no TLS, no logins.

mod compress;
mod files;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use miette::Diagnostic;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// What to serve and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder.
    pub root: PathBuf,
    /// The address to listen on; loopback unless said otherwise.
    pub host: IpAddr,
    /// 0 lets the system choose.
    pub port: u16,
    /// Sends COOP, COEP and CORP, so that pages get `SharedArrayBuffer`.
    pub isolation: bool,
    /// A Content-Security-Policy for every response.
    pub csp: Option<String>,
    /// Where `/` leads when the folder has no `index.html`, such as `console.html`.
    pub home: Option<String>,
    /// Where compressed copies are kept; without it only `.br` and `.gz` siblings are sent.
    pub compressed: Option<PathBuf>,
}

impl Options {
    /// Isolated, on a free port of loopback.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            isolation: true,
            csp: None,
            home: None,
            compressed: None,
        }
    }
}

/// Why the server does not run.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    /// The folder is not there.
    #[error("cannot serve {path}: it is not a folder")]
    #[diagnostic(
        code(serve::root),
        help("`ferropy dist -o DIR` makes a distribution there")
    )]
    Root {
        /// As given.
        path: PathBuf,
    },
    /// The port is taken or not allowed.
    #[error("cannot listen on {address}")]
    #[diagnostic(
        code(serve::listen),
        help(
            "another program may use this port: stop it, or choose one with --port (0 takes any free one)"
        )
    )]
    Listen {
        /// Host and port.
        address: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// The system refused something else.
    #[error("the server stopped")]
    #[diagnostic(code(serve::io))]
    Io(#[from] io::Error),
}

/// A server running on its own thread; it stops when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Server {
    /// Starts serving and returns when connections are accepted.
    pub fn start(options: Options) -> Result<Self, Error> {
        if !options.root.is_dir() {
            return Err(Error::Root { path: options.root });
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let address = SocketAddr::new(options.host, options.port);
        let listener = runtime
            .block_on(TcpListener::bind(address))
            .map_err(|source| Error::Listen { address, source })?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let app = Router::new()
            .fallback(files::respond)
            .with_state(Arc::new(files::Site::new(options)));
        let thread = std::thread::spawn(move || {
            let result = runtime.block_on(async move {
                let (grace, closing) = oneshot::channel::<()>();
                let serving = axum::serve(listener, app)
                    .with_graceful_shutdown(async move {
                        // An error means that the handle is gone: stop too.
                        let _ = stopped.await;
                        let _ = grace.send(());
                    })
                    .into_future();
                tokio::select! {
                    result = serving => result,
                    // A client that never finishes must not keep the server alive.
                    () = async {
                        let _ = closing.await;
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    } => Ok(()),
                }
            });
            runtime.shutdown_timeout(Duration::from_millis(100));
            result
        });
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The root URL, ending in a slash.
    #[must_use]
    pub fn url(&self) -> String {
        let host = match self.address.ip() {
            ip if ip.is_unspecified() => "localhost".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        format!("http://{host}:{}/", self.address.port())
    }

    /// Calls `ready`, waits for Ctrl-C (or SIGTERM), finishes what is under way and stops.
    ///
    /// From the moment `ready` is called the signals are ours.
    pub fn wait(mut self, ready: impl FnOnce(&str)) -> Result<(), Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let interrupted = Interrupt::listen()?;
            ready(&self.url());
            interrupted.wait().await
        })?;
        self.close()
    }

    fn close(&mut self) -> Result<(), Error> {
        drop(self.stop.take());
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => Ok(result?),
            Some(Err(_)) => Err(io::Error::other("the server's thread panicked").into()),
            None => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.close();
    }
}

/// The signals that mean "stop"; registered when made, not when first waited for.
#[cfg(unix)]
struct Interrupt {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Interrupt {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn wait(mut self) -> io::Result<()> {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        Ok(())
    }
}

#[cfg(not(unix))]
struct Interrupt;

#[cfg(not(unix))]
impl Interrupt {
    #[expect(clippy::unnecessary_wraps, reason = "the same face as on Unix")]
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn wait(self) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}
