//! The types of proxies: one per set of abilities, made when the first such value comes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::{Fields, JsException, JsProxy, attributes, call, exception, flag, methods, protocols};
use crate::py::{self, Object, Result};

type Class = *mut ffi::PyTypeObject;

thread_local! {
    static METACLASS: Cell<Class> = const { Cell::new(null_mut()) };
    static BASE: Cell<Class> = const { Cell::new(null_mut()) };
    static LAST: Cell<(u32, Class)> = const { Cell::new((u32::MAX, null_mut())) };
    static CLASSES: RefCell<HashMap<u32, Class>> = RefCell::new(HashMap::new());
}

/// Whether an object is a proxy of a JavaScript value.
///
/// # Safety
/// `object` is live.
#[must_use]
pub unsafe fn is_proxy(object: *mut ffi::PyObject) -> bool {
    // SAFETY: a live object's type is live, and so is that one's.
    unsafe { ffi::Py_TYPE(ffi::Py_TYPE(object).cast()) == METACLASS.get() }
}

/// The type for a set of abilities.
pub(super) fn of(flags: u32) -> Result<Class> {
    let (last, class) = LAST.get();
    if last == flags {
        return Ok(class);
    }
    let known = CLASSES.with_borrow(|classes| classes.get(&flags).copied());
    let class = match known {
        Some(class) => class,
        None => {
            let class = make(flags)?.into_ptr().cast();
            CLASSES.with_borrow_mut(|classes| classes.insert(flags, class));
            class
        }
    };
    LAST.set((flags, class));
    Ok(class)
}

/// Collects the slots of a type.
pub(super) struct Slots(Vec<ffi::PyType_Slot>);

impl Slots {
    pub(super) fn add(&mut self, slot: c_int, function: *mut c_void) {
        self.0.push(ffi::PyType_Slot {
            slot,
            pfunc: function,
        });
    }
}

fn member(name: &'static std::ffi::CStr, offset: usize) -> ffi::PyMemberDef {
    ffi::PyMemberDef {
        name: name.as_ptr(),
        type_code: ffi::Py_T_PYSSIZET,
        offset: offset as ffi::Py_ssize_t,
        flags: ffi::Py_READONLY,
        doc: std::ptr::null(),
    }
}

const NO_MEMBER: ffi::PyMemberDef = ffi::PyMemberDef {
    name: std::ptr::null(),
    type_code: 0,
    offset: 0,
    flags: 0,
    doc: std::ptr::null(),
};

/// The slots of the base type, which errors have too.
fn base_slots(slots: &mut Slots, error: bool) {
    slots.add(ffi::Py_tp_getattro, attributes::get as *mut c_void);
    slots.add(ffi::Py_tp_setattro, attributes::set as *mut c_void);
    slots.add(ffi::Py_tp_repr, protocols::repr as *mut c_void);
    slots.add(ffi::Py_tp_str, protocols::repr as *mut c_void);
    slots.add(ffi::Py_tp_richcompare, protocols::compare as *mut c_void);
    slots.add(
        ffi::Py_tp_hash,
        ffi::PyObject_HashNotImplemented as *mut c_void,
    );
    slots.add(ffi::Py_nb_bool, protocols::truth as *mut c_void);
    slots.add(ffi::Py_tp_methods, methods::base(error).cast());
    slots.add(ffi::Py_tp_getset, methods::getters(error).cast());
}

unsafe fn create(
    name: &'static std::ffi::CStr,
    size: usize,
    flags: std::ffi::c_ulong,
    mut slots: Slots,
    base: *mut ffi::PyObject,
) -> Result<Object> {
    slots.add(0, null_mut());
    // CPython refers to the tables in it for as long as the type lives.
    let slots = slots.0.leak();
    let mut spec = ffi::PyType_Spec {
        name: name.as_ptr(),
        basicsize: size as c_int,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | flags) as u32,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the spec is complete; the base is live or NULL.
    unsafe {
        Object::from_new(ffi::PyType_FromMetaclass(
            METACLASS.get(),
            null_mut(),
            &raw mut spec,
            base,
        ))
    }
}

