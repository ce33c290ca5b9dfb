//! Proxies whose lifetime Python code decides, and explicit copies: `create_proxy`,
//! `create_once_callable`, `to_js`.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use crate::jsref::JsRef;
use crate::py::{self, Object};
use crate::pyproxy;
use crate::wire::{self, Record};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// A double proxy of the strong reference `object`, in `out`.
    safe fn js_create_proxy(
        object: *mut ffi::PyObject,
        abilities: u32,
        capture_this: bool,
        roundtrip: bool,
        out: *mut Record,
    ) -> c_int;
    /// A function that calls the strong reference `object` once, in `out`.
    safe fn js_create_once_callable(object: *mut ffi::PyObject, out: *mut Record) -> c_int;
    /// A copy of the object. `options` are five records: pyproxies, create_pyproxies, dict_converter,
    /// default_converter and eager_converter.
    safe fn js_to_js(
        object: *mut ffi::PyObject,
        depth: c_int,
        options: *const Record,
        out: *mut Record,
    ) -> c_int;
}

/// Documentation of [`create_proxy`].
pub const CREATE_PROXY: &CStr =
    c"create_proxy(obj, /, *, capture_this=False, roundtrip=True)\n--\n\nA JavaScript proxy of a \
      Python object that lives until its destroy() is called.\n\n:param capture_this: pass JavaScript's \
      `this` as the first argument of calls.\n:param roundtrip: whether Python gets the proxy back from \
      JavaScript, not the object.\n:rtype: JsDoubleProxy";

/// Documentation of [`create_once_callable`].
pub const CREATE_ONCE_CALLABLE: &CStr =
    c"create_once_callable(obj, /, *, _may_syncify=False)\n--\n\nA JavaScript function that calls a \
      Python object once and then releases it.\n\n:rtype: JsOnceCallable";

/// Documentation of [`to_js`].
pub const TO_JS: &CStr =
    c"to_js(obj, /, *, depth=-1, pyproxies=None, create_pyproxies=True, dict_converter=None, \
      default_converter=None, eager_converter=None)\n--\n\nCopy a Python object into JavaScript values: \
      lists and tuples become arrays, dicts Maps, sets Sets, buffers typed arrays.\n\n:param depth: how \
      many levels to copy; all by default.\n:param pyproxies: a JavaScript array that gets the proxies \
      which the copy has.\n:param create_pyproxies: False raises ConversionError instead of making \
      proxies.\n:param dict_converter: a JavaScript function that makes the copy of a dict from its \
      entries, such as js.Object.fromEntries.\n:param default_converter: called with (obj, convert, \
      cache_conversion) for objects that have no counterpart.\n:param eager_converter: likewise, for all \
      objects but scalars and before the usual conversion.";

/// See [`CREATE_PROXY`].
pub unsafe extern "C" fn create_proxy(
    _: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let mut object = null_mut();
    let (mut capture_this, mut roundtrip): (c_int, c_int) = (0, 1);
    let mut names = [
        c"".as_ptr().cast_mut(),
        c"capture_this".as_ptr().cast_mut(),
        c"roundtrip".as_ptr().cast_mut(),
        null_mut(),
    ];
    // SAFETY: the format asks for one object and two keyword-only truth values.
    unsafe {
        if ffi::PyArg_ParseTupleAndKeywords(
            arguments,
            keywords,
            c"O|$pp:create_proxy".as_ptr(),
            names.as_mut_ptr().cast(),
            &raw mut object,
            &raw mut capture_this,
            &raw mut roundtrip,
        ) == 0
        {
            return null_mut();
        }
        ffi::Py_INCREF(object);
        let mut out = Record::default();
        let status = js_create_proxy(
            object,
            pyproxy::abilities(object),
            capture_this != 0,
            roundtrip != 0,
            &raw mut out,
        );
        py::into_c(wire::finish(status, &out))
    }
}

/// See [`CREATE_ONCE_CALLABLE`].
pub unsafe extern "C" fn create_once_callable(
    _: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let mut object = null_mut();
    let mut may_syncify: c_int = 0;
    let mut names = [
        c"".as_ptr().cast_mut(),
        c"_may_syncify".as_ptr().cast_mut(),
        null_mut(),
    ];
    // SAFETY: the format asks for one object and a keyword-only truth value.
    unsafe {
        if ffi::PyArg_ParseTupleAndKeywords(
            arguments,
            keywords,
            c"O|$p:create_once_callable".as_ptr(),
            names.as_mut_ptr().cast(),
            &raw mut object,
            &raw mut may_syncify,
        ) == 0
        {
            return null_mut();
        }
        ffi::Py_INCREF(object);
        let mut out = Record::default();
        py::into_c(wire::finish(
            js_create_once_callable(object, &raw mut out),
            &out,
        ))
    }
}

