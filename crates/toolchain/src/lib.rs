//! Finds or makes the compilers, gets sources, and runs tools.
//!
//! A [`Toolchain`] is either the machine's own tools ([`host`]) or a Debian root in the cache
//! ([`root`]); callers see only [`Toolchain::command`]. This crate does not know what is built with it.

pub mod apt;
pub mod doctor;
mod error;
pub mod exec;
pub mod fetch;
mod host;
mod product;
mod root;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use cache::{Cache, Key, Product};
use pins::pins;
use progress::Progress;

pub use error::{Attempt, Error, Problem};
pub use exec::Output;
pub use product::product;

/// Host variables that tools may see; everything else of the environment is hidden, so that a
/// build depends on its inputs only. Prefixes end with `_`.
const PASSED: &[&str] = &[
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_SOURCE_",
];

/// Where the machine's certificates usually are, when `SSL_CERT_FILE` does not say.
const CA_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// The CA bundle inside a Debian root.
const ROOT_CA_BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The compilers, ready to run.
#[derive(Debug, Clone)]
pub struct Toolchain {
    tools: Tools,
    cache: Cache,
    repository: PathBuf,
    em_cache: PathBuf,
    key: Key,
}

#[derive(Debug, Clone)]
enum Tools {
    Host(host::Host),
    Root(root::Root),
}

/// The name of the step that compiles Emscripten's own libraries.
const SYSTEM_LIBRARIES: &str = "Compile Emscripten's system libraries";

/// The steps that [`Toolchain::provide`] still has to do, with their expected seconds.
pub fn plan(cache: &Cache) -> Result<Vec<(&'static str, f64)>, Error> {
    let tools = match host::find() {
        Some(host) => Some(Tools::Host(host)),
        None => root::lookup(cache)?.map(Tools::Root),
    };
    Ok(match tools {
        None => vec![(root::STEP, 60.0), (SYSTEM_LIBRARIES, 130.0)],
        Some(tools)
            if cache
                .lookup("emscripten-cache", &system_libraries_key(&tools.key()))
                .is_none() =>
        {
            vec![(SYSTEM_LIBRARIES, 130.0)]
        }
        Some(_) => Vec::new(),
    })
}

impl Tools {
    fn key(&self) -> Key {
        let key = Key::of("toolchain 1");
        match self {
            Tools::Host(host) => key.text("host", &host.identity),
            Tools::Root(root) => key.text("root", &root.packages),
        }
        .finish()
    }
}

impl Toolchain {
    /// Finds the machine's tools or makes the Debian root, then makes sure that Emscripten's own
    /// libraries are compiled. `repository` is the checkout that tools have to see.
    pub fn provide(cache: &Cache, repository: &Path, progress: &Progress) -> Result<Self, Error> {
        let tools = if let Some(host) = host::find() {
            Tools::Host(host)
        } else {
            let root = root::provide(cache, progress)?;
            let pin = &pins().toolchain.emscripten;
            if root.emscripten != *pin {
                progress.note(&format!(
                    "warning: Debian {} now has Emscripten {}, not the pinned {pin}; wheels that others \
                     built may not load. Install Emscripten {pin} with emsdk and set EMSDK to be sure.",
                    pins().toolchain.debian_suite,
                    root.emscripten,
                ));
            }
            Tools::Root(root)
        };
        let key = tools.key();
        let mut toolchain = Self {
            tools,
            cache: cache.clone(),
            repository: repository.to_owned(),
            em_cache: PathBuf::new(),
            key,
        };
        toolchain.em_cache = toolchain.system_libraries(progress)?;
        Ok(toolchain)
    }

