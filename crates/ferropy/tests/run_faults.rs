//! Scripts that go wrong in ways an interpreter has to survive, and Ctrl-C.

#![cfg(unix)]

mod real;

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use real::{assert_prints, code, ferropy, stderr, stdout};
use rustix::process::{Pid, Signal, kill_process_group};

#[test]
fn endless_recursion_is_an_exception() {
    let out = code("def f(): f()\nf()");
    assert_eq!(out.status.code(), Some(1));
    assert!(stderr(&out).contains("RecursionError"), "{}", stderr(&out));
}

#[test]
fn endless_recursion_through_c_is_an_exception_that_can_be_caught() {
    for make in [
        "import json\nx = []\nfor _ in range(500_000): x = [x]\nf = lambda: json.dumps(x)",
        "x = []\nfor _ in range(500_000): x = [x]\nf = lambda: repr(x)",
        "class A:\n  def __getattr__(self, n): return getattr(self, n)\nf = lambda: A().x",
        "class A:\n  def __eq__(self, o): return self == o\nf = lambda: A() == A()",
        "f = lambda: compile('(' * 50_000 + ')' * 50_000, 'x', 'eval')",
    ] {
        let text = format!(
            "{make}\ntry: f()\nexcept (RecursionError, MemoryError, SyntaxError): print('caught')\n"
        );
        let out = code(&text);
        assert_eq!(stdout(&out), "caught\n", "{make}: {}", stderr(&out));
        assert_eq!(out.status.code(), Some(0), "{make}: {}", stderr(&out));
    }
}

/// Runs code that takes all the memory there is, which must be that of a wasm module:
/// with a native Python by mistake in its place it would take the machine's.
fn hungry(text: &str) -> Output {
    code(&format!(
        "import sys\nassert sys.platform == 'emscripten'\n{text}"
    ))
}

#[test]
fn too_much_memory_is_an_exception() {
    let out = hungry(
        "try:\n  b'x' * (1 << 33)\nexcept (MemoryError, OverflowError) as e: print('caught')",
    );
    assert_prints(&out, "caught\n");
    let out = hungry(
        "a = []\ntry:\n  while True: a.append(bytearray(64 << 20))\nexcept MemoryError:\n  del a\n  print('caught')",
    );
    assert_prints(&out, "caught\n");
}

#[test]
fn uncaught_memory_error_is_a_traceback_or_a_clear_end() {
    let out = hungry("a = []\nwhile True: a.append(bytearray(64 << 20))");
    assert_ne!(out.status.code(), Some(0));
    let text = stderr(&out);
    assert!(text.to_lowercase().contains("memory"), "{text}");
    assert!(!text.contains("    at "), "a JavaScript stack: {text}");
}

/// Starts `code` in a process group of its own and waits for its first line.
fn start(code: &str) -> (Child, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let mut child = ferropy(dir.path())
        .args(["-u", "-c", code])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    // One byte at a time: what follows the line stays in the pipe.
    BufReader::with_capacity(1, child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "ready\n");
    (child, dir)
}

/// Ctrl-C as a terminal sends it: to the whole group.
fn interrupt(child: &Child) {
    kill_process_group(Pid::from_child(child), Signal::INT).unwrap();
}

/// Waits for the end; too long is a failure and ends the child.
fn end(mut child: Child) -> (Option<i32>, String, String) {
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("it did not end within 30 seconds");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let (mut out, mut err) = (String::new(), String::new());
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    (status.code(), out, err)
}

#[test]
fn interrupt_ends_with_a_traceback_and_130() {
    for busy in [
        "while True: pass",
        "import time; time.sleep(60)",
        "input()",
        "import sys; sys.stdin.read()",
        "import asyncio; asyncio.run(asyncio.sleep(60))",
    ] {
        let (child, _dir) = start(&format!("print('ready')\n{busy}"));
        interrupt(&child);
        let (status, _, err) = end(child);
        assert!(
            err.contains("Traceback") && err.contains("KeyboardInterrupt"),
            "{busy}: {err}"
        );
        assert_eq!(status, Some(130), "{busy}: {err}");
    }
}

#[test]
fn interrupt_can_be_caught() {
    let (child, _dir) = start(
        "import time\nprint('ready')\ntry:\n  while True: time.sleep(0.01)\nexcept KeyboardInterrupt: print('caught')\nraise SystemExit(9)",
    );
    interrupt(&child);
    let (status, out, err) = end(child);
    assert_eq!((status, out.as_str()), (Some(9), "caught\n"), "{err}");
}

#[test]
fn interrupt_runs_pythons_own_handler() {
    let (child, _dir) = start(
        "import signal, time\nseen = []\nsignal.signal(signal.SIGINT, lambda *a: seen.append(1))\nprint('ready')\nwhile not seen: time.sleep(0.01)\nprint('handled')",
    );
    interrupt(&child);
    let (status, out, err) = end(child);
    assert_eq!((status, out.as_str()), (Some(0), "handled\n"), "{err}");
}

#[test]
fn interrupt_during_start_up_never_hangs() {
    for wait in [0, 50, 150, 300, 600] {
        let dir = tempfile::tempdir().unwrap();
        let child = ferropy(dir.path())
            .args(["-c", "while True: pass"])
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        interrupt(&child);
        let (status, _, err) = end(child);
        // Before Node has its handler the signal itself ends the process: no status.
        assert!(
            matches!(status, Some(130) | None),
            "after {wait} ms: {status:?} {err}"
        );
    }
}
