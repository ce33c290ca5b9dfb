//! Scripts, commands and modules behave as with python3: arguments, streams,
//! environment, folder, exit codes, errors.

mod real;

use std::fs;

use real::{assert_prints, code, ferropy, stderr, stdout, with_input};

#[test]
fn code_and_its_arguments() {
    let dir = tempfile::tempdir().unwrap();
    let out = ferropy(dir.path())
        .args([
            "-c",
            "import sys; print(sys.argv)",
            "a b",
            "--with",
            "ü",
            "",
        ])
        .output()
        .unwrap();
    assert_prints(&out, "['-c', 'a b', '--with', 'ü', '']\n");
}

#[test]
fn script_with_arguments_next_to_a_module() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("sub/helper.py"), "x = 42\n").unwrap();
    fs::write(
        dir.path().join("sub/main.py"),
        "import sys, os, helper\nprint(sys.argv, helper.x, __name__, os.getcwd())\n",
    )
    .unwrap();
    let out = ferropy(dir.path())
        .args(["sub/main.py", "-x", "1"])
        .output()
        .unwrap();
    let cwd = dir.path().canonicalize().unwrap();
    let expected = format!("['sub/main.py', '-x', '1'] 42 __main__ {}\n", cwd.display());
    assert_prints(&out, &expected);
}

#[test]
fn module() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("tool.py"),
        "import sys; print(__name__, sys.argv[1:])\n",
    )
    .unwrap();
    let out = ferropy(dir.path())
        .args(["-m", "tool", "-v"])
        .output()
        .unwrap();
    assert_prints(&out, "__main__ ['-v']\n");
    let mut command = ferropy(dir.path());
    command.args(["-m", "json.tool", "--compact"]);
    assert_prints(
        &with_input(command, b"{ \"a\" : [1, 2] }"),
        "{\"a\":[1,2]}\n",
    );
}

#[test]
fn program_from_standard_input() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = ferropy(dir.path());
    command.args(["-", "x"]);
    let out = with_input(command, b"import sys\nprint(sys.argv)\n");
    assert_prints(&out, "['-', 'x']\n");
    assert_prints(&with_input(ferropy(dir.path()), b"print(6 * 7)\n"), "42\n");
}

#[test]
fn standard_input_as_data() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = ferropy(dir.path());
    command.args([
        "-c",
        "import sys\nf = sys.stdin.buffer\nprint(f.readline().decode().strip(), len(f.read()))",
    ]);
    let mut data = b"first line\n".to_vec();
    data.extend(vec![0xff; 3_000_000]);
    assert_prints(&with_input(command, &data), "first line 3000000\n");
}

#[test]
fn environment_reaches_python() {
    let dir = tempfile::tempdir().unwrap();
    let out = ferropy(dir.path())
        .env("MY_VARIABLE", "wärme")
        .args(["-c", "import os; print(os.environ['MY_VARIABLE'])"])
        .output()
        .unwrap();
    assert_prints(&out, "wärme\n");
}

#[test]
fn files_are_those_of_the_current_folder() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("in.txt"), "content").unwrap();
    let out = ferropy(dir.path())
        .args([
            "-c",
            "open('out.txt', 'w').write(open('in.txt').read().upper())",
        ])
        .output()
        .unwrap();
    assert_prints(&out, "");
    assert_eq!(
        fs::read_to_string(dir.path().join("out.txt")).unwrap(),
        "CONTENT"
    );
}

#[test]
fn pythons_flags_come_before_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let out = ferropy(dir.path())
        .args([
            "-O",
            "-X",
            "dev",
            "-c",
            "import sys; print(sys.flags.optimize, sys.flags.dev_mode)",
        ])
        .output()
        .unwrap();
    assert_prints(&out, "1 True\n");
}

#[test]
fn exit_codes() {
    for (text, status) in [
        ("pass", 0),
        ("raise SystemExit(3)", 3),
        ("import sys; sys.exit(255)", 255),
        ("import os; os._exit(4)", 4),
        ("raise SystemExit", 0),
        ("raise SystemExit('bye')", 1),
    ] {
        let out = code(text);
        assert_eq!(out.status.code(), Some(status), "{text}: {}", stderr(&out));
    }
    assert_eq!(stderr(&code("raise SystemExit('bye')")), "bye\n");
}

#[test]
fn tracebacks_name_file_line_and_source() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("boom.py"),
        "def f():\n    return 1 / 0\n\nprint('before')\nf()\n",
    )
    .unwrap();
    let out = ferropy(dir.path()).arg("boom.py").output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert_eq!(stdout(&out), "before\n");
    let text = stderr(&out);
    for part in [
        "Traceback (most recent call last):",
        "boom.py\", line 5, in <module>",
        "boom.py\", line 2, in f",
        "return 1 / 0",
        "ZeroDivisionError: division by zero",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn syntax_errors_point_at_the_place() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bad.py"), "x = 1\nif x\n    pass\n").unwrap();
    let out = ferropy(dir.path()).arg("bad.py").output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    let text = stderr(&out);
    assert!(text.contains("bad.py\", line 2"), "{text}");
    assert!(text.contains("SyntaxError: expected ':'"), "{text}");
}

#[test]
fn missing_scripts_and_modules() {
    let dir = tempfile::tempdir().unwrap();
    let out = ferropy(dir.path()).arg("gone.py").output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(stderr(&out).contains("can't open file"), "{}", stderr(&out));
    let out = ferropy(dir.path())
        .args(["-m", "no_such_module"])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(
        stderr(&out).contains("No module named no_such_module"),
        "{}",
        stderr(&out)
    );
}

#[test]
fn the_example_of_the_readme() {
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hello.py");
    let dir = tempfile::tempdir().unwrap();
    let out = ferropy(dir.path()).arg(example).output().unwrap();
    let text = stdout(&out);
    let first = format!(
        "Hello from Python {} on emscripten!",
        pins::pins().cpython.version
    );
    assert!(text.starts_with(&first), "{text}{}", stderr(&out));
    assert!(text.contains("0.1 + 0.2 = 0.3."), "{text}");
}
