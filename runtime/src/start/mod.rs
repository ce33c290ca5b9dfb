//! Starting the interpreter, and running it as a program.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::hint::black_box;

use pyo3_ffi as ffi;

use crate::convert;
use crate::host;
use crate::jsref::{JsRef, Slot};
use crate::py;

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    safe fn js_length(array: Slot) -> usize;
    safe fn js_element(array: Slot, index: usize) -> Slot;
    /// Reports why the interpreter could not start; takes over the bytes' copy.
    safe fn js_start_failed(message: *const c_char, length: usize);
}

/// PEP 741's opaque configuration. The older `PyConfig` is a struct whose layout
/// differs between versions.
#[repr(C)]
struct PyInitConfig {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn PyInitConfig_Create() -> *mut PyInitConfig;
    fn PyInitConfig_Free(config: *mut PyInitConfig);
    fn PyInitConfig_SetInt(config: *mut PyInitConfig, name: *const c_char, value: i64) -> c_int;
    fn PyInitConfig_SetStr(
        config: *mut PyInitConfig,
        name: *const c_char,
        value: *const c_char,
    ) -> c_int;
    fn PyInitConfig_SetStrList(
        config: *mut PyInitConfig,
        name: *const c_char,
        length: usize,
        items: *const *const c_char,
    ) -> c_int;
    fn PyInitConfig_AddModule(
        config: *mut PyInitConfig,
        name: *const c_char,
        init: unsafe extern "C" fn() -> *mut ffi::PyObject,
    ) -> c_int;
    fn PyInitConfig_GetError(config: *mut PyInitConfig, message: *mut *const c_char) -> c_int;
    fn PyInitConfig_GetExitCode(config: *mut PyInitConfig, code: *mut c_int) -> c_int;
    fn Py_InitializeFromInitConfig(config: *mut PyInitConfig) -> c_int;
    fn Py_RunMain() -> c_int;
    fn PyUnstable_ThreadState_SetStackProtection(
        thread: *mut ffi::PyThreadState,
        start: *mut c_void,
        size: usize,
    ) -> c_int;
    fn emscripten_stack_get_base() -> usize;
    fn emscripten_stack_get_end() -> usize;
}

/// Why the interpreter did not start.
enum Failure {
    /// A command-line option such as `--version` has been answered.
    Exit(c_int),
    /// The configuration or the initialisation failed.
    Error(CString),
}

/// Owns a configuration until it is freed.
struct Config(*mut PyInitConfig);

impl Config {
    fn check(&self, status: c_int) -> Result<(), Failure> {
        if status == 0 {
            return Ok(());
        }
        // SAFETY: the configuration is live; its message is valid until freed.
        unsafe {
            let mut code = 0;
            if PyInitConfig_GetExitCode(self.0, &raw mut code) == 1 {
                return Err(Failure::Exit(code));
            }
            let mut message = std::ptr::null();
            if PyInitConfig_GetError(self.0, &raw mut message) == 1 {
                return Err(Failure::Error(CStr::from_ptr(message).to_owned()));
            }
        }
        Err(Failure::Error(c"the interpreter did not start and gave no reason".to_owned()))
    }

    fn int(&self, name: &CStr, value: i64) -> Result<(), Failure> {
        // SAFETY: live configuration and C string.
        self.check(unsafe { PyInitConfig_SetInt(self.0, name.as_ptr(), value) })
    }

    fn str(&self, name: &CStr, value: &CStr) -> Result<(), Failure> {
        // SAFETY: live configuration and C strings, which are copied.
        self.check(unsafe { PyInitConfig_SetStr(self.0, name.as_ptr(), value.as_ptr()) })
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        // SAFETY: created in `initialize`, freed once.
        unsafe { PyInitConfig_Free(self.0) };
    }
}