    /// What every product compiled by this toolchain has in its key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// A command that runs `program` with this toolchain's tools on PATH: in the root when there is one.
    /// Arguments, current folder and environment are set on it as usual; it starts from a clean environment.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let program = program.as_ref();
        let cargo_home = self.cargo_home();
        let ca = ca_bundle();
        let mut path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned();
        let mut command = match &self.tools {
            Tools::Host(host) => {
                let outer = std::env::var("PATH").unwrap_or_default();
                path = format!("{}:{outer}", host.emscripten.display());
                let mut command = Command::new(program);
                command.env_clear();
                for name in ["HOME", "EMSDK", "EMSDK_NODE", "EM_CONFIG", "RUSTUP_HOME"] {
                    command.envs(std::env::var_os(name).map(|value| (name, value)));
                }
                command.envs(ca.as_ref().map(|ca| ("SSL_CERT_FILE", ca)));
                command
            }
            Tools::Root(root) => {
                let binds = [
                    self.cache.dir().to_owned(),
                    self.repository.clone(),
                    cargo_home.clone(),
                ];
                let binds: Vec<PathBuf> = binds.into_iter().filter(|dir| dir.exists()).collect();
                let mut files = Vec::new();
                if Path::new("/etc/resolv.conf").exists() {
                    files.push((PathBuf::from("/etc/resolv.conf"), "/etc/resolv.conf"));
                }
                files.extend(ca.map(|ca| (ca, ROOT_CA_BUNDLE)));
                let mut command = root.command(program, &binds, &files);
                command
                    .env_clear()
                    .env("HOME", "/root")
                    .env("SSL_CERT_FILE", ROOT_CA_BUNDLE)
                    .env("CARGO_HTTP_CAINFO", ROOT_CA_BUNDLE);
                command
            }
        };
        for (name, value) in std::env::vars_os() {
            let Some(text) = name.to_str() else { continue };
            if PASSED
                .iter()
                .any(|p| text == *p || (p.ends_with('_') && text.starts_with(p)))
            {
                command.env(name, value);
            }
        }
        command
            .env("PATH", path)
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb")
            .env("CARGO_HOME", cargo_home)
            .env("EM_CACHE", &self.em_cache);
        command
    }

    /// The build machine's Python, for `--with-build-python`.
    #[must_use]
    pub fn build_python(&self) -> String {
        format!("python{}", pins().toolchain.build_python)
    }

    /// The clang that knows wasm-gc, when it is not Emscripten's own.
    #[must_use]
    pub fn trampoline_clang(&self) -> Option<String> {
        match self.tools {
            Tools::Host(_) => None,
            Tools::Root(_) => Some(format!(
                "/usr/bin/clang-{}",
                pins().toolchain.trampoline_clang
            )),
        }
    }

    /// Cargo for the wasm target, in the current folder of a workspace. Its target folder is shared by
    /// all of ferropy's Rust for wasm, so that the standard library is compiled once.
    pub fn cargo(&self, flags: &str) -> Result<Command, Error> {
        let cflags = format!("{} {flags}", pins().abi.flags.join(" "));
        let target = pins().rust.target.replace('-', "_");
        let mut command = self.cargo_for(&pins().rust.target, RUSTFLAGS)?;
        command
            .env(format!("CFLAGS_{target}"), &cflags)
            .env(format!("CXXFLAGS_{target}"), &cflags);
        Ok(command)
    }

    /// Cargo for a module of its own, without Emscripten: `wasm32-unknown-unknown`.
    pub fn cargo_plain(&self) -> Result<Command, Error> {
        let linker = match self.tools {
            Tools::Host(_) => "wasm-ld".to_owned(),
            Tools::Root(_) => format!("wasm-ld-{}", pins().toolchain.trampoline_clang),
        };
        let flags = format!("{PLAIN_RUSTFLAGS} -Clinker={linker}");
        self.cargo_for(PLAIN_TARGET, &flags)
    }

    /// `cargo build` with a standard library of its own.
    fn cargo_for(&self, target: &str, rustflags: &str) -> Result<Command, Error> {
        let mut command = self.command("cargo");
        command
            .args([
                "build",
                "--release",
                "--locked",
                "-Zbuild-std=std,panic_abort",
                "--target",
                target,
            ])
            // -Zbuild-std and the target's exception flag are unstable in name only: the pinned wheels fix both.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", self.cargo_target()?)
            .env("RUSTFLAGS", rustflags);
        Ok(command)
    }

    /// Cargo's target folder for the wasm targets.
    pub fn cargo_target(&self) -> Result<PathBuf, Error> {
        Ok(self.cache.folder("cargo-target")?.join(self.key.short()))
    }

    /// The host's cargo folder is shared, so that no crate is downloaded twice.
    fn cargo_home(&self) -> PathBuf {
        std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
            .filter(|dir| dir.is_dir())
            .unwrap_or_else(|| self.cache.dir().join("cargo-home"))
    }

    /// Emscripten compiles its libc, libc++ and the rest at the first link that wants them. Doing that in
    /// a step of its own shows what takes the time and leaves nothing half-made when killed.
    fn system_libraries(&self, progress: &Progress) -> Result<PathBuf, Error> {
        let key = system_libraries_key(&self.key);
        let what = "Emscripten's system libraries";
        let product = Product {
            kind: "emscripten-cache",
            key: &key,
            what,
            needs: 600 << 20,
        };
        let step = (
            SYSTEM_LIBRARIES,
            "libc, libc++ and others, position-independent and not",
        );
        product::product(&self.cache, progress, product, step, |build, step| {
            let output = Output::new(&self.cache, "system-libraries", step, Some(build))?;
            let work = build.work()?;
            let source = work.join("empty.cpp");
            std::fs::write(&source, "int main() { return 0; }\n")
                .map_err(Error::io("write", &source))?;
            for (share, kind) in [
                (0.0, SYSTEM_LIBRARY_LINKS[0]),
                (0.4, SYSTEM_LIBRARY_LINKS[1]),
            ] {
                step.set_share(share);
                let mut emcc = self.command("em++");
                emcc.current_dir(work)
                    .env("EM_CACHE", build.dir())
                    .arg("-O2")
                    .args(&pins().abi.flags);
                output.run(
                    emcc.args(kind).args(["empty.cpp", "-o", "empty.mjs"]),
                    "compiling system libraries",
                )?;
            }
            // Emscripten's own scratch; its build files name the temporary folder.
            Ok(cache::remove_tree(&build.dir().join("build"))?)
        })
    }
}

