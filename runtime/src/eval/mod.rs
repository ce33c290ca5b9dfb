//! Running source text: `runPython` and the parts of `pyodide.code` that need
//! the compiler.

use std::ffi::{c_int, c_long};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use crate::convert;
use crate::jsref::{self, JsRef, Slot};
use crate::py::{self, Object, Result};

/// `compile()` returns the syntax tree: CPython's `ast.PyCF_ONLY_AST`.
const ONLY_AST: c_long = 0x400;
/// Top-level `await` is allowed: CPython's `ast.PyCF_ALLOW_TOP_LEVEL_AWAIT`.
const TOP_LEVEL_AWAIT: c_long = 0x2000;
/// `inspect.CO_COROUTINE`.
const CO_COROUTINE: c_int = 0x80;

/// The file name of programs that were given none.
const UNNAMED: &str = "<exec>";

/// A program in two parts, so that the value of a last expression is not lost.
struct Program {
    /// The statements, or `None` if there are none before the expression.
    body: Option<Object>,
    /// The last expression, or `None` if the last statement is another kind.
    last: Option<Object>,
}

/// Compiles `source` (a `str` or a module's syntax tree).
///
/// A semicolon behind the last expression makes it a statement, as in IPython.
fn compile(source: &Object, filename: &Object, flags: c_long) -> Result<Program> {
    let compile = py::import(c"builtins")?.getattr(c"compile")?;
    // SAFETY: a new int.
    let int = |value| unsafe { Object::from_new(ffi::PyLong_FromLong(value)) };
    let (exec, eval) = (py::string("exec")?, py::string("eval")?);
    let dont_inherit = int(1)?;
    let flags_object = int(flags)?;
    let tree_flags = int(flags | ONLY_AST)?;
    let (tree, quiet) = if unsafe { ffi::PyUnicode_Check(source.as_ptr()) } != 0 {
        let source = dedent(source)?;
        remember(&source, filename)?;
        let tree = compile.call(&[&source, filename, &exec, &tree_flags, &dont_inherit])?;
        (tree, ends_with_semicolon(&source)?)
    } else {
        (source.clone(), false)
    };
    let body = tree.getattr(c"body")?;
    // SAFETY: `body` is a list that only we and the tree refer to.
    let last = unsafe {
        let length = py::check_size(ffi::PyList_Size(body.as_ptr()))?;
        match length.checked_sub(1) {
            Some(index) if !quiet => {
                let index = index as ffi::Py_ssize_t;
                let statement = Object::from_borrowed(ffi::PyList_GetItem(body.as_ptr(), index))?;
                let ast = py::import(c"_ast")?;
                let is_expression =
                    ffi::PyObject_IsInstance(statement.as_ptr(), ast.getattr(c"Expr")?.as_ptr());
                py::check(is_expression)?;
                if is_expression == 1 {
                    py::check(ffi::PyList_SetSlice(
                        body.as_ptr(),
                        index,
                        index + 1,
                        null_mut(),
                    ))?;
                    Some(ast.call_method(c"Expression", &[&statement.getattr(c"value")?])?)
                } else {
                    None
                }
            }
            _ => None,
        }
    };
    // SAFETY: a live list.
    let has_body = unsafe { ffi::PyList_Size(body.as_ptr()) } > 0;
    Ok(Program {
        body: if has_body || last.is_none() {
            Some(compile.call(&[&tree, filename, &exec, &flags_object, &dont_inherit])?)
        } else {
            None
        },
        last: last
            .map(|tree| compile.call(&[&tree, filename, &eval, &flags_object, &dont_inherit]))
            .transpose()?,
    })
}

/// Makes tracebacks show the lines of a program that was given a name. Those without share one name, so
/// that only the newest could be remembered, and an older function's traceback would show wrong lines.
fn remember(source: &Object, filename: &Object) -> Result<()> {
    if py::text(filename)? != UNNAMED {
        py::import(c"pyodide.code")?.call_method(c"remember_source", &[source, filename])?;
    }
    Ok(())
}

/// Removes indentation that all lines share, which code in a template string has.
fn dedent(source: &Object) -> Result<Object> {
    let text = py::text(source)?;
    let indented = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .is_some_and(|line| line.starts_with([' ', '\t']));
    if indented {
        py::import(c"textwrap")?.call_method(c"dedent", &[source])
    } else {
        Ok(source.clone())
    }
}