fn initialize(arguments: &[CString], program: bool) -> Result<(), Failure> {
    // SAFETY: no arguments; NULL means out of memory.
    let config = Config(unsafe { PyInitConfig_Create() });
    if config.0.is_null() {
        return Err(Failure::Error(c"out of memory".to_owned()));
    }
    // The defaults are those of an isolated interpreter; ours behaves as
    // `python3` does.
    config.int(c"isolated", 0)?;
    config.int(c"use_environment", 1)?;
    config.int(c"utf8_mode", 1)?;
    config.int(c"parse_argv", 1)?;
    config.int(c"safe_path", i64::from(!program))?;
    config.int(c"buffered_stdio", 1)?;
    config.int(c"install_signal_handlers", 1)?;
    config.int(c"user_site_directory", 0)?;
    config.int(c"write_bytecode", i64::from(program))?;
    config.int(c"pathconfig_warnings", 0)?;
    config.int(c"site_import", 1)?;
    config.str(c"home", c"/")?;
    config.str(c"program_name", c"python3")?;
    let pointers: Vec<_> = arguments.iter().map(|argument| argument.as_ptr()).collect();
    // SAFETY: the strings live until the call returns and are copied; the init
    // function is a valid module initialiser.
    unsafe {
        config.check(PyInitConfig_SetStrList(
            config.0,
            c"argv".as_ptr(),
            pointers.len(),
            pointers.as_ptr(),
        ))?;
        config.check(PyInitConfig_AddModule(config.0, c"_ferropy".as_ptr(), host::init_module))?;
        config.check(Py_InitializeFromInitConfig(config.0))
    }
}

/// Reads a JavaScript array of strings. Python is not up yet.
fn strings(array: &JsRef) -> Vec<CString> {
    (0..js_length(array.slot()))
        .filter_map(|index| JsRef::from_slot(js_element(array.slot(), index)).ok())
        // An argument cannot hold NUL; execve would have cut it there.
        .map(|item| CString::new(convert::rust_string(&item).split('\0').next().unwrap_or_default()))
        .map(Result::unwrap_or_default)
        .collect()
}

thread_local! {
    static PROBE_DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Calls itself until the engine's stack is full; JavaScript catches the error
/// and reads how deep that was from [`ferropy_probe_depth`].
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_probe_stack() {
    PROBE_DEPTH.set(PROBE_DEPTH.get() + 1);
    // Through a pointer that the optimiser cannot see, or the recursion would
    // become a loop.
    black_box(ferropy_probe_stack as extern "C" fn())();
    PROBE_DEPTH.set(black_box(PROBE_DEPTH.get()));
}

/// How deep [`ferropy_probe_stack`] got, in calls.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_probe_depth() -> u32 {
    PROBE_DEPTH.get()
}

/// Lets Python use the first `size` bytes of the stack in linear memory, so that
/// a `RecursionError` comes before the engine's own stack is full.
fn limit_stack(size: usize) {
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

/// Makes what Python prints arrive line by line: nobody ends an embedded
/// interpreter, which is when a program's buffers are written out.
fn buffer_lines() {
    for name in [c"stdout", c"stderr"] {
        let reconfigured = py::sys(name).and_then(|stream| {
            let (arguments, options) = (py::tuple(0)?, py::dict()?);
            // SAFETY: a static, immortal object.
            let yes = unsafe { py::Object::from_borrowed(ffi::Py_True())? };
            py::dict_set(&options, c"line_buffering", &yes)?;
            stream.getattr(c"reconfigure")?.call_with(&arguments, &options)
        });
        if reconfigured.is_err() {
            drop(py::take_exception());
        }
    }
}

/// Starts the interpreter. `argv` is an array of strings whose first one is the
/// program's name; the slot is taken over. `stack` is how much of the stack in
/// linear memory Python may use, in bytes.
///
/// Returns -1 on success, else an exit code; failures are reported through
/// `js_start_failed` first.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_start(argv: Slot, program: bool, stack: usize) -> c_int {
    host::set_hosted(!program);
    let Ok(argv) = JsRef::from_slot(argv) else { return 1 };
    match initialize(&strings(&argv), program) {
        // The types that errors and proxies need are created with the module.
        Ok(()) => match py::import(c"_ferropy") {
            Ok(_) => {
                limit_stack(stack);
                if !program {
                    buffer_lines();
                }
                -1
            }
            Err(py::Raised) => {
                // SAFETY: an exception is set.
                unsafe { ffi::PyErr_Print() };
                1
            }
        },
        Err(Failure::Exit(code)) => code,
        Err(Failure::Error(message)) => {
            js_start_failed(message.as_ptr(), message.as_bytes().len());
            1
        }
    }
}

/// Runs what the command line asked for, finalises the interpreter and returns
/// the exit status: `Py_RunMain`.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_run_main() -> c_int {
    // SAFETY: the interpreter was started by `ferropy_start`.
    unsafe { Py_RunMain() }
}