/// What Rust code needs to meet the ABI: position-independent, wasm exceptions. Hidden by default, so that
/// the main module, which exports all that is visible, does not export Rust's own library.
pub const RUSTFLAGS: &str =
    "-Crelocation-model=pic -Zemscripten-wasm-eh -Zdefault-visibility=hidden";

/// The target of modules that have nothing of Emscripten.
pub const PLAIN_TARGET: &str = "wasm32-unknown-unknown";

/// How they are compiled. The toolchain's own linker is named beside it.
pub const PLAIN_RUSTFLAGS: &str = "-Clinker-flavor=wasm-ld";

/// The two kinds of link that ferropy does: configure's test programs, and the main module.
const SYSTEM_LIBRARY_LINKS: [&[&str]; 2] = [&[], &["-sMAIN_MODULE=1", "-sFORCE_FILESYSTEM=1"]];

fn system_libraries_key(toolchain: &Key) -> Key {
    let links = SYSTEM_LIBRARY_LINKS.iter().flat_map(|flags| flags.iter());
    Key::of("system libraries 1")
        .key("toolchain", toolchain)
        .texts("abi", &pins().abi.flags)
        .texts("links", links)
        .finish()
}

/// The machine's certificates.
fn ca_bundle() -> Option<PathBuf> {
    std::env::var_os("SSL_CERT_FILE")
        .map(PathBuf::from)
        .into_iter()
        .chain(CA_BUNDLES.iter().map(PathBuf::from))
        .find(|path| path.is_file())
}