/// Whether the last token before trailing comments is a semicolon.
fn ends_with_semicolon(source: &Object) -> Result<bool> {
    let text = py::text(source)?;
    let last_line = text
        .trim_end()
        .lines()
        .next_back()
        .unwrap_or_default()
        .trim_end();
    if last_line.ends_with(';') {
        // It could still be the end of a comment.
        if !last_line.contains('#') {
            return Ok(true);
        }
    } else if !(last_line.contains(';') && last_line.contains('#')) && !last_line.starts_with('#') {
        return Ok(false);
    }
    let quiet = py::import(c"pyodide.code")?.call_method(c"should_quiet", &[source])?;
    // SAFETY: a live object.
    Ok(unsafe { ffi::PyObject_IsTrue(quiet.as_ptr()) } == 1)
}

fn evaluate(code: &Object, globals: &Object, locals: &Object) -> Result<Object> {
    // SAFETY: a code object, a dict and a mapping, all live.
    unsafe {
        Object::from_new(ffi::PyEval_EvalCode(
            code.as_ptr(),
            globals.as_ptr(),
            locals.as_ptr(),
        ))
    }
}

/// Runs a program and returns the value of its last expression, or None.
fn run(program: &Program, globals: &Object, locals: &Object) -> Result<Object> {
    if let Some(body) = &program.body {
        evaluate(body, globals, locals)?;
    }
    program.last.as_ref().map_or_else(
        || Ok(Object::none()),
        |last| evaluate(last, globals, locals),
    )
}

/// `compile_program(source, filename, flags)` for `pyodide.code`: a pair of
/// code objects (statements, last expression), either of them None.
pub fn compile_program(source: &Object, filename: &Object, flags: &Object) -> Result<Object> {
    // SAFETY: PyLong_AsLong reports errors through the exception.
    let bits = unsafe {
        let bits = ffi::PyLong_AsLong(flags.as_ptr());
        if bits == -1 && !ffi::PyErr_Occurred().is_null() {
            return Err(py::Raised);
        }
        bits
    };
    let program = compile(source, filename, bits)?;
    let parts = [program.body, program.last].map(|part| part.unwrap_or_else(Object::none));
    // SAFETY: a new tuple of two; the items' references are taken by it.
    unsafe {
        let pair = py::tuple(2)?;
        for (index, part) in parts.into_iter().enumerate() {
            ffi::PyTuple_SetItem(pair.as_ptr(), index as ffi::Py_ssize_t, part.into_ptr());
        }
        Ok(pair)
    }
}

/// The namespaces of a run: `__main__`'s where JavaScript gave none.
struct Namespaces {
    globals: Object,
    locals: Object,
}

impl Namespaces {
    /// Takes over both slots. A plain JavaScript object serves as a copy.
    fn new(globals: Slot, locals: Slot) -> Result<Self> {
        let take = |slot| convert::copy_from_js(&JsRef::from_slot(slot)?, 1);
        let (globals, locals) = (take(globals)?, take(locals)?);
        let globals = if globals.is_none() {
            main_namespace()?
        } else {
            globals
        };
        // SAFETY: a type check on a live object; the class is static.
        unsafe {
            if ffi::PyDict_Check(globals.as_ptr()) == 0 {
                return Err(py::raise_new(
                    ffi::PyExc_TypeError,
                    "globals must be a Python dict, such as pyodide.toPy({}) or pyodide.globals",
                ));
            }
        }
        let locals = if locals.is_none() {
            globals.clone()
        } else {
            locals
        };
        Ok(Self { globals, locals })
    }
}

/// `__main__.__dict__`.
pub fn main_namespace() -> Result<Object> {
    // SAFETY: both return borrowed references, NULL with an exception.
    unsafe {
        let main = Object::from_borrowed(ffi::PyImport_AddModule(c"__main__".as_ptr()))?;
        Object::from_borrowed(ffi::PyModule_GetDict(main.as_ptr()))
    }
}

