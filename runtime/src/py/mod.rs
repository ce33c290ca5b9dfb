//! A thin safe layer over CPython's C API.
//!
//! NULL and -1 become [`Err`] here and nowhere else: an `Err(Raised)` means
//! that a Python exception is set on the current thread and that the caller
//! must pass it on, clear it or take it. Nothing in this module talks to
//! JavaScript.
//!
//! All functions need the GIL. ferropy has one thread and takes the GIL once,
//! at start-up, so every call from JavaScript already holds it.

use std::ffi::CStr;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

/// Marks that a Python exception is set on the current thread.
#[derive(Debug)]
pub struct Raised;

/// The result of an operation that may have raised a Python exception.
pub type Result<T> = std::result::Result<T, Raised>;

/// An owned (strong) reference to a Python object.
#[derive(Debug)]
pub struct Object(NonNull<ffi::PyObject>);

impl Object {
    /// Takes ownership of a new reference; NULL means that an exception is set.
    ///
    /// # Safety
    /// `ptr` is NULL with an exception set, or a strong reference that the
    /// caller gives away.
    pub unsafe fn from_new(ptr: *mut ffi::PyObject) -> Result<Self> {
        NonNull::new(ptr).map(Self).ok_or(Raised)
    }

    /// Makes a strong reference from a borrowed one; NULL means that an
    /// exception is set.
    ///
    /// # Safety
    /// `ptr` is NULL with an exception set, or points to a live object.
    pub unsafe fn from_borrowed(ptr: *mut ffi::PyObject) -> Result<Self> {
        let ptr = NonNull::new(ptr).ok_or(Raised)?;
        // SAFETY: the caller says that the object is live.
        unsafe { ffi::Py_INCREF(ptr.as_ptr()) };
        Ok(Self(ptr))
    }

    /// The borrowed pointer, valid while `self` lives.
    #[must_use]
    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        self.0.as_ptr()
    }

    /// Gives the reference away, for C functions that steal it or for storage
    /// on the JavaScript side.
    #[must_use]
    pub fn into_ptr(self) -> *mut ffi::PyObject {
        let ptr = self.0.as_ptr();
        std::mem::forget(self);
        ptr
    }

    /// Python's `None`.
    #[must_use]
    pub fn none() -> Self {
        // SAFETY: None is a live, immortal object.
        unsafe { Self(NonNull::new_unchecked(ffi::Py_None())) }
    }

    /// Whether this is `None`.
    #[must_use]
    pub fn is_none(&self) -> bool {
        // SAFETY: comparing pointers only.
        self.as_ptr() == unsafe { ffi::Py_None() }
    }

    /// `getattr(self, name)`.
    pub fn getattr(&self, name: &CStr) -> Result<Self> {
        // SAFETY: both pointers are live for the call.
        unsafe { Self::from_new(ffi::PyObject_GetAttrString(self.as_ptr(), name.as_ptr())) }
    }

    /// `self(*args)`.
    pub fn call(&self, args: &[&Self]) -> Result<Self> {
        let pointers: Vec<_> = args.iter().map(|arg| arg.as_ptr()).collect();
        // SAFETY: the pointers are live for the call and their count is given.
        unsafe {
            Self::from_new(ffi::PyObject_Vectorcall(
                self.as_ptr(),
                pointers.as_ptr(),
                pointers.len(),
                std::ptr::null_mut(),
            ))
        }
    }

    /// `self(*arguments, **keywords)` with a tuple and a dict.
    pub fn call_with(&self, arguments: &Self, keywords: &Self) -> Result<Self> {
        // SAFETY: all live for the call; their types are the caller's word, and
        // CPython checks them.
        unsafe {
            Self::from_new(ffi::PyObject_Call(
                self.as_ptr(),
                arguments.as_ptr(),
                keywords.as_ptr(),
            ))
        }
    }

    /// `self.name(*args)`.
    pub fn call_method(&self, name: &CStr, args: &[&Self]) -> Result<Self> {
        self.getattr(name)?.call(args)
    }

    /// `str(self)`.
    pub fn to_str(&self) -> Result<Self> {
        // SAFETY: live pointer.
        unsafe { Self::from_new(ffi::PyObject_Str(self.as_ptr())) }
    }

    /// `repr(self)`.
    pub fn to_repr(&self) -> Result<Self> {
        // SAFETY: live pointer.
        unsafe { Self::from_new(ffi::PyObject_Repr(self.as_ptr())) }
    }

    /// Whether `type(self)` is `class` or a subclass of it.
    #[must_use]
    pub fn is_instance_of(&self, class: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: both are live; PyType_IsSubtype cannot fail.
        unsafe { ffi::PyType_IsSubtype(ffi::Py_TYPE(self.as_ptr()), class) != 0 }
    }
}

impl Clone for Object {
    fn clone(&self) -> Self {
        // SAFETY: self keeps the object alive.
        unsafe { ffi::Py_INCREF(self.as_ptr()) };
        Self(self.0)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: this is the strong reference that self owns.
        unsafe { ffi::Py_DECREF(self.as_ptr()) };
    }
}

/// Turns a C status (-1 with an exception set) into a [`Result`].
pub fn check(status: std::ffi::c_int) -> Result<()> {
    if status < 0 { Err(Raised) } else { Ok(()) }
}