fn make(flags: u32) -> Result<Object> {
    let mut slots = Slots(Vec::new());
    protocols::add(&mut slots, flags);
    slots.add(ffi::Py_tp_methods, methods::of(flags).cast());
    // What `match` statements take for sequences and mappings.
    let mut type_flags = if flags & flag::SEQUENCES != 0 {
        ffi::Py_TPFLAGS_SEQUENCE
    } else if flags & (flag::IS_PY_JSON_DICT | flag::IS_OBJECT_MAP) != 0 || is_mapping(flags) {
        ffi::Py_TPFLAGS_MAPPING
    } else {
        0
    };
    if flags & flag::IS_CALLABLE != 0 {
        type_flags |= ffi::Py_TPFLAGS_HAVE_VECTORCALL;
        slots.add(ffi::Py_tp_call, ffi::PyVectorcall_Call as *mut c_void);
        slots.add(ffi::Py_tp_descr_get, call::bind as *mut c_void);
        let offset = offset_of!(JsProxy, fields) + offset_of!(Fields, vectorcall);
        let members = Box::leak(Box::new([
            member(c"__vectorcalloffset__", offset),
            NO_MEMBER,
        ]));
        slots.add(ffi::Py_tp_members, members.as_mut_ptr().cast());
    }
    // SAFETY: the base was made by `init`.
    let class = unsafe {
        create(
            c"pyodide.ffi.JsProxy",
            size_of::<JsProxy>(),
            type_flags,
            slots,
            BASE.get().cast(),
        )?
    };
    mark(&class, flags)?;
    methods::mix_in(&class, flags)?;
    Ok(class)
}

/// Whether a value maps keys to values.
fn is_mapping(flags: u32) -> bool {
    let needed = flag::HAS_GET | flag::HAS_LENGTH | flag::IS_ITERABLE;
    flags & needed == needed
}

fn mark(class: &Object, flags: u32) -> Result<()> {
    // SAFETY: a live type.
    unsafe {
        let flags = Object::from_new(ffi::PyLong_FromUnsignedLong(flags.into()))?;
        py::check(ffi::PyObject_SetAttrString(
            class.as_ptr(),
            c"_js_type_flags".as_ptr(),
            flags.as_ptr(),
        ))
    }
}

/// The sets of abilities of which one makes a type's instance; `None` for other types.
unsafe fn alternatives(class: *mut ffi::PyObject) -> Result<Option<Vec<u32>>> {
    // SAFETY: the class is live; so are a tuple's items.
    unsafe {
        if ffi::Py_TYPE(class) != METACLASS.get()
            && ffi::PyType_IsSubtype(ffi::Py_TYPE(class), METACLASS.get()) == 0
        {
            return Ok(None);
        }
        let flags = Object::from_borrowed(class)?.getattr(c"_js_type_flags")?;
        let number = |object: *mut ffi::PyObject| ffi::PyLong_AsUnsignedLongMask(object) as u32;
        if ffi::PyTuple_Check(flags.as_ptr()) == 0 {
            return Ok(Some(vec![number(flags.as_ptr())]));
        }
        let count = ffi::PyTuple_GET_SIZE(flags.as_ptr());
        let items = (0..count).map(|index| number(ffi::PyTuple_GET_ITEM(flags.as_ptr(), index)));
        Ok(Some(items.collect()))
    }
}

unsafe fn is_subclass(class: *mut ffi::PyObject, other: *mut ffi::PyObject) -> Result<bool> {
    // SAFETY: live objects.
    unsafe {
        if ffi::PyType_Check(other) != 0 && ffi::PyType_IsSubtype(other.cast(), class.cast()) != 0 {
            return Ok(true);
        }
        let Some(wanted) = alternatives(class)? else {
            return Ok(false);
        };
        let given = if protocols::array_iterator::is_class(other.cast()) {
            vec![flag::IS_ITERATOR | flag::IS_ITERABLE]
        } else if let Some(given) = alternatives(other)? {
            given
        } else {
            return Ok(false);
        };
        Ok(given
            .iter()
            .all(|given| wanted.iter().any(|wanted| given & wanted == *wanted)))
    }
}

fn answer(result: Result<bool>) -> *mut ffi::PyObject {
    // SAFETY: no pointers.
    py::into_c(result.and_then(|yes| unsafe { Object::from_new(ffi::PyBool_FromLong(yes.into())) }))
}

unsafe extern "C" fn subclass_check(
    class: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: METH_O gives live arguments.
    answer(unsafe { is_subclass(class, other) })
}

unsafe extern "C" fn instance_check(
    class: *mut ffi::PyObject,
    object: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: METH_O gives live arguments.
    answer(unsafe { is_subclass(class, ffi::Py_TYPE(object).cast()) })
}