/// A proxy of `__main__.__dict__`, which is `pyodide.globals`.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_globals() -> Slot {
    jsref::finish(main_namespace().and_then(|globals| convert::to_js(&globals)))
}

/// Imports a module by its dotted name: `pyodide.pyimport`.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_import(name: Slot) -> Slot {
    jsref::finish(
        JsRef::from_slot(name)
            .and_then(|name| convert::from_js(&name))
            .and_then(|name| {
                let importlib = py::import(c"importlib")?;
                convert::to_js(&importlib.call_method(c"import_module", &[&name])?)
            }),
    )
}

/// Writes out what the program has printed without a newline at its end.
fn flush() {
    let raised = py::take_pending();
    for name in [c"stdout", c"stderr"] {
        // A program may have put anything there, or closed it.
        if py::sys(name)
            .and_then(|stream| stream.call_method(c"flush", &[]))
            .is_err()
        {
            drop(py::take_exception());
        }
    }
    if let Some(exception) = raised {
        let py::Raised = py::raise(exception);
    }
}

/// `runPython`. All slots are taken over.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_run(source: Slot, filename: Slot, globals: Slot, locals: Slot) -> Slot {
    jsref::finish((|| {
        let source = convert::from_js(&JsRef::from_slot(source)?)?;
        let filename = convert::from_js(&JsRef::from_slot(filename)?)?;
        let names = Namespaces::new(globals, locals)?;
        let program = compile(&source, &filename, 0)?;
        let value = run(&program, &names.globals, &names.locals);
        flush();
        convert::to_js(&value?)
    })())
}

/// `runPythonAsync`: returns a proxy of a coroutine. All slots are taken over.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_run_async(
    source: Slot,
    filename: Slot,
    globals: Slot,
    locals: Slot,
) -> Slot {
    jsref::finish((|| {
        let source = convert::from_js(&JsRef::from_slot(source)?)?;
        let filename = convert::from_js(&JsRef::from_slot(filename)?)?;
        let names = Namespaces::new(globals, locals)?;
        // SAFETY: a new int.
        let flags = unsafe { Object::from_new(ffi::PyLong_FromLong(TOP_LEVEL_AWAIT))? };
        let program = compile_program(&source, &filename, &flags)?;
        let coroutine = py::import(c"pyodide.code")?
            .call_method(c"run_program", &[&program, &names.globals, &names.locals])?;
        convert::to_js(&coroutine)
    })())
}

/// Starts an awaitable as a task on the event loop and calls `resolve(value)` or
/// `reject(error)` when it is done. The proxy's reference stays with the caller.
///
/// # Safety
/// `awaitable` is the pointer of a live `PyProxy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_settle(
    awaitable: *mut ffi::PyObject,
    resolve: Slot,
    reject: Slot,
) -> Slot {
    jsref::finish((|| {
        // SAFETY: passed on to the caller.
        let awaitable = unsafe { jsref::borrow_object(awaitable)? };
        let resolve = convert::from_js(&JsRef::from_slot(resolve)?)?;
        let reject = convert::from_js(&JsRef::from_slot(reject)?)?;
        py::import(c"pyodide.webloop")?.call_method(c"settle", &[&awaitable, &resolve, &reject])?;
        Ok(JsRef::undefined())
    })())
}

/// Whether a code object has to be awaited: `is_coroutine_code(code)`.
pub fn is_coroutine_code(code: &Object) -> Result<Object> {
    let flags = code.getattr(c"co_flags")?;
    // SAFETY: `co_flags` is a small int.
    unsafe {
        let bits = ffi::PyLong_AsLong(flags.as_ptr()) as c_int;
        Object::from_new(ffi::PyBool_FromLong((bits & CO_COROUTINE).into()))
    }
}

/// Looks into the interrupt buffer and runs the signal's Python handler, which
/// raises `KeyboardInterrupt` for Ctrl-C.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_check_interrupt() -> Slot {
    unsafe extern "C" {
        /// `Python/emscripten_signal.c`.
        fn _Py_CheckEmscriptenSignals();
    }
    // SAFETY: both need only the GIL.
    jsref::finish(unsafe {
        _Py_CheckEmscriptenSignals();
        py::check(ffi::PyErr_CheckSignals()).map(|()| JsRef::undefined())
    })
}
