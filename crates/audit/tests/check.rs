//! Wheels with every fault that the audit looks for, and the same without it.

use std::borrow::Cow;
use std::io::Cursor;

use audit::{Check, MainModule, Report, Severity, audit};
use wasm_encoder::{
    CodeSection, CustomSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalType, ImportSection, MemoryType, Module, TypeSection, ValType,
};
use wheel::testing::Builder;
use wheel::{Archive, Limits, Tags};

const TAG: &str = "cp315-cp315-pyemscripten_2026_5_wasm32";
const EXTENSION: &str = "demo/_demo.cpython-315-wasm32-emscripten.so";

/// The number of a type below.
const CALL: EntityType = EntityType::Function(0);
const OTHER_CALL: EntityType = EntityType::Function(1);
const ADDRESS: EntityType = EntityType::Global(GlobalType {
    val_type: ValType::I32,
    mutable: true,
    shared: false,
});

/// A library as the linker makes them.
#[derive(Clone, Default)]
struct Library {
    imports: Vec<(&'static str, &'static str, EntityType)>,
    exports: Vec<&'static str>,
    needed: Vec<&'static str>,
    weak: Vec<&'static str>,
    names: bool,
}

impl Library {
    /// An extension module that takes this besides.
    fn taking(from: &'static str, name: &'static str, what: EntityType) -> Self {
        Self {
            imports: vec![("env", "PyModule_Create2", CALL), (from, name, what)],
            exports: vec!["PyInit__demo"],
            ..Self::default()
        }
    }

    fn giving(export: &'static str) -> Self {
        Self {
            exports: vec![export],
            ..Self::default()
        }
    }

    fn needing(mut self, library: &'static str) -> Self {
        self.needed.push(library);
        self
    }

    /// Its `dylink.0` section.
    fn dylink(&self) -> Vec<u8> {
        fn text(out: &mut Vec<u8>, text: &str) {
            out.push(u8::try_from(text.len()).unwrap());
            out.extend(text.as_bytes());
        }
        let mut out = vec![1, 4, 0, 0, 0, 0];
        let mut part = |kind: u8, bytes: Vec<u8>| {
            out.push(kind);
            out.push(u8::try_from(bytes.len()).unwrap());
            out.extend(bytes);
        };
        let mut needed = vec![u8::try_from(self.needed.len()).unwrap()];
        self.needed.iter().for_each(|name| text(&mut needed, name));
        part(2, needed);
        let mut weak = vec![u8::try_from(self.weak.len()).unwrap()];
        for name in &self.weak {
            text(&mut weak, "env");
            text(&mut weak, name);
            // WASM_SYM_BINDING_WEAK
            weak.push(1);
        }
        part(4, weak);
        out
    }

    fn bytes(&self, dynamic: bool) -> Vec<u8> {
        let mut module = Module::new();
        let section = |name, data: Vec<u8>| CustomSection {
            name: Cow::Borrowed(name),
            data: data.into(),
        };
        if dynamic {
            module.section(&section("dylink.0", self.dylink()));
        }
        let mut types = TypeSection::new();
        types.ty().function([ValType::I32], [ValType::I32]);
        types.ty().function([ValType::I64], []);
        module.section(&types);
        let mut imports = ImportSection::new();
        for (from, name, what) in &self.imports {
            imports.import(from, name, *what);
        }
        module.section(&imports);
        let mut functions = FunctionSection::new();
        self.exports.iter().for_each(|_| {
            functions.function(0);
        });
        module.section(&functions);
        let taken = self.imports.iter();
        let taken = taken.filter(|(_, _, what)| matches!(what, EntityType::Function(_)));
        let mut exports = ExportSection::new();
        for (name, at) in self.exports.iter().zip(taken.count()..) {
            exports.export(name, ExportKind::Func, u32::try_from(at).unwrap());
        }
        module.section(&exports);
        let mut code = CodeSection::new();
        for _ in &self.exports {
            let mut body = Function::new([]);
            body.instructions().local_get(0).end();
            code.function(&body);
        }
        module.section(&code);
        if self.names {
            module.section(&section("name", vec![0, 1, 0]));
        }
        module.finish()
    }
}