unsafe extern "C" fn refuse_new(
    class: *mut ffi::PyTypeObject,
    _: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: a live type.
    let name = unsafe { Object::from_borrowed(class.cast()) }
        .and_then(|class| py::text(&class.getattr(c"__name__")?))
        .unwrap_or_default();
    // SAFETY: a static exception class.
    let py::Raised = unsafe {
        py::raise_new(
            ffi::PyExc_TypeError,
            &format!(
                "{name} cannot be instantiated: JavaScript makes these objects (hint: \
                 pyodide.code.run_js, pyodide.ffi.to_js, or `new` of a JavaScript class)"
            ),
        )
    };
    null_mut()
}

unsafe extern "C" fn dealloc(object: *mut ffi::PyObject) {
    // SAFETY: the last reference is gone; the fields were written when the proxy was made.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let fields = &raw mut (*object.cast::<JsProxy>()).fields;
        if !(*fields).weak_references.is_null() {
            ffi::PyObject_ClearWeakRefs(object);
        }
        release(fields);
        (*class).tp_free.expect("a ready type has tp_free")(object.cast());
        ffi::Py_DECREF(class.cast());
    }
}

/// Gives back what the fields own.
///
/// # Safety
/// They are not used again.
pub(super) unsafe fn release(fields: *mut Fields) {
    // SAFETY: passed on; the pointers are owned or NULL.
    unsafe {
        ffi::Py_XDECREF((*fields).owner);
        ffi::Py_XDECREF((*fields).signature);
        ffi::Py_XDECREF((*fields).dict);
        std::ptr::drop_in_place(&raw mut (*fields).value);
    }
}

/// Creates `JsProxy` and `JsException`; called once at start-up.
pub fn init() -> Result<(Object, Object)> {
    let checks = Box::leak(Box::new([
        ffi::PyMethodDef {
            ml_name: c"__instancecheck__".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunction: instance_check,
            },
            ml_flags: ffi::METH_O,
            ml_doc: std::ptr::null(),
        },
        ffi::PyMethodDef {
            ml_name: c"__subclasscheck__".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunction: subclass_check,
            },
            ml_flags: ffi::METH_O,
            ml_doc: std::ptr::null(),
        },
        ffi::PyMethodDef::zeroed(),
    ]));
    let mut slots = [
        (ffi::Py_tp_methods, checks.as_mut_ptr().cast()),
        (
            ffi::Py_tp_doc,
            c"Answers isinstance() by what a JavaScript value can do."
                .as_ptr()
                .cast_mut()
                .cast(),
        ),
        (0, null_mut()),
    ]
    .map(|(slot, pfunc)| ffi::PyType_Slot { slot, pfunc });
    let mut spec = ffi::PyType_Spec {
        name: c"pyodide.ffi.JsProxyMeta".as_ptr(),
        basicsize: 0,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_BASETYPE) as u32,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the spec is complete; the metaclass's base is `type`.
    unsafe {
        let metaclass = Object::from_new(ffi::PyType_FromSpecWithBases(
            &raw mut spec,
            (&raw mut ffi::PyType_Type).cast(),
        ))?;
        METACLASS.set(metaclass.into_ptr().cast());
        let mut slots = Slots(Vec::new());
        base_slots(&mut slots, false);
        let start = offset_of!(JsProxy, fields);
        let members = Box::leak(Box::new([
            member(c"__dictoffset__", start + offset_of!(Fields, dict)),
            member(
                c"__weaklistoffset__",
                start + offset_of!(Fields, weak_references),
            ),
            NO_MEMBER,
        ]));
        slots.add(ffi::Py_tp_members, members.as_mut_ptr().cast());
        slots.add(ffi::Py_tp_dealloc, dealloc as *mut c_void);
        slots.add(ffi::Py_tp_new, refuse_new as *mut c_void);
        let base = create(
            c"pyodide.ffi.JsProxy",
            size_of::<JsProxy>(),
            ffi::Py_TPFLAGS_BASETYPE,
            slots,
            null_mut(),
        )?;
        mark(&base, 0)?;
        BASE.set(base.clone().into_ptr().cast());

        let mut slots = Slots(Vec::new());
        base_slots(&mut slots, true);
        exception::add(&mut slots);
        let error = create(
            c"pyodide.ffi.JsException",
            size_of::<JsException>(),
            ffi::Py_TPFLAGS_BASETYPE | ffi::Py_TPFLAGS_HAVE_GC,
            slots,
            ffi::PyExc_Exception,
        )?;
        mark(&error, flag::IS_ERROR)?;
        exception::set_class(&error);
        Ok((base, error))
    }
}
