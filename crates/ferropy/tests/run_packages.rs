//! Packages at run time: `--with`, PEP 723, metadata, and `CPython`'s own tests.

mod real;

use std::fs;

use real::{assert_prints, ferropy, stderr, stdout};
use wheel::testing::Builder;

fn greeter() -> Builder {
    Builder::new("greeter", "2.1")
        .file("greeter/__init__.py", b"def hello(): return 'hello'\n")
        .file(
            "greeter/__main__.py",
            b"import sys; print('main', sys.argv[1:])\n",
        )
        .file("greeter/data.txt", b"data")
}

#[test]
fn with_a_wheel_file() {
    let dir = tempfile::tempdir().unwrap();
    let wheel = greeter().write(dir.path());
    let text = "import greeter, importlib.metadata as m, importlib.resources as r\n\
        print(greeter.hello(), m.version('greeter'), r.files('greeter').joinpath('data.txt').read_text())";
    let out = ferropy(dir.path())
        .arg("--with")
        .arg(&wheel)
        .args(["-c", text])
        .output()
        .unwrap();
    assert_prints(&out, "hello 2.1 data\n");
    let out = ferropy(dir.path())
        .arg("--with")
        .arg(&wheel)
        .args(["-m", "greeter", "--with", "x"])
        .output()
        .unwrap();
    assert_prints(&out, "main ['--with', 'x']\n");
}

#[test]
fn script_with_a_block() {
    let dir = tempfile::tempdir().unwrap();
    let wheel = greeter().write(dir.path());
    let name = wheel.file_name().unwrap().to_str().unwrap();
    let script = format!(
        "# /// script\n# requires-python = \">=3.15\"\n# dependencies = [\"{name}\"]\n# ///\n\
         import greeter\nprint(greeter.hello())\n"
    );
    fs::write(dir.path().join("s.py"), script).unwrap();
    let out = ferropy(dir.path()).arg("s.py").output().unwrap();
    assert_prints(&out, "hello\n");
}

#[test]
fn without_it_the_package_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let out = ferropy(dir.path())
        .args(["-c", "import greeter"])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(
        stderr(&out).contains("No module named 'greeter'"),
        "{}",
        stderr(&out)
    );
}

/// From the real index of this machine: pure, Cython and Rust.
#[test]
fn wheels_of_strangers_from_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let text = "import msgpack, bitarray, rich.text, python_calamine\n\
        print(msgpack.unpackb(msgpack.packb({'a': [1, 2.5, None]})))\n\
        print(bitarray.bitarray('1011').count(), rich.text.Text('x').plain)";
    let out = ferropy(dir.path())
        .args(["--with", "msgpack", "--with", "bitarray", "--with", "rich"])
        .args(["--with", "python-calamine", "-c", text])
        .output()
        .unwrap();
    assert_prints(&out, "{'a': [1, 2.5, None]}\n3 x\n");
}

/// jinja2 needs markupsafe, which has no wheel for us: it is built inside the sandbox.
#[test]
fn pure_source_archives_are_built_in_the_sandbox() {
    let dir = tempfile::tempdir().unwrap();
    let text = "import jinja2\nprint(jinja2.Template('{{ x|e }}').render(x='<b>'))";
    let out = ferropy(dir.path())
        .args(["--with", "jinja2", "-c", text])
        .output()
        .unwrap();
    assert_prints(&out, "&lt;b&gt;\n");
}

#[test]
fn mypy_names_the_error_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("wrong.py"), "x: int = 1\nx = 'text'\n").unwrap();
    let out = ferropy(dir.path())
        .args(["--with", "mypy", "-m", "mypy", "wrong.py"])
        .output()
        .unwrap();
    let text = stdout(&out);
    assert!(
        text.contains("wrong.py:2: error: Incompatible types in assignment"),
        "{text}{}",
        stderr(&out)
    );
    assert_eq!(out.status.code(), Some(1));
}

#[test]
fn pythons_own_tests() {
    let dir = tempfile::tempdir().unwrap();
    let out = ferropy(dir.path())
        .args(["-m", "test", "test_bool"])
        .output()
        .unwrap();
    let text = stdout(&out);
    assert!(text.contains("Result: SUCCESS"), "{text}{}", stderr(&out));
    assert_eq!(out.status.code(), Some(0));
}

/// What `lock --from-imports` leaves out is what our own interpreter says it has.
#[test]
fn the_list_of_the_standard_library_is_true() {
    let dir = tempfile::tempdir().unwrap();
    let text = "import sys; print(*sorted(sys.stdlib_module_names), sep='\\n')";
    let out = ferropy(dir.path()).args(["-c", text]).output().unwrap();
    let listed: Vec<&str> = include_str!("../../imports/src/stdlib.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(stdout(&out).lines().collect::<Vec<_>>(), listed);
}
