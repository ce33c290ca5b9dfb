//! The two JSON files of a distribution: the npm package's and the lock file.

use pins::pins;
use serde_json::{Value, json};

/// The distribution's own version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `package.json`: the folder is an npm package as it is.
pub(crate) fn package_json() -> Value {
    let typed = |types: &str, file: &str| json!({ "types": types, "default": file });
    json!({
        "name": "ferropy",
        "version": VERSION,
        "description": format!("Python {} in WebAssembly, with a Rust runtime", pins().abi.python),
        "license": "MIT OR Apache-2.0",
        "keywords": ["python", "webassembly", "pyodide"],
        "main": "./pyodide.js",
        "module": "./ferropy.mjs",
        "types": "./ferropy.d.ts",
        "engines": { "node": format!(">={}", pins().node.minimum) },
        "exports": {
            ".": {
                "import": typed("./ferropy.d.mts", "./ferropy.mjs"),
                "require": typed("./pyodide.d.ts", "./pyodide.js"),
            },
            "./pyodide.mjs": typed("./pyodide.d.mts", "./pyodide.mjs"),
            "./pyodide.js": typed("./pyodide.d.ts", "./pyodide.js"),
            "./ffi": { "types": "./ffi.d.ts" },
            "./*": "./*"
        },
        // Bundlers must not look for Node's modules when they build for pages.
        "browser": { "fs": false, "path": false, "url": false, "vm": false, "child_process": false, "crypto": false }
    })
}

/// `pyodide-lock.json` without packages: what the interpreter is, for tools that compare, and where packages
/// come from that are in no lock file.
pub(crate) fn lock_json(index: &str) -> Value {
    json!({
        "info": {
            "abi_version": pins().abi_version(),
            "arch": "wasm32",
            "platform": pins().lock_platform(),
            "python": pins().cpython.version,
            "version": VERSION,
        },
        "indexes": [index],
        "packages": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_names_the_abi() {
        let lock = lock_json("https://index.test/simple");
        assert_eq!(lock["info"]["arch"], "wasm32");
        let abi = lock["info"]["abi_version"].as_str().expect("text");
        assert_eq!(format!("pyemscripten_{abi}_wasm32"), pins().abi.platform);
        assert_eq!(lock["indexes"][0], "https://index.test/simple");
        assert!(lock["packages"].as_object().expect("object").is_empty());
    }

    #[test]
    fn the_package_asks_for_a_node_that_can_run_it() {
        let package = package_json();
        assert_eq!(
            package["engines"]["node"],
            format!(">={}", pins().node.minimum)
        );
        assert_eq!(
            package["exports"]["."]["import"]["default"],
            "./ferropy.mjs"
        );
    }
}