/// Turns a C size (-1 with an exception set) into a [`Result`].
pub fn check_size(size: ffi::Py_ssize_t) -> Result<usize> {
    usize::try_from(size).map_err(|_| Raised)
}

/// Imports a module by its dotted name.
pub fn import(name: &CStr) -> Result<Object> {
    // Not PyImport_ImportModule: it asks the running code's namespace for __import__, and that can be any dict.
    let name = string(name.to_str().unwrap_or_default())?;
    // SAFETY: live objects; a list of names makes the import return the submodule itself.
    unsafe {
        let known = ffi::PyImport_GetModule(name.as_ptr());
        if !known.is_null() {
            return Object::from_new(known);
        }
        if !ffi::PyErr_Occurred().is_null() {
            return Err(Raised);
        }
        let names = tuple(1)?;
        ffi::PyTuple_SetItem(names.as_ptr(), 0, string("__name__")?.into_ptr());
        Object::from_new(ffi::PyImport_ImportModuleLevelObject(
            name.as_ptr(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            names.as_ptr(),
            0,
        ))
    }
}

/// A new `str`.
pub fn string(text: &str) -> Result<Object> {
    // SAFETY: pointer and length describe `text`.
    unsafe {
        Object::from_new(ffi::PyUnicode_FromStringAndSize(
            text.as_ptr().cast(),
            text.len() as ffi::Py_ssize_t,
        ))
    }
}

/// A new, empty `dict`.
pub fn dict() -> Result<Object> {
    // SAFETY: no arguments.
    unsafe { Object::from_new(ffi::PyDict_New()) }
}

/// A new `tuple` of `length` NULLs, to be filled before anyone else sees it.
pub fn tuple(length: usize) -> Result<Object> {
    // SAFETY: no pointers.
    unsafe { Object::from_new(ffi::PyTuple_New(length as ffi::Py_ssize_t)) }
}

/// An attribute of the module `sys`, such as `stdout`.
pub fn sys(name: &CStr) -> Result<Object> {
    import(c"sys")?.getattr(name)
}

/// `dict[key] = value` with a C string key.
pub fn dict_set(dict: &Object, key: &CStr, value: &Object) -> Result<()> {
    // SAFETY: all live for the call; the dict takes its own references.
    check(unsafe { ffi::PyDict_SetItemString(dict.as_ptr(), key.as_ptr(), value.as_ptr()) })
}

/// A Rust copy of a `str`'s text; lone surrogates become U+FFFD.
pub fn text(string: &Object) -> Result<String> {
    // SAFETY: live pointer; "surrogatepass" keeps lone surrogates encodable.
    let bytes = unsafe {
        Object::from_new(ffi::PyUnicode_AsEncodedString(
            string.as_ptr(),
            c"utf-8".as_ptr(),
            c"surrogatepass".as_ptr(),
        ))?
    };
    // SAFETY: `bytes` is a bytes object and lives until the copy is made.
    let slice = unsafe {
        std::slice::from_raw_parts(
            ffi::PyBytes_AsString(bytes.as_ptr()).cast::<u8>(),
            ffi::PyBytes_Size(bytes.as_ptr()) as usize,
        )
    };
    Ok(String::from_utf8_lossy(slice).into_owned())
}

/// Takes the current exception off the thread, normalised, with its traceback.
///
/// Returns a `SystemError` instance if none is set, so that a caller who was
/// told [`Raised`] always gets an exception.
#[must_use]
pub fn take_exception() -> Object {
    if let Some(exception) = take_pending() {
        return exception;
    }
    // SAFETY: the class is live; the following take has an exception to take.
    unsafe {
        ffi::PyErr_SetString(
            ffi::PyExc_SystemError,
            c"an operation failed without setting an exception".as_ptr(),
        );
        Object(NonNull::new_unchecked(ffi::PyErr_GetRaisedException()))
    }
}

/// Takes the current exception off the thread if there is one.
#[must_use]
pub fn take_pending() -> Option<Object> {
    // SAFETY: needs only the GIL; the result is a strong reference or NULL.
    NonNull::new(unsafe { ffi::PyErr_GetRaisedException() }).map(Object)
}

/// Sets `exception` as the current one and says [`Raised`].
pub fn raise(exception: Object) -> Raised {
    // SAFETY: the function steals the reference that into_ptr gives.
    unsafe { ffi::PyErr_SetRaisedException(exception.into_ptr()) };
    Raised
}

/// Raises `class(message)`.
///
/// # Safety
/// `class` is one of CPython's static exception classes.
pub unsafe fn raise_new(class: *mut ffi::PyObject, message: &str) -> Raised {
    match string(message) {
        // SAFETY: the caller says that the class is live.
        Ok(message) => unsafe { ffi::PyErr_SetObject(class, message.as_ptr()) },
        Err(Raised) => {}
    }
    Raised
}

/// The last step of a C callback: an owned pointer, or NULL with an exception.
#[must_use]
pub fn into_c(result: Result<Object>) -> *mut ffi::PyObject {
    result.map_or(std::ptr::null_mut(), Object::into_ptr)
}

/// The last step of an export that gives an object's address: NULL after storing the exception.
#[must_use]
pub fn into_c_stored(result: Result<Object>) -> *mut ffi::PyObject {
    result.map_or_else(
        |raised| {
            crate::errors::store_for_js(raised);
            std::ptr::null_mut()
        },
        Object::into_ptr,
    )
}
