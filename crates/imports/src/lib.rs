//! Which modules a program imports, and which packages have them.
//!
//! Programs are parsed, never run: an import inside a string or behind `__import__` is not
//! seen. Relative imports, the standard library and the program's own modules are left out.
//! Which package has a module is only guessed here ([`package`]); what a wheel really has
//! ([`modules`]) decides.

mod names;
mod program;
mod source;

pub use names::{is_ours, modules, package};
pub use program::{Error, Import, program};
pub use source::{SyntaxError, imports};
