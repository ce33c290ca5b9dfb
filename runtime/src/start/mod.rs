//! Starting the interpreter, and running it as a program.

use std::ffi::{CStr, CString, c_char, c_int};
use std::mem::MaybeUninit;

use pyo3_ffi as ffi;

use crate::host;
use crate::jsref::{JsRef, Slot};
use crate::py;
use crate::stack;

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    safe fn js_count(array: Slot) -> usize;
    safe fn js_element_of(array: Slot, index: usize) -> Slot;
    safe fn js_units(text: Slot) -> usize;
    safe fn js_copy_units(text: Slot, into: *mut u16);
    /// Reports why the interpreter could not start; takes over the bytes' copy.
    safe fn js_start_failed(message: *const c_char, length: usize);
}

/// Why the interpreter did not start.
enum Failure {
    /// A command-line option such as `--version` has been answered.
    Exit(c_int),
    /// The configuration or the initialisation failed.
    Error(CString),
}

fn check(status: ffi::PyStatus) -> Result<(), Failure> {
    // SAFETY: the status is a value; its message is a static C string or NULL.
    unsafe {
        if ffi::PyStatus_IsExit(status) != 0 {
            return Err(Failure::Exit(status.exitcode));
        }
        if ffi::PyStatus_Exception(status) == 0 {
            return Ok(());
        }
        Err(Failure::Error(if status.err_msg.is_null() {
            c"the interpreter gave no reason".to_owned()
        } else {
            CStr::from_ptr(status.err_msg).to_owned()
        }))
    }
}

/// Owns a configuration until it is cleared. The fields of the struct are those
/// of the pinned CPython, which pyo3-ffi mirrors.
struct Config(Box<ffi::PyConfig>);

impl Config {
    /// The defaults of `python3` itself.
    fn python() -> Self {
        let mut config = Box::new(MaybeUninit::uninit());
        // SAFETY: the function initialises every field.
        unsafe {
            ffi::PyConfig_InitPythonConfig(config.as_mut_ptr());
            Self(config.assume_init())
        }
    }

    /// Sets a text field, which is a `wchar_t *`, an `int` on this platform.
    fn set(
        &mut self,
        field: fn(&mut ffi::PyConfig) -> *mut *mut c_int,
        value: &CStr,
    ) -> Result<(), Failure> {
        let field = field(&mut self.0);
        // SAFETY: `field` points into this live configuration; CPython copies
        // the text.
        check(unsafe { ffi::PyConfig_SetBytesString(&raw mut *self.0, field, value.as_ptr()) })
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        // SAFETY: initialised in `python`, cleared once.
        unsafe { ffi::PyConfig_Clear(&raw mut *self.0) };
    }
}

fn initialize(arguments: &[CString], program: bool) -> Result<(), Failure> {
    let mut preconfig = MaybeUninit::uninit();
    // SAFETY: the first call initialises every field, the second reads them.
    unsafe {
        ffi::PyPreConfig_InitPythonConfig(preconfig.as_mut_ptr());
        let mut preconfig: ffi::PyPreConfig = preconfig.assume_init();
        preconfig.utf8_mode = 1;
        let pointers = argument_pointers(arguments);
        check(ffi::Py_PreInitializeFromBytesArgs(
            &raw const preconfig,
            pointers.len() as ffi::Py_ssize_t,
            pointers.as_ptr().cast_mut(),
        ))?;
        ffi::PyImport_AppendInittab(c"_ferropy".as_ptr(), Some(host::init_module));
    }
    let mut config = Config::python();
    config.0.parse_argv = 1;
    // Code that a page runs must not find modules in a current folder by accident.
    config.0.safe_path = c_int::from(!program);
    // Packages of a native Python have binaries that cannot be loaded here.
    config.0.user_site_directory = 0;
    config.0.write_bytecode = if program { -1 } else { 0 };
    config.0.pathconfig_warnings = 0;
    config.set(|fields| &raw mut fields.home, c"/")?;
    config.set(|fields| &raw mut fields.program_name, c"python3")?;
    config.set(|fields| &raw mut fields.executable, c"/bin/python3")?;
    let pointers = argument_pointers(arguments);
    // SAFETY: the strings live until the call returns and are copied.
    unsafe {
        check(ffi::PyConfig_SetBytesArgv(
            &raw mut *config.0,
            pointers.len() as ffi::Py_ssize_t,
            pointers.as_ptr().cast::<*const c_char>().cast_mut(),
        ))?;
        check(ffi::Py_InitializeFromConfig(&raw const *config.0))
    }
}

fn argument_pointers(arguments: &[CString]) -> Vec<*mut c_char> {
    arguments
        .iter()
        .map(|argument| argument.as_ptr().cast_mut())
        .collect()
}

fn text_of(value: &JsRef) -> String {
    let mut units = vec![0_u16; js_units(value.slot())];
    js_copy_units(value.slot(), units.as_mut_ptr());
    String::from_utf16_lossy(&units)
}

/// Reads a JavaScript array of strings. Python is not up yet.
fn strings(array: &JsRef) -> Vec<CString> {
    (0..js_count(array.slot()))
        .filter_map(|index| JsRef::from_slot(js_element_of(array.slot(), index)).ok())
        // An argument cannot hold NUL; execve would have cut it there.
        .map(|item| CString::new(text_of(&item).split('\0').next().unwrap_or_default()))
        .map(Result::unwrap_or_default)
        .collect()
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
            stream
                .getattr(c"reconfigure")?
                .call_with(&arguments, &options)
        });
        if reconfigured.is_err() {
            drop(py::take_exception());
        }
    }
}

/// Starts the interpreter. `argv` is an array of strings whose first one is the
/// program's name; the slot is taken over.
///
/// Returns -1 on success, else an exit code; failures are reported through
/// `js_start_failed` first.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_start(argv: Slot, program: bool) -> c_int {
    host::set_hosted(!program);
    let Ok(argv) = JsRef::from_slot(argv) else {
        return 1;
    };
    match initialize(&strings(&argv), program) {
        // The types that errors and proxies need are created with the module.
        Ok(()) => match py::import(c"_ferropy") {
            Ok(_) => {
                stack::initialize();
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
    unsafe { ffi::Py_RunMain() }
}
