//! Methods of proxies. What corresponds to an ability and need not be fast is written in Python
//! (`python/pyodide/_proxies.py`) on top of [`operate`].

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::{call, exception, fields, flag, new, protocols};
use crate::convert;
use crate::errors;
use crate::jsref::{JsRef, Slot};
use crate::py::{self, Object, Raised, Result};
use crate::wire::{self, Record};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// An operation of `operations.ts` by its name, a text in a slot.
    safe fn js_operate(
        name: Slot,
        value: Slot,
        arguments: *const Record,
        count: usize,
        out: *mut Record,
    ) -> c_int;
}

/// `_ferropy.operate(name, proxy, *arguments)`. Proxies made for the arguments stay: the value may
/// keep them.
pub unsafe extern "C" fn operate(
    _: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: METH_FASTCALL gives `count` live arguments.
    py::into_c(unsafe {
        (|| {
            let count = count as usize;
            let proxy = (count >= 2)
                .then(|| super::slot_of(*arguments.add(1)))
                .flatten();
            let Some(value) = proxy else {
                return Err(py::raise_new(
                    ffi::PyExc_TypeError,
                    "operate() takes a name, a JsProxy and arguments",
                ));
            };
            let name = wire::text_to_js(&Object::from_borrowed(*arguments)?)?;
            let unread = wire::Unread::begin();
            let mut records = vec![Record::default(); count - 2];
            for (index, record) in records.iter_mut().enumerate() {
                wire::write(record, *arguments.add(index + 2))?;
            }
            drop(unread);
            let mut out = Record::default();
            let status = js_operate(
                name.slot(),
                value,
                records.as_ptr(),
                records.len(),
                &raw mut out,
            );
            protocols::resumed(status, &out)
        })()
    })
}

/// A proxy of the same value with other abilities.
unsafe fn adapted(object: *mut ffi::PyObject, flags: u32) -> *mut ffi::PyObject {
    // SAFETY: method of the type.
    py::into_c(new(unsafe { fields(object).value.clone() }, flags))
}

unsafe extern "C" fn as_py_json(
    object: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: method of the type.
    unsafe { adapted(object, json_flags(fields(object).flags)) }
}

/// The abilities of a value that is treated as JSON.
fn json_flags(flags: u32) -> u32 {
    if flags & (flag::IS_ARRAY | flag::IS_ARRAY_LIKE) != 0 {
        flags | flag::IS_PY_JSON_SEQUENCE
    } else {
        flag::IS_PY_JSON_DICT
    }
}

/// What is more than an object: it has no names as items.
const NO_MAPPING: u32 = flag::SEQUENCES
    | flag::IS_CALLABLE
    | flag::IS_ERROR
    | flag::IS_BUFFER
    | flag::IS_GENERATOR
    | flag::IS_ASYNC_GENERATOR
    | flag::IS_ITERATOR
    | flag::IS_ASYNC_ITERATOR;

unsafe extern "C" fn as_object_map(
    object: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let mut hereditary: c_int = 0;
    let mut names = [c"hereditary".as_ptr().cast_mut(), null_mut()];
    // SAFETY: method of the type; the format asks for one optional keyword-only truth value.
    unsafe {
        if ffi::PyArg_ParseTupleAndKeywords(
            arguments,
            keywords,
            c"|$p:as_object_map".as_ptr(),
            names.as_mut_ptr().cast(),
            &raw mut hereditary,
        ) == 0
        {
            return null_mut();
        }
        let inherited = if hereditary == 0 {
            0
        } else {
            flag::IS_HEREDITARY
        };
        adapted(object, flag::IS_OBJECT_MAP | inherited)
    }
}

unsafe extern "C" fn to_py(
    object: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let mut depth: c_int = -1;
    let mut converter = null_mut();
    let mut names = [
        c"depth".as_ptr().cast_mut(),
        c"default_converter".as_ptr().cast_mut(),
        null_mut(),
    ];
    // SAFETY: method of the type; the format asks for an optional int and object.
    unsafe {
        if ffi::PyArg_ParseTupleAndKeywords(
            arguments,
            keywords,
            c"|$iO:to_py".as_ptr(),
            names.as_mut_ptr().cast(),
            &raw mut depth,
            &raw mut converter,
        ) == 0
        {
            return null_mut();
        }
        let converter = Object::from_borrowed(converter)
            .ok()
            .filter(|given| !given.is_none());
        py::into_c(convert::from_js(
            &fields(object).value,
            depth,
            converter.as_ref(),
        ))
    }
}

