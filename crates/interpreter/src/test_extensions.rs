//! The extension modules that `CPython`'s tests import: side modules of the main one, in no distribution.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use pins::pins;
use toolchain::Output;

use crate::{Context, Error, Keys, Part, cpython, jobs};

/// The modules, as `Modules/Setup.stdlib.in` names them.
pub(crate) const MODULES: &[&str] = &[
    "_ctypes_test",
    "_testbuffer",
    "_testcapi",
    "_testclinic",
    "_testclinic_limited",
    "_testimportmultiple",
    "_testinternalcapi",
    "_testlimitedcapi",
    "_testmultiphase",
    "_testsinglephase",
    "xxlimited",
    "xxlimited_35",
    "xxlimited_3_13",
    "xxsubtype",
];

/// How they are compiled: soon done, and with the stack frames that tests of recursion expect.
pub(crate) const FLAGS: &str =
    "-O1 -std=c11 -fwrapv -fno-strict-aliasing -w -fvisibility=hidden -DNDEBUG";

/// What `_testinternalcapi`, which has a copy of the interpreter's loop, uses of libpython although it is
/// hidden there. The copy checks no signals.
pub(crate) const STAND_INS: &str = "\
int _Py_emscripten_signal_clock = 1 << 30;
void _Py_CheckEmscriptenSignalsPeriodically(void) { _Py_emscripten_signal_clock = 1 << 30; }
";

/// The module that [`STAND_INS`] are for.
const STANDS_IN: &str = "_testinternalcapi";

/// The folder with `NAME.cpython-315-wasm32-emscripten.so` of every module.
pub(crate) fn test_extensions(context: &Context, keys: &Keys) -> Result<PathBuf, Error> {
    let key = keys.of(Part::TestExtensions);
    if let Some(dir) = context.cache.lookup(Part::TestExtensions.kind(), key) {
        return Ok(dir);
    }
    let source = cpython::source(context, keys)?;
    let libpython = cpython::libpython(context, keys)?;
    context.product(Part::TestExtensions, key, 200 << 20, |build, step| {
        let setup = source.join("Modules/Setup.stdlib.in");
        let text = fs::read_to_string(&setup).map_err(Error::io("read", &setup))?;
        let sources = sources(&text).ok_or(Error::NotProduced {
            what: "reading the list of CPython's test modules",
            path: setup,
        })?;
        let work = build.work()?.to_owned();
        let rules = makefile(&sources, &source, &libpython, build.dir());
        let path = work.join("Makefile");
        fs::write(&path, rules).map_err(Error::io("write", &path))?;
        let path = work.join("stand-ins.c");
        fs::write(&path, STAND_INS).map_err(Error::io("write", &path))?;
        let count = sources.values().map(Vec::len).sum::<usize>();
        let files = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let output = Output::new(&context.cache, "test-extensions", step, Some(build))?;
        let mut make = context.toolchain.command("make");
        make.arg(jobs()).current_dir(&work);
        let mut compiled = 0.0;
        output.run_watched(&mut make, "compiling CPython's test modules", |line| {
            if line.contains(" -c ") {
                compiled += 1.0;
                step.set_share(compiled / files);
            }
        })?;
        Ok(())
    })
}

/// The C files of every module, relative to `Modules/`; `None` when one is not listed.
fn sources(setup: &str) -> Option<BTreeMap<&'static str, Vec<String>>> {
    let files = |module: &str| {
        setup.lines().find_map(|line| {
            let mut words = line
                .strip_prefix('@')?
                .split_once('@')?
                .1
                .split_whitespace();
            (words.next()? == module).then(|| words.map(str::to_owned).collect())
        })
    };
    MODULES
        .iter()
        .map(|module| Some((*module, files(module)?)))
        .collect()
}

/// Make compiles the files side by side, and goes on where a killed build stopped.
fn makefile(
    sources: &BTreeMap<&str, Vec<String>>,
    source: &Path,
    libpython: &Path,
    product: &Path,
) -> String {
    let include = |dir: &str| format!("-I{}", source.join(dir).display());
    let includes = ["Include", "Include/internal", "Modules"]
        .map(include)
        .join(" ");
    let mut text = format!(
        "CFLAGS = {FLAGS} {} -fPIC {} -I{} {includes}\nall:\n",
        // It decides the layout of structures that some of the modules look into.
        cpython::DEFINES,
        pins().abi.flags.join(" "),
        libpython.join("sysconfig").display(),
    );
    text.push_str("stand-ins.o: stand-ins.c\n\temcc $(CFLAGS) -c $< -o $@\n");
    let suffix = pins().abi.extension_suffix();
    for (module, files) in sources {
        let library = product.join(format!("{module}{suffix}"));
        let mut objects = String::from(if *module == STANDS_IN {
            " stand-ins.o"
        } else {
            ""
        });
        for file in files {
            let object = format!("{}.o", file.replace('/', "-"));
            let path = source.join("Modules").join(file);
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{object}:\n\temcc $(CFLAGS) -c {} -o $@",
                path.display()
            );
            let _ = write!(objects, " {object}");
        }
        let _ = writeln!(
            text,
            "all: {0}\n{0}:{objects}\n\temcc $(CFLAGS) -sSIDE_MODULE=1 -shared $^ -o $@",
            library.display()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_files_is_cpythons_own() {
        let mut setup = String::from("# Test modules\n@MODULE__X_TRUE@_x x.c\n");
        for module in MODULES {
            writeln!(setup, "@MODULE_TRUE@{module} {module}.c dir/{module}.c").expect("a string");
        }
        let found = sources(&setup).expect("all are listed");
        assert_eq!(found.len(), MODULES.len());
        assert_eq!(found["_testcapi"], ["_testcapi.c", "dir/_testcapi.c"]);
        assert_eq!(sources(&setup.replace("xxsubtype ", "other ")), None);
        let rules = makefile(&found, Path::new("/s"), Path::new("/l"), Path::new("/p"));
        assert!(
            rules.contains("dir-_testcapi.c.o:\n\temcc $(CFLAGS) -c /s/Modules/dir/_testcapi.c")
        );
        assert!(rules.contains("all: /p/_testcapi.cpython-"));
    }
}
