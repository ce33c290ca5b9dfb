//! Owned references to JavaScript values.
//!
//! WebAssembly's linear memory cannot hold a JavaScript value, so values live
//! in a table on the JavaScript side (`jsref.ts`) and Rust holds the slot's
//! number. A [`JsRef`] owns its slot and frees it when it is dropped.

use crate::errors;
use crate::py::Result;

/// A table slot number. 0 is no value: the call threw, and the error waits in
/// [`errors::take_js_error`].
pub type Slot = u32;

/// `undefined`; this slot and the next ones are never freed.
pub const UNDEFINED: Slot = 1;
/// `null`.
pub const NULL: Slot = 2;

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    safe fn js_drop(slot: Slot);
    safe fn js_clone(slot: Slot) -> Slot;
}

/// An owned reference to a JavaScript value.
#[derive(Debug)]
pub struct JsRef(Slot);

impl JsRef {
    /// Takes ownership of a slot that JavaScript filled; slot 0 becomes the
    /// Python exception that corresponds to what JavaScript threw.
    pub fn from_slot(slot: Slot) -> Result<Self> {
        if slot == 0 {
            return Err(errors::raise_js_error());
        }
        Ok(Self(slot))
    }

    /// The slot's number, valid while `self` lives.
    #[must_use]
    pub fn slot(&self) -> Slot {
        self.0
    }

    /// Gives the slot away, usually as the result of a call from JavaScript,
    /// which frees it when it reads it.
    #[must_use]
    pub fn into_slot(self) -> Slot {
        let slot = self.0;
        std::mem::forget(self);
        slot
    }

    /// JavaScript's `undefined`.
    #[must_use]
    pub fn undefined() -> Self {
        Self(UNDEFINED)
    }
}

impl Clone for JsRef {
    fn clone(&self) -> Self {
        Self(js_clone(self.0))
    }
}

impl Drop for JsRef {
    fn drop(&mut self) {
        js_drop(self.0);
    }
}
