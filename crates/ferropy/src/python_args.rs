//! Where ferropy's arguments end and Python's begin.
//!
//! `ferropy run [ours and python's flags] (SCRIPT | -c CODE | -m MODULE | -) [script's]`:
//! the first part is read here, the rest is passed on untouched. Flags of Python are
//! recognised only as far as needed to see which of them take a value; whether they
//! are right is for Python to say.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// A long option of `ferropy run`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnOption {
    pub(crate) long: String,
    pub(crate) takes_value: bool,
}

/// The two halves of `run`'s arguments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Split {
    /// For clap.
    pub(crate) own: Vec<OsString>,
    /// Exactly what Python gets.
    pub(crate) python: Vec<OsString>,
}

/// What Python is asked to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// A file or folder.
    Script(PathBuf),
    /// `-c`.
    Code,
    /// `-m`.
    Module(String),
    /// `-`.
    Stdin,
    /// Nothing: interactive, or standard input.
    None,
}

/// One argument that begins with a dash, seen as Python's.
enum Flag {
    /// Complete in itself.
    Alone,
    /// Its value is the next argument.
    WithNext,
    /// `-c` or `-m`: the last one that Python reads. The value may be in it.
    Last(char, Option<String>),
}

fn flag(arg: &OsStr) -> Flag {
    let text = arg.to_string_lossy();
    if text.starts_with("--") {
        // The only long option of Python that takes a value.
        return if text == "--check-hash-based-pycs" {
            Flag::WithNext
        } else {
            Flag::Alone
        };
    }
    for (at, letter) in text.char_indices().skip(1) {
        let rest = &text[at + letter.len_utf8()..];
        match letter {
            'c' | 'm' => {
                let value = (!rest.is_empty()).then(|| rest.to_owned());
                return Flag::Last(letter, value);
            }
            'W' | 'X' => {
                return if rest.is_empty() {
                    Flag::WithNext
                } else {
                    Flag::Alone
                };
            }
            _ => {}
        }
    }
    Flag::Alone
}

/// Separates ferropy's options from Python's arguments.
pub(crate) fn split(args: &[OsString], own: &[OwnOption]) -> Split {
    let mut out = Split {
        own: Vec::new(),
        python: Vec::new(),
    };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let text = arg.to_string_lossy();
        if text == "--" {
            break;
        }
        if text == "-" || !text.starts_with('-') {
            out.python.push(arg.clone());
            break;
        }
        if let Some(long) = text.strip_prefix("--") {
            let (name, inline) = match long.split_once('=') {
                Some((name, _)) => (name, true),
                None => (long, false),
            };
            if let Some(option) = own.iter().find(|o| o.long == name) {
                out.own.push(arg.clone());
                if option.takes_value && !inline {
                    out.own.extend(rest.next().cloned());
                }
                continue;
            }
            if !is_pythons(name) {
                // clap names the mistake and offers what is near.
                out.own.push(arg.clone());
                continue;
            }
        }
        if text == "-h" {
            out.own.push(arg.clone());
            continue;
        }
        out.python.push(arg.clone());
        match flag(arg) {
            Flag::Alone => {}
            Flag::WithNext => out.python.extend(rest.next().cloned()),
            Flag::Last(..) => break,
        }
    }
    out.python.extend(rest.cloned());
    out
}

fn is_pythons(long: &str) -> bool {
    matches!(
        long,
        "version" | "help-all" | "help-env" | "help-xoptions" | "check-hash-based-pycs"
    )
}

/// What these arguments make Python run.
pub(crate) fn program(python: &[OsString]) -> Program {
    let mut rest = python.iter();
    while let Some(arg) = rest.next() {
        if arg == "-" {
            return Program::Stdin;
        }
        if !arg.as_encoded_bytes().starts_with(b"-") {
            return Program::Script(arg.into());
        }
        match flag(arg) {
            Flag::Alone => {}
            Flag::WithNext => {
                rest.next();
            }
            Flag::Last('m', value) => {
                let next = || rest.next().map(|n| n.to_string_lossy().into_owned());
                return Program::Module(value.or_else(next).unwrap_or_default());
            }
            Flag::Last(..) => return Program::Code,
        }
    }
    Program::None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(words: &str) -> Vec<OsString> {
        words.split_whitespace().map(OsString::from).collect()
    }

    fn halves(words: &str) -> (String, String) {
        let own =
            [("with", true), ("refresh", false), ("help", false)].map(|(long, takes_value)| {
                OwnOption {
                    long: long.to_owned(),
                    takes_value,
                }
            });
        let out = split(&os(words), &own);
        let join = |v: Vec<OsString>| {
            let v: Vec<String> = v.into_iter().map(|s| s.into_string().unwrap()).collect();
            v.join(" ")
        };
        (join(out.own), join(out.python))
    }

    #[test]
    fn splits_where_the_program_begins() {
        for (words, own, python) in [
            ("a.py --with x -h", "", "a.py --with x -h"),
            ("--with x a.py b", "--with x", "a.py b"),
            (
                "-O --with x -u a.py --refresh",
                "--with x",
                "-O -u a.py --refresh",
            ),
            ("--with=x -c pass --with y", "--with=x", "-c pass --with y"),
            (
                "-Wd -W error --refresh -m m -h",
                "--refresh",
                "-Wd -W error -m m -h",
            ),
            ("-X dev -Ic pass --refresh", "", "-X dev -Ic pass --refresh"),
            ("-umtest --refresh", "", "-umtest --refresh"),
            ("--with x -- --with y a.py", "--with x", "--with y a.py"),
            ("a.py -- b", "", "a.py -- b"),
            ("- --with x", "", "- --with x"),
            ("-h", "-h", ""),
            ("--help", "--help", ""),
            ("--wiht x a.py", "--wiht", "x a.py"),
            ("--version", "", "--version"),
            (
                "--check-hash-based-pycs always --with x a.py",
                "--with x",
                "--check-hash-based-pycs always a.py",
            ),
            ("--with", "--with", ""),
            ("-V", "", "-V"),
        ] {
            assert_eq!(
                halves(words),
                (own.to_owned(), python.to_owned()),
                "{words}"
            );
        }
    }

    #[test]
    fn sees_the_program() {
        for (words, expected) in [
            ("-O a.py -m x", Program::Script("a.py".into())),
            ("-W error a.py", Program::Script("a.py".into())),
            ("-c pass", Program::Code),
            ("-Icpass", Program::Code),
            ("-m test -v", Program::Module("test".into())),
            ("-Bmtest", Program::Module("test".into())),
            ("-u -", Program::Stdin),
            ("-i", Program::None),
            ("", Program::None),
        ] {
            assert_eq!(program(&os(words)), expected, "{words}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn keeps_bytes_that_are_not_unicode() {
        use std::os::unix::ffi::OsStringExt;
        let odd = OsString::from_vec(b"-cprint('\xff')".to_vec());
        let out = split(std::slice::from_ref(&odd), &[]);
        assert_eq!(out.python, [odd]);
    }
}
