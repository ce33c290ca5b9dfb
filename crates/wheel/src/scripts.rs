//! Console scripts: what `entry_points.txt` asks for as programs.

/// A program for `bin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The `console_scripts` and `gui_scripts` of an `entry_points.txt`. Lines that make no sense are left out, as
/// `importlib.metadata` leaves them out.
pub(crate) fn console_scripts(text: &[u8]) -> Vec<Script> {
    let text = String::from_utf8_lossy(text);
    let mut wanted = false;
    let mut scripts = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(section) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            wanted = matches!(section.trim(), "console_scripts" | "gui_scripts");
        } else if wanted
            && let Some((name, value)) = line.split_once('=')
            && let Some(script) = script(name.trim(), value)
        {
            scripts.push(script);
        }
    }
    scripts
}

fn script(name: &str, value: &str) -> Option<Script> {
    // `module:function [extras]`
    let (module, function) = value.split('[').next()?.split_once(':')?;
    let (module, function) = (module.trim(), function.trim());
    let dotted = |text: &str| {
        text.split('.')
            .all(|part| !part.is_empty() && part.chars().all(|c| c == '_' || c.is_alphanumeric()))
    };
    // The name becomes a file's.
    let plain = !name.is_empty()
        && name != "."
        && name != ".."
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control);
    if !plain || !dotted(module) || !dotted(function) {
        return None;
    }
    let first = function.split('.').next()?;
    Some(Script {
        name: name.to_owned(),
        text: format!(
            "#!/bin/python3\nimport sys\n\nfrom {module} import {first}\n\nif __name__ == \"__main__\":\n    \
             sys.exit({function}())\n"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_both_kinds_and_nothing_else() {
        let text = b"[console_scripts]\ntool = pkg.cli:App.main [extra]\n../evil = a:b\nbad = a\n\
            code = a;import os:b\n[other]\nx = y:z\n[gui_scripts]\ngui=pkg:run\n";
        let scripts = console_scripts(text);
        let names: Vec<_> = scripts.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["tool", "gui"]);
        assert!(scripts[0].text.contains("from pkg.cli import App\n"));
        assert!(scripts[0].text.contains("sys.exit(App.main())"));
    }
}
