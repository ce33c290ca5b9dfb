//! The target that wheels are picked for: the interpreter that this ferropy makes.

use std::sync::LazyLock;

use resolver::Target;

/// The interpreter that this ferropy makes.
///
/// # Panics
/// Never in a tested build: all values come from `versions.toml`.
#[must_use]
pub fn ours() -> &'static Target {
    static OURS: LazyLock<Target> = LazyLock::new(|| {
        let pins = pins::pins();
        Target::emscripten(
            &pins.cpython.version,
            &pins.toolchain.emscripten,
            &pins.abi.accepted_platforms,
        )
        .expect("versions.toml: cpython.version")
    });
    &OURS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_pins() {
        let abi = &pins::pins().abi;
        let first = ours().tags.iter().next().unwrap();
        assert_eq!(
            first,
            format!("{0}-{0}-{1}", abi.tag, abi.accepted_platforms[0])
        );
        assert!(ours().python.to_string().starts_with(&abi.python));
    }
}