/// `bind_sig(signature)` and `bind_class(class)`: the same value with converted arguments.
unsafe extern "C" fn bind_signature<const CONSTRUCTOR: bool>(
    object: *mut ffi::PyObject,
    signature: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: method of the type.
    unsafe {
        let fields = fields(object);
        let bound = super::new_member(fields.value.clone(), fields.flags, fields.owner);
        py::into_c(bound.and_then(|bound| {
            let prepared = py::import(c"pyodide._signature")?.call_method(
                c"prepare",
                &[
                    &Object::from_borrowed(signature)?,
                    &Object::from_new(ffi::PyBool_FromLong(CONSTRUCTOR.into()))?,
                ],
            )?;
            super::fields(bound.as_ptr()).signature = prepared.into_ptr();
            Ok(bound)
        }))
    }
}

unsafe extern "C" fn signature(object: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    // SAFETY: getter of the type; the field is owned or NULL.
    unsafe {
        let signature = fields(object).signature;
        if signature.is_null() {
            return Object::none().into_ptr();
        }
        ffi::Py_NewRef(signature)
    }
}

unsafe extern "C" fn dir(object: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: method of the type.
    py::into_c(
        unsafe { Object::from_borrowed(object) }
            .and_then(|object| py::import(c"pyodide._proxies")?.call_method(c"names", &[&object])),
    )
}

/// Operations that are methods of every proxy, by their number.
const PLAIN: [&std::ffi::CStr; 4] = [c"entries", c"keys", c"values", c"weak_ref"];

unsafe extern "C" fn plain_method<const NUMBER: usize>(
    object: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: method of the type.
    py::into_c(operation(PLAIN[NUMBER], unsafe { &fields(object).value }))
}

/// `_ferropy.unwrap(proxy)`: the Python object behind a double proxy.
pub unsafe extern "C" fn unwrap(
    _: *mut ffi::PyObject,
    proxy: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    #[link(wasm_import_module = "ferropy")]
    unsafe extern "C" {
        /// The address of the object behind a PyProxy; 0 if it threw.
        safe fn js_unwrap(value: Slot) -> *mut ffi::PyObject;
    }
    // SAFETY: METH_O gives a live argument; a live PyProxy keeps its object alive.
    unsafe {
        let object = super::slot_of(proxy).map_or(null_mut(), |slot| js_unwrap(slot));
        if object.is_null() {
            let Raised = errors::raise_js_error();
            return null_mut();
        }
        ffi::Py_NewRef(object)
    }
}

/// Neither a pickle nor a copy can hold a JavaScript value.
unsafe extern "C" fn refuse_pickle(
    _: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: a static exception class.
    let Raised = unsafe {
        py::raise_new(
            ffi::PyExc_TypeError,
            "a JsProxy can be neither pickled nor copied: its value lives in JavaScript (hint: \
             .to_py() copies arrays, maps, sets, buffers and plain objects into Python)",
        )
    };
    null_mut()
}

unsafe extern "C" fn type_of(object: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    // SAFETY: getter of the type.
    py::into_c(unsafe { operation(c"typeof", &fields(object).value) })
}

/// An operation without arguments, by its name.
pub fn operation(name: &std::ffi::CStr, value: &JsRef) -> Result<Object> {
    let name = py::string(name.to_str().unwrap_or_default())?;
    let name = wire::text_to_js(&name)?;
    let mut out = Record::default();
    let status = js_operate(name.slot(), value.slot(), std::ptr::null(), 0, &raw mut out);
    // SAFETY: the import filled `out`.
    unsafe { wire::finish(status, &out) }
}

fn method(
    name: &'static std::ffi::CStr,
    function: ffi::PyMethodDefPointer,
    flags: c_int,
    doc: &'static std::ffi::CStr,
) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: function,
        ml_flags: flags,
        ml_doc: doc.as_ptr(),
    }
}

