//! How deep Python may recurse.
//!
//! WebAssembly's calls live on the engine's stack, which is small and which code
//! cannot see; overflowing it ends the interpreter. CPython checks the stack in
//! linear memory instead, on which every checking function takes a share
//! (patches/cpython/0004). How much of it may be used is an estimate from a
//! probe at the start. Where the estimate is reached, a second probe says what
//! the engine really has left, since its frames differ by a factor of three
//! between its compilers.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::hint::black_box;

use pyo3_ffi as ffi;

use crate::py::{Raised, raise_new};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// How many calls of [`ferropy_probe_stack`] fit on the engine's stack now.
    safe fn js_probe_stack() -> u32;
}

unsafe extern "C" {
    fn PyUnstable_ThreadState_SetStackProtection(
        thread: *mut ffi::PyThreadState,
        start: *mut c_void,
        size: usize,
    ) -> c_int;
    fn emscripten_stack_get_base() -> usize;
    fn emscripten_stack_get_end() -> usize;
    fn emscripten_stack_get_current() -> usize;
    /// The address above which freeing nested objects stays; CPython's, from patch 0004.
    static mut ferropy_stack_floor: usize;
    /// Whether [`ferropy_settle_stack`] has something to do; CPython's, from patch 0005.
    static mut ferropy_stack_extended: c_char;
}

/// Bytes of the stack in linear memory for each call of the probe: what the
/// recursions of `tests/runtime/limits.test.mjs` used when V8's optimized code
/// overflowed (at least 70), with a quarter of it as a margin.
const BYTES_PER_PROBE: usize = 52;

/// The share of the engine's stack that stays free, for code between two checks.
const RESERVE: f64 = 0.1;

/// How much less of what is left recursion in C gets at a time: its frames take more of the engine's
/// stack, for the share that they show, than those of calls of Python code.
const C_CAUTION: usize = 4;

/// A smaller extension is not worth its probe; CPython's own margins take half.
const SMALLEST_EXTENSION: usize = 32 << 10;

/// Deeper than this the probe does not go; no engine's default stack is as large.
const DEEPEST_PROBE: u32 = 100_000;

/// What a call of the probe takes of the stack in linear memory, in bytes, rounded up: it must not
/// reach the end, below which data lies.
const PROBE_FRAME: usize = 32;

thread_local! {
    static PROBE_DEPTH: Cell<u32> = const { Cell::new(0) };
    /// How deep the probe may go this time.
    static DEEPEST: Cell<u32> = const { Cell::new(0) };
    /// What the first probe found, in calls.
    static WHOLE: Cell<u32> = const { Cell::new(0) };
}

/// Calls itself until the engine's stack is full; JavaScript catches the error
/// and reads how deep that was from [`ferropy_probe_depth`].
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_probe_stack() {
    if PROBE_DEPTH.get() == DEEPEST.get() {
        return;
    }
    PROBE_DEPTH.set(PROBE_DEPTH.get() + 1);
    // Through a pointer that the optimiser cannot see, or the recursion would
    // become a loop.
    black_box(ferropy_probe_stack as extern "C" fn())();
    PROBE_DEPTH.set(black_box(PROBE_DEPTH.get()));
}

/// How deep the last [`ferropy_probe_stack`] got, in calls. The next one starts anew.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_probe_depth() -> u32 {
    PROBE_DEPTH.replace(0)
}

/// Bytes of the stack in linear memory that are in use.
fn used() -> usize {
    // SAFETY: both only read Emscripten's globals.
    unsafe { emscripten_stack_get_base() - emscripten_stack_get_current() }
}

/// Lets Python use the first `size` bytes of the stack in linear memory, so that
/// a `RecursionError` comes before the engine's own stack is full.
fn limit(size: usize) {
    // SAFETY: the thread state is the current one; the range is part of the
    // stack that Emscripten set up.
    unsafe {
        let base = emscripten_stack_get_base();
        let size = size.min(base - emscripten_stack_get_end());
        let start = (base - size) as *mut c_void;
        if PyUnstable_ThreadState_SetStackProtection(ffi::PyThreadState_Get(), start, size) < 0 {
            // The size is below CPython's minimum: its default stays.
            ffi::PyErr_Clear();
        }
    }
}

/// Bytes of the stack in linear memory that are left.
fn left() -> usize {
    // SAFETY: both only read Emscripten's globals.
    unsafe { emscripten_stack_get_current() - emscripten_stack_get_end() }
}

/// How many calls of the probe fit on the engine's stack now.
fn probe() -> u32 {
    DEEPEST.set(DEEPEST_PROBE.min((left() / 2 / PROBE_FRAME) as u32));
    js_probe_stack()
}

/// The estimate for all of the engine's stack.
fn estimate() -> usize {
    WHOLE.get() as usize * BYTES_PER_PROBE
}

/// Sets the limit for the first time.
pub fn initialize() {
    WHOLE.set(probe());
    limit(estimate());
    // SAFETY: nothing else runs; both numbers only describe the stack.
    unsafe {
        let size = estimate().min(emscripten_stack_get_base() - emscripten_stack_get_end());
        ferropy_stack_floor = emscripten_stack_get_base() - size + SMALLEST_EXTENSION / 2;
    }
}

/// Called by a recursion check that found the limit reached: moves the limit if
/// the engine has more room than was estimated.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_extend_stack(calls_python: bool) -> bool {
    let reserve = (f64::from(WHOLE.get()) * RESERVE) as usize;
    let spare = (probe() as usize).saturating_sub(reserve);
    let bytes = if calls_python {
        BYTES_PER_PROBE
    } else {
        BYTES_PER_PROBE / C_CAUTION
    };
    let extension = spare * bytes;
    if extension.min(left()) < SMALLEST_EXTENSION {
        return false;
    }
    // SAFETY: there is one thread.
    unsafe { ferropy_stack_extended = 1 };
    limit(used() + extension);
    true
}

/// Called when an evaluation loop ends while the limit is extended: takes that
/// back once the recursion that needed it has ended. The next one may meet larger
/// frames, and the quarter keeps those that go up and down from probing each time.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_settle_stack() {
    if used() < estimate() / 4 * 3 {
        // SAFETY: there is one thread.
        unsafe { ferropy_stack_extended = 0 };
        limit(estimate());
    }
}

thread_local! {
    /// How many calls from JavaScript are under way.
    static ENTERED: Cell<u32> = const { Cell::new(0) };
}

/// Every so many nested calls from JavaScript the engine's stack is looked at: between them lie frames
/// that no check of CPython sees.
const LOOK_EVERY: u32 = 8;

/// What a nested call may need at most, as a part of the whole stack.
const NESTED_RESERVE: f64 = 0.25;

/// Counts a call from JavaScript while it lives.
pub struct Entered(());

impl Entered {
    /// Enters Python; a `RecursionError` if the engine's stack is nearly full.
    pub fn new() -> Result<Self, Raised> {
        let depth = ENTERED.get() + 1;
        ENTERED.set(depth);
        let entered = Self(());
        if depth.is_multiple_of(LOOK_EVERY)
            && f64::from(probe()) < f64::from(WHOLE.get()) * NESTED_RESERVE
        {
            // SAFETY: a static exception class.
            return Err(unsafe {
                raise_new(
                    ffi::PyExc_RecursionError,
                    "maximum recursion depth exceeded in calls between Python and JavaScript",
                )
            });
        }
        Ok(entered)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        ENTERED.set(ENTERED.get() - 1);
    }
}
