//! Output as bytes: much of it, broken text, closed pipes.

mod real;

use std::io::Read;
use std::process::Stdio;

use real::{code, ferropy, stderr};

#[test]
fn a_hundred_megabytes_arrive_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = ferropy(dir.path())
        .args([
            "-c",
            "line = 'x' * 99\nfor _ in range(1_000_000): print(line)",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let (mut total, mut lines) = (0_u64, 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = pipe.read(&mut buffer).unwrap();
        if n == 0 {
            break;
        }
        total += n as u64;
        lines += buffer[..n].split(|b| *b == b'\n').count() - 1;
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!((total, lines), (100_000_000, 1_000_000));
}

#[test]
fn bytes_that_are_no_text_pass_unchanged() {
    let out = code(
        "import sys\nsys.stdout.buffer.write(bytes(range(256)) * 2)\nsys.stderr.buffer.write(b'\\xff\\xfe')",
    );
    let expected: Vec<u8> = (0..=255).chain(0..=255).collect();
    assert_eq!(out.stdout, expected);
    assert_eq!(out.stderr, b"\xff\xfe");
    assert_eq!(out.status.code(), Some(0));
}

#[test]
fn order_of_unflushed_output_at_exit() {
    let out = code("import sys\nprint('a', end='')\nsys.exit(5)");
    assert_eq!(
        (out.stdout.as_slice(), out.status.code()),
        (&b"a"[..], Some(5))
    );
}

#[test]
fn a_reader_that_leaves_early() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = ferropy(dir.path())
        .args(["-c", "for i in range(10_000_000): print(i)"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut start = [0; 4];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut start)
        .unwrap();
    drop(child.stdout.take());
    let out = child.wait_with_output().unwrap();
    assert_eq!(&start, b"0\n1\n");
    // As python3: 1 for the exception, 120 when its last flush fails too, which is a matter of timing.
    assert!(
        matches!(out.status.code(), Some(1 | 120)),
        "{:?}",
        out.status
    );
    assert!(stderr(&out).contains("BrokenPipeError"), "{}", stderr(&out));
}