fn main_module() -> MainModule {
    let given = Library {
        exports: vec!["PyModule_Create2", "malloc", "_Py_NoneStruct"],
        ..Library::default()
    };
    let glue =
        "var wasmImports={emscripten_sleep:_emscripten_sleep,\"lost\":_lost};_lost.stub=true;";
    MainModule::read(&given.bytes(false), glue).unwrap()
}

/// Those of the interpreter that the wheels below are for.
fn tags() -> Tags {
    Tags::new((3, 15), &["pyemscripten_2026_5_wasm32".to_owned()])
}

fn check(wheel: &Builder) -> Report {
    let name = wheel.file_name().parse().unwrap();
    let mut archive = Archive::new(name, Cursor::new(wheel.bytes()), Limits::default()).unwrap();
    audit(&mut archive, &main_module(), &tags()).unwrap()
}

fn wheel(tag: &str) -> Builder {
    Builder::new("demo", "1.0")
        .tag(tag)
        .file("demo-1.0.dist-info/licenses/LICENSE", b"do what you like")
}

/// The findings about a wheel with this extension module.
fn findings(library: &Library) -> Vec<(Severity, Check, String)> {
    found(&wheel(TAG).file(EXTENSION, &library.bytes(true)))
}

fn found(wheel: &Builder) -> Vec<(Severity, Check, String)> {
    let report = check(wheel);
    let findings = report.findings.into_iter();
    findings.map(|f| (f.severity, f.check, f.what)).collect()
}

/// That there is one finding, and which.
#[track_caller]
fn only(findings: &[(Severity, Check, String)], severity: Severity, check: Check, words: &str) {
    let [(how_bad, about, what)] = findings else {
        panic!("one finding was to be expected: {findings:?}");
    };
    assert_eq!((*how_bad, *about), (severity, check), "{what}");
    assert!(what.contains(words), "{what}");
}

#[test]
fn what_is_right_is_not_complained_about() {
    for (from, name, what) in [
        ("env", "malloc", CALL),
        ("env", "memory", EntityType::Memory(MEMORY)),
        ("env", "emscripten_sleep", OTHER_CALL),
        ("GOT.func", "malloc", ADDRESS),
        ("GOT.mem", "_Py_NoneStruct", ADDRESS),
        ("GOT.func", "PyInit__demo", ADDRESS),
    ] {
        assert_eq!(findings(&Library::taking(from, name, what)), [], "{name}");
    }
    let report = check(&wheel("py3-none-any").file("demo.py", b""));
    assert_eq!((report.modules, report.symbols), (0, 0));
    assert_eq!(report.findings, []);
}

const MEMORY: MemoryType = MemoryType {
    minimum: 1,
    maximum: Some(2),
    memory64: false,
    shared: false,
    page_size_log2: None,
};

#[test]
fn symbols_that_nobody_gives() {
    for name in ["dgemm_", "lost", "pthread_create"] {
        let library = Library::taking("env", name, CALL);
        only(&findings(&library), Severity::Error, Check::Symbol, name);
    }
    only(
        &findings(&Library::taking("GOT.mem", "nowhere", ADDRESS)),
        Severity::Error,
        Check::Symbol,
        "nowhere",
    );
    let mut weak = Library::taking("env", "perhaps", CALL);
    weak.weak.push("perhaps");
    assert_eq!(findings(&weak), []);
}

