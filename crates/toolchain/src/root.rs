//! A Debian root in the cache, for machines without the pinned Emscripten.
//!
//! Making it needs `mmdebstrap`; entering it needs `unshare` and `chroot`, as root or in an
//! unprivileged user namespace. The root is never changed after it is made: what a tool writes
//! goes to the folders that are bound into it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cache::{Build, Cache, Key, Product};
use pins::pins;
use progress::Progress;

use crate::exec::Output;
use crate::product::product;
use crate::{Error, apt};

/// `$0` of the shell that enters the root: what follows it in the command line is the tool.
pub(crate) const ENTERED: &str = "ferropy-root";

/// Bytes that a finished root takes, with the packages it was unpacked from.
const NEEDS: u64 = 3 << 30;

/// What unprivileged users need besides, at the peak: the archive between mmdebstrap and the root.
const NEEDS_ARCHIVE: u64 = 2 << 30;

/// A finished root.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    /// The root file system.
    pub(crate) dir: PathBuf,
    /// Every installed package with its version, one per line.
    pub(crate) packages: String,
    /// The Emscripten in it.
    pub(crate) emscripten: String,
}

fn key() -> Key {
    Key::of("root 1")
        .text("suite", &pins().toolchain.debian_suite)
        .texts("packages", &pins().toolchain.debian_packages)
        .text("arch", std::env::consts::ARCH)
        .finish()
}

/// The name of the step that makes a root.
pub(crate) const STEP: &str = "Make the toolchain root";

/// The root, if it has been made.
pub(crate) fn lookup(cache: &Cache) -> Result<Option<Root>, Error> {
    cache
        .lookup("root", &key())
        .map(|dir| read(&dir))
        .transpose()
}

/// The root, made first if it is not there.
pub(crate) fn provide(cache: &Cache, progress: &Progress) -> Result<Root, Error> {
    if let Some(root) = lookup(cache)? {
        return Ok(root);
    }
    let key = key();
    let root = Product {
        kind: "root",
        key: &key,
        what: "the toolchain root",
        needs: if is_superuser() {
            NEEDS
        } else {
            NEEDS + NEEDS_ARCHIVE
        },
    };
    let step = (
        STEP,
        "Emscripten, Rust and Python from Debian packages; nothing outside the cache changes",
    );
    let dir = product(cache, progress, root, step, |build, step| {
        make(build, &Output::new(cache, "root", step, Some(build))?)
    })?;
    read(&dir)
}

fn read(product: &Path) -> Result<Root, Error> {
    let text = |name: &str| {
        let path = product.join(name);
        fs::read_to_string(&path).map_err(Error::io("read", path))
    };
    Ok(Root {
        dir: product.join("rootfs"),
        packages: text("packages")?,
        emscripten: text("emscripten")?,
    })
}

/// Whether this process may mount and chroot without a user namespace.
pub(crate) fn is_superuser() -> bool {
    rustix::process::geteuid().is_root()
}

fn make(build: &Build, output: &Output<'_>) -> Result<(), Error> {
    let suite = &pins().toolchain.debian_suite;
    let mirrors = apt::mirrors();
    if mirrors.is_empty() {
        return Err(Error::NoMirror {
            emscripten: pins().toolchain.emscripten.clone(),
        });
    }
    let mmdebstrap = mmdebstrap(output)?;
    let rootfs = build.dir().join("rootfs");
    // It mounts /proc and others in the root. In a mount namespace of its own these end with it, however
    // it ends; on the host they would outlive a kill, inside a folder that the next build removes.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if is_superuser() {
        command.args(["unshare", "--mount", "--propagation", "private", "--"]);
    }
    command.arg(mmdebstrap);
    command
        .args([
            "--variant=apt",
            "--aptopt=Acquire::Check-Valid-Until \"false\"",
        ])
        .arg("--aptopt=APT::Install-Recommends \"false\"")
        .arg(format!(
            "--include={}",
            pins().toolchain.debian_packages.join(",")
        ))
        .env("LC_ALL", "C.UTF-8");
    let archive = build.dir().join("root.tar");
    if is_superuser() {
        command
            .args(["--mode=root", "--format=directory", suite])
            .arg(&rootfs);
    } else {
        // Unpacked by this user below, so that every file belongs to them and can be removed again.
        command
            .args(["--mode=unshare", "--format=tar", suite])
            .arg(&archive);
    }
    command.args(&mirrors);
    output.run(&mut command, "making a Debian root")?;
    if !is_superuser() {
        fs::create_dir(&rootfs).map_err(Error::io("create", &rootfs))?;
        let mut tar = Command::new("tar");
        tar.args([
            "--extract",
            "--no-same-owner",
            "--exclude=./dev/*",
            "--file",
        ])
        .arg(&archive);
        output.run(
            tar.arg("--directory").arg(&rootfs),
            "unpacking the Debian root",
        )?;
        fs::remove_file(&archive).map_err(Error::io("remove", &archive))?;
    }
    let status = rootfs.join("var/lib/dpkg/status");
    let status = fs::read_to_string(&status).map_err(Error::io("read", status))?;
    let write = |name: &str, text: &str| {
        let path = build.dir().join(name);
        fs::write(&path, text).map_err(Error::io("write", path))
    };
    write("packages", &packages(&status))?;
    let version = rootfs.join("usr/share/emscripten");
    write(
        "emscripten",
        &crate::host::emscripten_version(&version).unwrap_or_default(),
    )
}

