//! Running source text: `runPython` and the parts of `pyodide.code` that need
//! the compiler.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::{c_int, c_long};
use std::ptr::null_mut;
use std::rc::Rc;

use pyo3_ffi as ffi;

use crate::jsproxy;
use crate::py::{self, Object, Result};
use crate::wire::{self, Record, write_result};

/// `compile()` returns the syntax tree: CPython's `ast.PyCF_ONLY_AST`.
const ONLY_AST: c_long = 0x400;
/// Top-level `await` is allowed: CPython's `ast.PyCF_ALLOW_TOP_LEVEL_AWAIT`.
const TOP_LEVEL_AWAIT: c_long = 0x2000;

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

/// Compiles a program that may use `await` into a pair of code objects (statements, last expression),
/// either of them None.
fn compile_async(source: &Object, filename: &Object) -> Result<Object> {
    let program = compile(source, filename, TOP_LEVEL_AWAIT)?;
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
    /// A plain JavaScript object serves as a copy.
    fn new(globals: Object, locals: Object) -> Result<Self> {
        let globals = if globals.is_none() {
            main_namespace()?
        } else {
            namespace(globals)?
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
        // As exec() does.
        let builtins = py::string("__builtins__")?;
        // SAFETY: live objects.
        unsafe {
            let known = ffi::PyDict_Contains(globals.as_ptr(), builtins.as_ptr());
            py::check(known)?;
            if known == 0 {
                let module = py::import(c"builtins")?;
                py::dict_set(&globals, c"__builtins__", &module)?;
            }
        }
        let locals = if locals.is_none() {
            globals.clone()
        } else {
            namespace(locals)?
        };
        Ok(Self { globals, locals })
    }
}

fn namespace(given: Object) -> Result<Object> {
    // SAFETY: a live object.
    if unsafe { jsproxy::is_proxy(given.as_ptr()) } {
        let (arguments, options) = (py::tuple(0)?, py::dict()?);
        // SAFETY: a new int.
        let depth = unsafe { Object::from_new(ffi::PyLong_FromLong(1))? };
        py::dict_set(&options, c"depth", &depth)?;
        return given.getattr(c"to_py")?.call_with(&arguments, &options);
    }
    Ok(given)
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
///
/// # Safety
/// JavaScript reads the record next.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_globals(out: *mut Record) -> c_int {
    // SAFETY: passed on.
    unsafe { write_result(out, main_namespace()) }
}

/// Imports a module by its dotted name, `pyodide.pyimport`; the record holds the name and then the
/// result.
///
/// # Safety
/// JavaScript wrote the record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_import(record: *mut Record) -> c_int {
    // SAFETY: passed on.
    unsafe {
        let module = wire::read(&*record)
            .and_then(|name| py::import(c"pyodide._modules")?.call_method(c"resolve", &[&name]));
        write_result(record, module)
    }
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

/// The four records of a run: source, file name, globals and locals.
struct Request {
    source: Object,
    filename: Object,
    names: Namespaces,
}

impl Request {
    unsafe fn read(records: *const Record) -> Result<Self> {
        // SAFETY: passed on; all are read, so that none keeps what it hands over.
        let [source, filename, globals, locals] =
            [0, 1, 2, 3].map(|index| unsafe { wire::read(&*records.add(index)) });
        Ok(Self {
            source: source?,
            filename: filename?,
            names: Namespaces::new(globals?, locals?)?,
        })
    }
}

/// How many compiled programs are remembered, and how long their source may be.
const REMEMBERED: usize = 32;
const REMEMBERED_LENGTH: usize = 4096;

thread_local! {
    /// The programs that ran last: pages run the same snippets again and again.
    static PROGRAMS: RefCell<VecDeque<(String, Rc<Program>)>> = const { RefCell::new(VecDeque::new()) };
}

/// `compile` with a memory for unnamed programs.
fn compile_remembered(source: &Object, filename: &Object) -> Result<Rc<Program>> {
    // SAFETY: a type check on a live object.
    let is_text = unsafe { ffi::PyUnicode_Check(source.as_ptr()) } != 0;
    if !is_text || py::text(filename)? != UNNAMED {
        return compile(source, filename, 0).map(Rc::new);
    }
    let text = py::text(source)?;
    if text.len() > REMEMBERED_LENGTH {
        return compile(source, filename, 0).map(Rc::new);
    }
    let known = PROGRAMS.with_borrow_mut(|programs| {
        let index = programs.iter().position(|(known, _)| *known == text)?;
        let found = programs.remove(index)?;
        let program = Rc::clone(&found.1);
        programs.push_front(found);
        Some(program)
    });
    if let Some(program) = known {
        return Ok(program);
    }
    let program = Rc::new(compile(source, filename, 0)?);
    let forgotten = PROGRAMS.with_borrow_mut(|programs| {
        programs.push_front((text, Rc::clone(&program)));
        (programs.len() > REMEMBERED).then(|| programs.pop_back())
    });
    drop(forgotten);
    Ok(program)
}

/// `runPython`: four records, of which the first gets the result.
///
/// # Safety
/// JavaScript wrote the records.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_run(records: *mut Record) -> c_int {
    // SAFETY: passed on.
    unsafe {
        let value = Request::read(records).and_then(|request| {
            let program = compile_remembered(&request.source, &request.filename)?;
            let value = run(&program, &request.names.globals, &request.names.locals);
            flush();
            value
        });
        write_result(records, value)
    }
}

/// `runPythonAsync`: likewise; the result is a coroutine.
///
/// # Safety
/// JavaScript wrote the records.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_run_async(records: *mut Record) -> c_int {
    // SAFETY: passed on.
    unsafe {
        let coroutine = Request::read(records).and_then(|request| {
            let program = compile_async(&request.source, &request.filename)?;
            py::import(c"pyodide.code")?.call_method(
                c"run_program",
                &[&program, &request.names.globals, &request.names.locals],
            )
        });
        write_result(records, coroutine)
    }
}

/// Looks into the interrupt buffer and runs the signal's Python handler, which
/// raises `KeyboardInterrupt` for Ctrl-C.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_check_interrupt() -> c_int {
    unsafe extern "C" {
        /// `Python/emscripten_signal.c`.
        fn _Py_CheckEmscriptenSignals();
    }
    // SAFETY: both need only the GIL.
    wire::status(unsafe {
        _Py_CheckEmscriptenSignals();
        py::check(ffi::PyErr_CheckSignals())
    })
}
