//! JavaScript → Python: builds Python containers from a tape.

use std::ffi::c_int;
use std::ptr::null_mut;
use std::slice;

use pyo3_ffi as ffi;

use super::op;
use crate::errors;
use crate::jsproxy;
use crate::jsref::{JsRef, Slot};
use crate::number;
use crate::py::{self, Object, Raised, Result};
use crate::wire::{self, Record, tag};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// Copies a value, `depth` levels deep, with a default converter or `undefined`.
    safe fn js_encode(
        value: Slot,
        depth: c_int,
        converter: *const Record,
        out: *mut Record,
    ) -> c_int;
    /// Copies a typed array's bytes to an address.
    safe fn js_copy_buffer(value: Slot, into: *mut u8);
}

/// Copies a JavaScript value, `depth` levels deep (negative: all); `converter` is asked about objects
/// that have no counterpart.
pub fn from_js(value: &JsRef, depth: c_int, converter: Option<&Object>) -> Result<Object> {
    let mut record = Record::default();
    let mut out = Record::default();
    // SAFETY: the converter is live for the call; the import fills `out`.
    unsafe {
        if let Some(converter) = converter {
            wire::write(&mut record, converter.as_ptr())?;
        }
        let status = js_encode(value.slot(), depth, &raw const record, &raw mut out);
        wire::finish(status, &out)
    }
}

enum Frame {
    Root,
    List(Object),
    Set(Object),
    /// A Map's dict and the key that waits for its value.
    Map(Object, Option<Object>),
    /// A plain object's dict.
    Record(Object, Option<Object>),
}

/// The stack machine. JavaScript owns it while a conversion lasts.
pub struct Builder {
    stack: Vec<Frame>,
    /// What REF refers to.
    known: Vec<Object>,
    keys: Vec<Object>,
    /// The finished value of the innermost root.
    result: Option<Object>,
}

/// A new machine.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_builder_new() -> *mut Builder {
    Box::into_raw(Box::new(Builder {
        stack: Vec::new(),
        known: Vec::new(),
        keys: Vec::new(),
        result: None,
    }))
}

/// Ends a machine.
///
/// # Safety
/// It comes from [`ferropy_builder_new`] and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_builder_free(builder: *mut Builder) {
    // SAFETY: passed on.
    drop(unsafe { Box::from_raw(builder) });
}

/// Runs `words` words of a tape.
///
/// # Safety
/// The machine is live; JavaScript wrote the tape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_build(
    builder: *mut Builder,
    tape: *const u64,
    words: usize,
) -> c_int {
    // SAFETY: passed on.
    unsafe {
        let tape = slice::from_raw_parts(tape, words);
        let done = (*builder)
            .run(tape)
            .map_err(|Raised| errors::located(&(*builder).path()));
        wire::status(done)
    }
}

/// Hands out the value of the innermost root, as a record.
///
/// # Safety
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_builder_result(builder: *mut Builder, out: *mut Record) -> c_int {
    // SAFETY: passed on.
    unsafe {
        let result = (*builder).result.take().ok_or(Raised);
        wire::write_result(out, result)
    }
}

/// Hands out that value as a strong reference.
///
/// # Safety
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_builder_object(builder: *mut Builder) -> *mut ffi::PyObject {
    // SAFETY: passed on.
    py::into_c_stored(unsafe { (*builder).result.take().ok_or(Raised) })
}