/// The methods of all proxies. CPython keeps pointers to the table.
pub(super) fn base(error: bool) -> *mut ffi::PyMethodDef {
    use ffi::PyMethodDefPointer as Pointer;
    let plain = |function| Pointer {
        PyCFunction: function,
    };
    let keywords = |function| Pointer {
        PyCFunctionWithKeywords: function,
    };
    let with_keywords = ffi::METH_VARARGS | ffi::METH_KEYWORDS;
    Box::leak(Box::new([
        method(
            c"to_py",
            keywords(to_py),
            with_keywords,
            c"to_py(*, depth=-1, default_converter=None)\n--\n\nCopy arrays, maps, sets, buffers and \
              plain objects into Python, `depth` levels deep (default: all).",
        ),
        method(
            c"bind_sig",
            plain(bind_signature::<false>),
            ffi::METH_O,
            c"bind_sig(signature)\n--\n\nThe same function, whose arguments and result are \
              converted as the annotations of a Python function say.",
        ),
        method(
            c"bind_class",
            plain(bind_signature::<true>),
            ffi::METH_O,
            c"bind_class(class)\n--\n\nThe same object, whose methods and properties are converted \
              as the annotations of a Python class say.",
        ),
        method(
            c"object_entries",
            plain(plain_method::<0>),
            ffi::METH_NOARGS,
            c"object_entries()\n--\n\nJavaScript's Object.entries(value).",
        ),
        method(
            c"object_keys",
            plain(plain_method::<1>),
            ffi::METH_NOARGS,
            c"object_keys()\n--\n\nJavaScript's Object.keys(value).",
        ),
        method(
            c"object_values",
            plain(plain_method::<2>),
            ffi::METH_NOARGS,
            c"object_values()\n--\n\nJavaScript's Object.values(value).",
        ),
        method(
            c"to_weakref",
            plain(plain_method::<3>),
            ffi::METH_NOARGS,
            c"to_weakref()\n--\n\nA JavaScript WeakRef of the value.",
        ),
        method(c"__dir__", plain(dir), ffi::METH_NOARGS, c"Names of properties."),
        method(
            c"__reduce_ex__",
            plain(if error { exception::REDUCE } else { refuse_pickle }),
            ffi::METH_O,
            c"What copies and pickles are made from, if there can be any.",
        ),
        ffi::PyMethodDef::zeroed(),
    ]))
    .as_mut_ptr()
}

/// The native methods for abilities.
pub(super) fn of(flags: u32) -> *mut ffi::PyMethodDef {
    use ffi::PyMethodDefPointer as Pointer;
    let mut methods = Vec::new();
    if flags & flag::IS_CALLABLE != 0 {
        methods.push(method(
            c"new",
            Pointer {
                PyCFunctionFastWithKeywords: call::new_method,
            },
            ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
            c"new(*args, **kwargs)\n--\n\nConstruct: JavaScript's `new value(...)`.",
        ));
    }
    if flags & (flag::IS_ITERATOR | flag::IS_GENERATOR) != 0 {
        methods.push(method(
            c"send",
            Pointer {
                PyCFunction: protocols::send,
            },
            ffi::METH_O,
            c"send(value)\n--\n\nResume with a value: JavaScript's `next(value)`.",
        ));
    }
    if flags & NO_MAPPING == 0 || flags & (flag::IS_ARRAY | flag::IS_ARRAY_LIKE) != 0 {
        methods.push(method(
            c"as_py_json",
            Pointer {
                PyCFunction: as_py_json,
            },
            ffi::METH_NOARGS,
            c"as_py_json()\n--\n\nThe same value with the interface of what json.loads() gives: \
              plain objects as dicts, arrays as lists.",
        ));
    }
    if flags & NO_MAPPING == 0 {
        methods.push(method(
            c"as_object_map",
            Pointer {
                PyCFunctionWithKeywords: as_object_map,
            },
            ffi::METH_VARARGS | ffi::METH_KEYWORDS,
            c"as_object_map(*, hereditary=False)\n--\n\nThe same object as a mapping of its \
              property names; with `hereditary` its objects too.",
        ));
    }
    methods.push(ffi::PyMethodDef::zeroed());
    methods.leak().as_mut_ptr()
}

/// The computed attributes of all proxies.
pub(super) fn getters(error: bool) -> *mut ffi::PyGetSetDef {
    let getter =
        |name: &'static std::ffi::CStr, get, doc: &'static std::ffi::CStr| ffi::PyGetSetDef {
            name: name.as_ptr(),
            get: Some(get),
            set: None,
            doc: doc.as_ptr(),
            closure: null_mut(),
        };
    let mut getters = Vec::from([
        getter(c"typeof", type_of, c"JavaScript's `typeof value`."),
        getter(
            c"js_id",
            protocols::id,
            c"A number that is the same for all proxies of one value, and for no other's.",
        ),
        getter(
            c"_sig",
            signature,
            c"What bind_sig() or bind_class() was given, or None.",
        ),
    ]);
    if error {
        getters.push(exception::js_error_getter());
    }
    getters.push(ffi::PyGetSetDef {
        name: std::ptr::null(),
        get: None,
        set: None,
        doc: std::ptr::null(),
        closure: null_mut(),
    });
    getters.leak().as_mut_ptr()
}

/// Adds the methods that are written in Python.
pub(super) fn mix_in(class: &Object, flags: u32) -> Result<()> {
    const PLAIN: u32 = flag::IS_CALLABLE | flag::HAS_LENGTH | flag::HAS_INCLUDES | flag::HAS_HAS;
    if flags & !PLAIN == 0 {
        return Ok(());
    }
    py::import(c"pyodide._proxies")?
        .call_method(c"mix_in", &[class])
        .map(drop)
}