/// See [`TO_JS`].
pub unsafe extern "C" fn to_js(
    _: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let mut object = null_mut();
    let (mut depth, mut create): (c_int, c_int) = (-1, 1);
    // SAFETY: None is immortal; the format asks for what the variables are.
    unsafe {
        let none = ffi::Py_None();
        let [mut proxies, mut dict, mut default, mut eager] = [none; 4];
        let mut names = [
            c"".as_ptr().cast_mut(),
            c"depth".as_ptr().cast_mut(),
            c"pyproxies".as_ptr().cast_mut(),
            c"create_pyproxies".as_ptr().cast_mut(),
            c"dict_converter".as_ptr().cast_mut(),
            c"default_converter".as_ptr().cast_mut(),
            c"eager_converter".as_ptr().cast_mut(),
            null_mut(),
        ];
        if ffi::PyArg_ParseTupleAndKeywords(
            arguments,
            keywords,
            c"O|$iOpOOO:to_js".as_ptr(),
            names.as_mut_ptr().cast(),
            &raw mut object,
            &raw mut depth,
            &raw mut proxies,
            &raw mut create,
            &raw mut dict,
            &raw mut default,
            &raw mut eager,
        ) == 0
        {
            return null_mut();
        }
        // What is no container stays as it is.
        let mut scalar = Record::default();
        match wire::write_scalar(&mut scalar, object) {
            Err(py::Raised) => return null_mut(),
            Ok(false) => {}
            Ok(true) => {
                if scalar.tag == wire::tag::TAKEN {
                    drop(JsRef::from_slot(scalar.aux));
                }
                return ffi::Py_NewRef(object);
            }
        }
        if proxies != none && crate::jsproxy::slot_of(proxies).is_none() {
            let py::Raised = py::raise_new(
                ffi::PyExc_TypeError,
                "pyproxies must be a JavaScript array, such as js.Array.new()",
            );
            return null_mut();
        }
        let create = if create == 0 {
            ffi::Py_False()
        } else {
            ffi::Py_True()
        };
        let unread = wire::Unread::begin();
        let mut options = [Record::default(); 5];
        for (record, value) in options
            .iter_mut()
            .zip([proxies, create, dict, default, eager])
        {
            if wire::write(record, value).is_err() {
                return null_mut();
            }
        }
        drop(unread);
        let mut out = Record::default();
        let status = js_to_js(object, depth, options.as_ptr(), &raw mut out);
        py::into_c(wire::finish(status, &out))
    }
}

/// More frames say nothing new.
const FRAMES: usize = 10;

thread_local! {
    /// The text that the last [`ferropy_where`] gave.
    static WHERE: RefCell<CString> = RefCell::default();
}

/// Python's frames, a line each, the innermost first, as a C string that the next call replaces. It
/// runs no Python code: objects are being made for somebody.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_where() -> *const c_char {
    let pending = py::take_pending();
    let mut text = String::new();
    // SAFETY: frames and code objects are live while these references are.
    unsafe {
        let mut frame = ffi::PyEval_GetFrame();
        ffi::Py_XINCREF(frame.cast());
        for _ in 0..FRAMES {
            if frame.is_null() {
                break;
            }
            let line = describe_frame(frame).unwrap_or_else(|py::Raised| {
                drop(py::take_exception());
                "  File ???".to_owned()
            });
            text.push_str(&line);
            text.push('\n');
            let outer = ffi::PyFrame_GetBack(frame);
            ffi::Py_DECREF(frame.cast());
            frame = outer;
        }
        ffi::Py_XDECREF(frame.cast());
    }
    if let Some(exception) = pending {
        let py::Raised = py::raise(exception);
    }
    text.retain(|character| character != '\0');
    WHERE.with_borrow_mut(|kept| {
        *kept = CString::new(text).unwrap_or_default();
        kept.as_ptr()
    })
}

unsafe fn describe_frame(frame: *mut ffi::PyFrameObject) -> py::Result<String> {
    // SAFETY: the frame is live.
    unsafe {
        let code = Object::from_new(ffi::PyFrame_GetCode(frame).cast())?;
        Ok(format!(
            "  File {}, line {}, in {}",
            py::text(&code.getattr(c"co_filename")?)?,
            ffi::PyFrame_GetLineNumber(frame),
            py::text(&code.getattr(c"co_qualname")?)?,
        ))
    }
}