impl Builder {
    unsafe fn run(&mut self, tape: &[u64]) -> Result<()> {
        let mut at = 0;
        while at < tape.len() {
            let word = tape[at];
            let (operation, aux) = (word as u32, (word >> 32) as u32);
            at += 1;
            // SAFETY: the tape's words are what the operations say.
            unsafe {
                match operation {
                    op::RUN => {
                        let count = aux as usize;
                        let numbers = tape[at..at + count]
                            .iter()
                            .map(|bits| number::from_f64(f64::from_bits(*bits)));
                        if let Some(Frame::List(list)) = self.stack.last() {
                            for number in numbers {
                                py::check(ffi::PyList_Append(list.as_ptr(), number?.as_ptr()))?;
                            }
                        } else {
                            for number in numbers {
                                self.add(number?)?;
                            }
                        }
                        at += count;
                    }
                    tag::STRING | op::KEY => {
                        let length = tape[at] as usize;
                        let units = tape[at + 1..].as_ptr().cast::<u16>();
                        at += 1 + length.div_ceil(4);
                        let text = wire::text_from_units(units, length, aux)?;
                        if operation == op::KEY {
                            self.keys.push(text.clone());
                        }
                        self.add(text)?;
                    }
                    op::KEY_REF => {
                        let key = self.keys[aux as usize].clone();
                        self.add(key)?;
                    }
                    op::ARRAY => {
                        let list = Object::from_new(ffi::PyList_New(0))?;
                        self.begin(list, Frame::List);
                    }
                    op::SET => {
                        let set = Object::from_new(ffi::PySet_New(null_mut()))?;
                        self.begin(set, Frame::Set);
                    }
                    op::MAP => self.begin(py::dict()?, |dict| Frame::Map(dict, None)),
                    op::RECORD => self.begin(py::dict()?, |dict| Frame::Record(dict, None)),
                    op::ROOT => self.stack.push(Frame::Root),
                    op::END => self.end()?,
                    op::REF => {
                        let known = self.known[aux as usize].clone();
                        self.add(known)?;
                    }
                    op::CACHE => {
                        let object = Object::from_borrowed(aux as *mut ffi::PyObject)?;
                        self.known.push(object);
                    }
                    op::BUFFER => {
                        let (format, size) = (tape[at] as u32, (tape[at] >> 32) as usize);
                        at += 1;
                        let buffer = buffer(aux, format, size)?;
                        self.known.push(buffer.clone());
                        self.add(buffer)?;
                    }
                    scalar => {
                        let mut record = Record {
                            tag: scalar,
                            aux,
                            low: 0,
                            high: 0,
                        };
                        if scalar == tag::VALUE {
                            record.low = tape[at] as u32;
                            at += 1;
                        }
                        self.add(wire::read(&record)?)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Where the machine is, for errors.
    fn path(&self) -> Vec<String> {
        let raised = py::take_exception();
        let places = self.stack.iter().filter_map(|frame| match frame {
            // SAFETY: a live list.
            Frame::List(list) => Some(unsafe { ffi::PyList_Size(list.as_ptr()) }.to_string()),
            Frame::Map(_, Some(key)) | Frame::Record(_, Some(key)) => {
                let name = key.to_repr().and_then(|repr| py::text(&repr));
                Some(name.unwrap_or_else(|Raised| {
                    drop(py::take_exception());
                    "?".to_owned()
                }))
            }
            _ => None,
        });
        let path = places.collect();
        let Raised = py::raise(raised);
        path
    }

    fn begin(&mut self, container: Object, frame: impl FnOnce(Object) -> Frame) {
        self.known.push(container.clone());
        self.stack.push(frame(container));
    }

    fn end(&mut self) -> Result<()> {
        match self.stack.pop() {
            Some(
                Frame::List(container)
                | Frame::Set(container)
                | Frame::Map(container, _)
                | Frame::Record(container, _),
            ) => self.add(container),
            _ => Ok(()),
        }
    }

    fn add(&mut self, value: Object) -> Result<()> {
        // SAFETY: all live; the containers take references of their own.
        unsafe {
            match self.stack.last_mut() {
                Some(Frame::List(list)) => {
                    py::check(ffi::PyList_Append(list.as_ptr(), value.as_ptr()))
                }
                Some(Frame::Record(dict, key)) => match key.take() {
                    None => {
                        *key = Some(value);
                        Ok(())
                    }
                    Some(key) => py::check(ffi::PyDict_SetItem(
                        dict.as_ptr(),
                        key.as_ptr(),
                        value.as_ptr(),
                    )),
                },
                Some(Frame::Map(dict, key)) => match key.take() {
                    None => {
                        distinct(
                            dict,
                            &value,
                            ffi::PyDict_Contains(dict.as_ptr(), hashable(&value)?),
                        )?;
                        *key = Some(value);
                        Ok(())
                    }
                    Some(key) => py::check(ffi::PyDict_SetItem(
                        dict.as_ptr(),
                        key.as_ptr(),
                        value.as_ptr(),
                    )),
                },
                Some(Frame::Set(set)) => {
                    distinct(
                        set,
                        &value,
                        ffi::PySet_Contains(set.as_ptr(), hashable(&value)?),
                    )?;
                    py::check(ffi::PySet_Add(set.as_ptr(), value.as_ptr()))
                }
                Some(Frame::Root) => {
                    self.stack.pop();
                    self.result = Some(value);
                    Ok(())
                }
                None => {
                    self.result = Some(value);
                    Ok(())
                }
            }
        }
    }
}

/// The pointer of a key, or the reason why it cannot be one.
fn hashable(key: &Object) -> Result<*mut ffi::PyObject> {
    // SAFETY: a live object.
    unsafe {
        if ffi::PyObject_Hash(key.as_ptr()) != -1 {
            return Ok(key.as_ptr());
        }
        if ffi::PyErr_ExceptionMatches(ffi::PyExc_TypeError) == 0 {
            return Err(Raised);
        }
        ffi::PyErr_Clear();
        let name = if jsproxy::is_proxy(key.as_ptr()) {
            py::text(
                &py::import(c"_ferropy")?.call_method(c"operate", &[&py::string("kind")?, key])?,
            )?
        } else {
            let class = Object::from_borrowed(ffi::Py_TYPE(key.as_ptr()).cast())?;
            py::text(&class.getattr(c"__name__")?)?
        };
        Err(errors::conversion_error(&format!(
            "unhashable: {name} cannot be a key of a Python dict or an element of a set (hint: convert a Map \
             with objects as keys, or a Set of objects, with a default converter)"
        )))
    }
}

fn distinct(container: &Object, key: &Object, contained: c_int) -> Result<()> {
    py::check(contained)?;
    if contained == 0 {
        return Ok(());
    }
    // SAFETY: live objects.
    let others = unsafe { Object::from_new(ffi::PySequence_List(container.as_ptr()))? };
    let index = py::text(&others.call_method(c"index", &[key])?.to_str()?)?;
    // SAFETY: as above; the index is that of an item.
    let other = unsafe {
        let index = index.parse().unwrap_or_default();
        Object::from_borrowed(ffi::PyList_GetItem(others.as_ptr(), index))?
    };
    let (one, two) = (py::text(&other.to_repr()?)?, py::text(&key.to_repr()?)?);
    Err(errors::conversion_error(&format!(
        "key collision: {one} and {two} are the same key in Python, though not in JavaScript"
    )))
}

/// A memoryview with a copy of a typed array, of the same format.
fn buffer(slot: Slot, format: u32, size: usize) -> Result<Object> {
    let value = JsRef::from_slot(slot)?;
    // SAFETY: the bytearray has `size` bytes of its own.
    let view = unsafe {
        let bytes = Object::from_new(ffi::PyByteArray_FromStringAndSize(
            std::ptr::null(),
            size as ffi::Py_ssize_t,
        ))?;
        js_copy_buffer(
            value.slot(),
            ffi::PyByteArray_AsString(bytes.as_ptr()).cast(),
        );
        Object::from_new(ffi::PyMemoryView_FromObject(bytes.as_ptr()))?
    };
    match char::from_u32(format) {
        Some('B') | None => Ok(view),
        Some(format) => {
            let mut text = [0; 4];
            view.call_method(c"cast", &[&py::string(format.encode_utf8(&mut text))?])
        }
    }
}