/// `name version` of each installed package, sorted.
fn packages(status: &str) -> String {
    let field = |paragraph: &str, name: &str| {
        paragraph.lines().find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix(": ")
                .map(str::to_owned)
        })
    };
    let mut lines: Vec<String> = status
        .split("\n\n")
        .filter_map(|p| {
            Some(format!(
                "{} {}\n",
                field(p, "Package")?,
                field(p, "Version")?
            ))
        })
        .collect();
    lines.sort();
    lines.concat()
}

/// Finds `mmdebstrap`, or installs it when this process may.
fn mmdebstrap(output: &Output<'_>) -> Result<PathBuf, Error> {
    if let Ok(found) = which::which("mmdebstrap") {
        return Ok(found);
    }
    let missing = |fix: &str| Error::Missing {
        what: "mmdebstrap".into(),
        why: format!(
            "it makes the root with Emscripten {}",
            pins().toolchain.emscripten
        ),
        fix: fix.to_owned(),
    };
    let emsdk = format!(
        "install Emscripten {} with emsdk and set EMSDK",
        pins().toolchain.emscripten
    );
    if which::which("apt-get").is_err() {
        return Err(missing(&emsdk));
    }
    if !is_superuser() {
        let fix = format!(
            "run `sudo apt-get update && sudo apt-get install -y mmdebstrap uidmap`, or {emsdk}"
        );
        return Err(missing(&fix));
    }
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    output.run(&mut apt(&["update"]), "reading the package lists")?;
    output.run(
        &mut apt(&["install", "-y", "--no-install-recommends", "mmdebstrap"]),
        "installing mmdebstrap",
    )?;
    which::which("mmdebstrap").map_err(|_| missing(&emsdk))
}

impl Root {
    /// A command that runs `program` in the root, in the same current folder. `binds` are the host
    /// folders that it sees, at the same paths; `files` are host files that replace files of the root.
    pub(crate) fn command(
        &self,
        program: &OsStr,
        binds: &[PathBuf],
        files: &[(PathBuf, &str)],
    ) -> Command {
        let mut command = Command::new("setpriv");
        // The tools end with ferropy, however that ends.
        command.args([
            "--pdeathsig",
            "KILL",
            "unshare",
            "--mount",
            "--propagation",
            "private",
        ]);
        if !is_superuser() {
            command.args(["--user", "--map-root-user"]);
        }
        command
            .args(["--", "sh", "-c"])
            .arg(self.script(binds, files))
            .arg(ENTERED)
            .arg(program);
        command
    }

    fn script(&self, binds: &[PathBuf], files: &[(PathBuf, &str)]) -> String {
        let mut lines = vec![
            "set -e".to_owned(),
            "d=$PWD".to_owned(),
            format!("R={}", quote(&self.dir)),
            r#"bind() { mkdir -p "$R$1"; mount --rbind "$1" "$R$1"; }"#.to_owned(),
        ];
        let system = ["/proc", "/dev", "/sys", "/tmp"].map(Path::new);
        lines.extend(
            system
                .into_iter()
                .chain(binds.iter().map(PathBuf::as_path))
                .map(|dir| format!("bind {}", quote(dir))),
        );
        for (host, inside) in files {
            lines.push(format!(r#"[ -e "$R{inside}" ] || : > "$R{inside}""#));
            lines.push(format!(r#"mount --bind {} "$R{inside}""#, quote(host)));
        }
        lines.push(
            r#"exec chroot "$R" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$d" "$@""#
                .to_owned(),
        );
        lines.join("\n")
    }
}

/// A path as one word of a shell script.
fn quote(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_the_shell() {
        let path = Path::new("/tmp/it's a $HOME `x`");
        let output = Command::new("sh")
            .args(["-c", &format!("printf %s {}", quote(path))])
            .output()
            .expect("sh");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            path.to_string_lossy()
        );
    }

    #[test]
    fn packages_are_listed_with_versions() {
        let status =
            "Package: b\nStatus: ok\nVersion: 2\n\nPackage: a\nVersion: 1:1-1\nDepends: b\n\n";
        assert_eq!(packages(status), "a 1:1-1\nb 2\n");
    }
}