#[test]
fn libraries() {
    let library = Library::taking("env", "helper", CALL).needing("libhelper.so");
    let both = wheel(TAG).file(EXTENSION, &library.bytes(true));
    let helper = Library::giving("helper").bytes(true);
    assert_eq!(
        found(&both.clone().file("demo.libs/libhelper.so", &helper)),
        []
    );
    let missing = found(&both);
    assert_eq!(missing.len(), 2, "{missing:?}");
    assert!(
        missing
            .iter()
            .all(|(severity, ..)| *severity == Severity::Warning)
    );
    assert!(missing[0].2.contains("needs libhelper.so"), "{missing:?}");
    assert!(
        missing[1].2.contains("helper has to come from"),
        "{missing:?}"
    );
    // A library that is not needed is not looked into.
    let stranger = Library::taking("env", "helper", CALL);
    let stranger = wheel(TAG).file(EXTENSION, &stranger.bytes(true));
    let stranger = stranger.file("demo.libs/libhelper.so", &helper);
    only(&found(&stranger), Severity::Error, Check::Symbol, "helper");
}

#[test]
fn types_that_differ() {
    let library = Library::taking("env", "malloc", OTHER_CALL);
    let findings = findings(&library);
    only(
        &findings,
        Severity::Warning,
        Check::Signature,
        "malloc as (i64)",
    );
    assert!(
        findings[0]
            .2
            .ends_with("the interpreter has it as (i32) -> i32")
    );
}

#[test]
fn what_is_not_of_our_platform() {
    let shared = MemoryType {
        shared: true,
        ..MEMORY
    };
    let threads = Library::taking("env", "memory", EntityType::Memory(shared));
    only(
        &findings(&threads),
        Severity::Error,
        Check::Abi,
        "threads share",
    );
    let exceptions = Library::taking("env", "invoke_vii", CALL);
    only(
        &findings(&exceptions),
        Severity::Error,
        Check::Abi,
        "invoke_vii",
    );
}

#[test]
fn modules_that_are_none() {
    let with = |bytes: &[u8]| found(&wheel(TAG).file(EXTENSION, bytes));
    only(
        &with(b"\x7fELF\x02"),
        Severity::Error,
        Check::Module,
        "Linux",
    );
    only(
        &with(b"text"),
        Severity::Error,
        Check::Module,
        "no WebAssembly",
    );
    let program = Library::giving("PyInit__demo").bytes(false);
    only(&with(&program), Severity::Error, Check::Module, "program");
    let nameless = Library::giving("PyInit_other");
    only(
        &findings(&nameless),
        Severity::Error,
        Check::Symbol,
        "PyInit__demo",
    );
    assert_eq!(findings(&Library::giving("PyModExport__demo")), []);
    let mut named = Library::giving("PyInit__demo");
    named.names = true;
    only(&findings(&named), Severity::Warning, Check::Size, "3 bytes");
}

#[test]
fn names_and_tags() {
    let good = Library::giving("PyInit__demo").bytes(true);
    let with = |tag: &str, file: &str| found(&wheel(tag).file(file, &good));
    let stable = "cp311-abi3-pyemscripten_2026_5_wasm32";
    for (tag, file, words) in [
        ("py3-none-any", EXTENSION, "any platform"),
        ("cp315-cp315-linux_x86_64", EXTENSION, "linux"),
        (stable, EXTENSION, "stable ABI"),
        (
            TAG,
            "demo/_demo.cpython-314-wasm32-emscripten.so",
            "cpython-314",
        ),
    ] {
        only(&with(tag, file), Severity::Error, Check::Tag, words);
    }
    let empty = found(&wheel(TAG));
    only(&empty, Severity::Warning, Check::Tag, "nothing in it is");
    for file in ["demo/_demo.abi3.so", "demo/_demo.so"] {
        assert_eq!(with(stable, file), [], "{file}");
    }
}

#[test]
fn licences() {
    let bare = Builder::new("demo", "1.0").file("demo.py", b"");
    only(
        &found(&bare),
        Severity::Warning,
        Check::Licence,
        "no licence",
    );
    for path in [
        "demo-1.0.dist-info/LICENSE.txt",
        "demo-1.0.dist-info/licenses/COPYING",
    ] {
        assert_eq!(found(&bare.clone().file(path, b"")), [], "{path}");
    }
}
