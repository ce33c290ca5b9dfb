//! Python → JavaScript: walks Python containers and writes a tape.

use std::collections::HashSet;
use std::ffi::c_int;

use pyo3_ffi as ffi;

use super::op;
use crate::errors;
use crate::jsref::{JsRef, Slot};
use crate::py::{self, Object, Raised, Result};
use crate::pyproxy;
use crate::wire::{self, Record, tag};

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// Builds what the tape says; -1 if it threw.
    safe fn js_decode(decoder: Slot, tape: *const u64, words: usize) -> c_int;
    /// The finished value, in a slot.
    safe fn js_decoded(decoder: Slot) -> Slot;
    /// Whether the decoder has a copy of the object at this address.
    safe fn js_decoder_knows(decoder: Slot, object: *mut ffi::PyObject) -> bool;
}

/// Which converters a decoder has; the walk must ask them in time.
#[derive(Clone, Copy, Debug)]
pub struct Converters(u32);

impl Converters {
    const DEFAULT: u32 = 1;
    const EAGER: u32 = 2;
    const ASKED: u32 = 4;
    const PROXIES: u32 = 8;

    /// From the bits that `decode.ts` gives.
    #[must_use]
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    fn default(self) -> bool {
        self.0 & Self::DEFAULT != 0
    }

    fn eager(self) -> bool {
        self.0 & Self::EAGER != 0
    }

    /// Whether the eager converter has been asked about the object and wants the usual conversion.
    fn asked(self) -> bool {
        self.0 & Self::ASKED != 0
    }

    /// Whether the caller wants the proxies even of a copy that fails.
    fn wants_proxies(self) -> bool {
        self.0 & Self::PROXIES != 0
    }

    fn any(self) -> bool {
        self.0 & (Self::DEFAULT | Self::EAGER) != 0
    }
}

/// The tape is handed over when it has this many words, so that it stays in the processor's cache.
const PIECE: usize = 8192;

/// Deeper nesting is refused before the stack runs out.
const DEEPEST: u32 = 2000;

struct Walk {
    decoder: Slot,
    converters: Converters,
    tape: Vec<u64>,
    /// Addresses of the containers that are on the tape or beyond.
    seen: HashSet<*mut ffi::PyObject>,
    /// Texts on the tape.
    unread: wire::Unread,
    /// Objects whose storage the tape points into, if a converter could drop them.
    kept: Vec<Object>,
    /// The word that begins the run of numbers at the tape's end.
    run: Option<usize>,
    nesting: u32,
    /// Where an error happened: indices and keys, the innermost first.
    path: Vec<String>,
}

/// Copies `object` into the decoder in the slot `decoder`, `depth` levels deep (negative: all).
///
/// # Safety
/// `object` is live.
pub unsafe fn to_js(
    object: *mut ffi::PyObject,
    depth: c_int,
    decoder: Slot,
    converters: Converters,
) -> Result<JsRef> {
    let mut walk = Walk {
        decoder,
        converters,
        tape: Vec::with_capacity(256),
        unread: wire::Unread::begin(),
        seen: HashSet::new(),
        kept: Vec::new(),
        run: None,
        nesting: 0,
        path: Vec::new(),
    };
    // SAFETY: passed on.
    unsafe {
        if !walk.scalar(object)? {
            let eager = converters.eager() && !converters.asked();
            let done = walk.compound(object, depth, eager);
            if done.is_err() && converters.wants_proxies() {
                let exception = py::take_exception();
                if walk.flush().is_err() {
                    drop(py::take_exception());
                }
                let Raised = py::raise(exception);
            }
            walk.located(done)?;
        }
    }
    walk.flush()?;
    JsRef::from_slot(js_decoded(decoder))
}

impl Walk {
    fn flush(&mut self) -> Result<()> {
        self.run = None;
        if self.tape.is_empty() {
            return Ok(());
        }
        let status = js_decode(self.decoder, self.tape.as_ptr(), self.tape.len());
        self.tape.clear();
        self.unread.was_read();
        self.kept.clear();
        if status < 0 {
            return Err(errors::raise_js_error());
        }
        Ok(())
    }

    fn push(&mut self, operation: u32, aux: u32) {
        self.run = None;
        self.tape.push(u64::from(aux) << 32 | u64::from(operation));
    }

    /// A number, in a run with those before it.
    fn number(&mut self, bits: u64) {
        if let Some(start) = self.run {
            self.tape[start] += 1 << 32;
        } else {
            self.push(op::RUN, 1);
            self.run = Some(self.tape.len() - 1);
        }
        self.tape.push(bits);
    }

    unsafe fn scalar(&mut self, object: *mut ffi::PyObject) -> Result<bool> {
        let mut record = Record::default();
        // SAFETY: passed on.
        if !unsafe { wire::write_scalar(&mut record, object)? } {
            return Ok(false);
        }
        let payload = u64::from(record.high) << 32 | u64::from(record.low);
        match record.tag {
            tag::NUMBER => self.number(payload),
            tag::STRING => {
                self.push(record.tag, record.aux);
                self.tape.push(payload);
                if self.converters.any() {
                    // SAFETY: passed on.
                    self.kept.push(unsafe { Object::from_borrowed(object)? });
                }
            }
            _ => self.push(record.tag, record.aux),
        }
        Ok(true)
    }

    /// One value, at any depth.
    unsafe fn value(&mut self, object: *mut ffi::PyObject, depth: c_int) -> Result<()> {
        // SAFETY: passed on; checks of a live object.
        unsafe {
            if self.scalar(object)? {
                return Ok(());
            }
            self.compound(object, depth, self.converters.eager())
        }
    }

    /// A value that is no scalar; `eager` says whether the eager converter is asked.
    unsafe fn compound(
        &mut self,
        object: *mut ffi::PyObject,
        depth: c_int,
        eager: bool,
    ) -> Result<()> {
        // SAFETY: passed on.
        unsafe {
            if self.seen.contains(&object)
                || self.converters.any() && {
                    self.flush()?;
                    js_decoder_knows(self.decoder, object)
                }
            {
                self.push(op::REF, object as u32);
                return Ok(());
            }
            if eager {
                self.push(op::EAGER, object as u32);
                return self.flush();
            }
            if depth == 0 {
                return self.without_counterpart(object);
            }
            if self.tape.len() >= PIECE {
                self.flush()?;
            }
            self.container(object, depth - 1)
        }
    }

    /// An object that stays in Python, unless a converter knows better.
    unsafe fn without_counterpart(&mut self, object: *mut ffi::PyObject) -> Result<()> {
        if self.converters.default() {
            self.push(op::DEFAULT, object as u32);
            return self.flush();
        }
        // SAFETY: passed on.
        unsafe { self.proxy(object) }
    }

    unsafe fn proxy(&mut self, object: *mut ffi::PyObject) -> Result<()> {
        // SAFETY: passed on.
        let abilities = unsafe { pyproxy::abilities(object) };
        self.push(op::PROXY, object as u32);
        self.tape.push(abilities.into());
        // SAFETY: passed on.
        self.kept.push(unsafe { Object::from_borrowed(object)? });
        Ok(())
    }

    unsafe fn container(&mut self, object: *mut ffi::PyObject, depth: c_int) -> Result<()> {
        self.nesting += 1;
        if self.nesting > DEEPEST {
            // SAFETY: a static exception class.
            return Err(unsafe {
                py::raise_new(
                    ffi::PyExc_RecursionError,
                    "the value is nested too deeply to be copied to JavaScript",
                )
            });
        }
        // SAFETY: passed on; type checks of a live object.
        unsafe {
            if ffi::PyList_Check(object) != 0 {
                self.begin(op::ARRAY, object);
                self.list(object, depth)?;
            } else if ffi::PyTuple_Check(object) != 0 {
                self.begin(op::ARRAY, object);
                for index in 0..ffi::PyTuple_GET_SIZE(object) {
                    let done = self.value(ffi::PyTuple_GET_ITEM(object, index), depth);
                    self.at(done, || index.to_string())?;
                }
                self.push(op::END, 0);
            } else if ffi::PyDict_Check(object) != 0 {
                self.begin(op::MAP, object);
                self.dict(object, depth)?;
            } else if ffi::PySet_Check(object) != 0 {
                self.begin(op::SET, object);
                self.set(object)?;
            } else if ffi::PyObject_CheckBuffer(object) != 0 {
                self.push(op::BUFFER, object as u32);
                self.seen.insert(object);
                self.kept.push(Object::from_borrowed(object)?);
            } else {
                self.without_counterpart(object)?;
            }
        }
        self.nesting -= 1;
        Ok(())
    }

    fn begin(&mut self, operation: u32, object: *mut ffi::PyObject) {
        self.push(operation, object as u32);
        self.seen.insert(object);
    }

    unsafe fn list(&mut self, list: *mut ffi::PyObject, depth: c_int) -> Result<()> {
        let mut index = 0;
        // SAFETY: the size is read anew each time and items are held: converters may change the list.
        unsafe {
            while index < ffi::PyList_Size(list) {
                let item = Object::from_borrowed(ffi::PyList_GetItem(list, index))?;
                let done = self.value(item.as_ptr(), depth);
                self.at(done, || index.to_string())?;
                index += 1;
            }
        }
        self.push(op::END, 0);
        Ok(())
    }

    unsafe fn set(&mut self, set: *mut ffi::PyObject) -> Result<()> {
        // SAFETY: passed on; `item` receives a strong reference or NULL.
        unsafe {
            let iterator = Object::from_new(ffi::PyObject_GetIter(set))?;
            loop {
                let mut item = std::ptr::null_mut();
                match ffi::PyIter_NextItem(iterator.as_ptr(), &raw mut item) {
                    0 => break,
                    1 => {}
                    _ => return Err(Raised),
                }
                let item = Object::from_new(item)?;
                self.key(item.as_ptr())?;
                // A subclass may generate items, which die with their references.
                self.kept.push(item);
            }
        }
        self.push(op::END, 0);
        Ok(())
    }

    unsafe fn dict(&mut self, dict: *mut ffi::PyObject, depth: c_int) -> Result<()> {
        // SAFETY: passed on. Without converters nothing runs Python code, so the dict stays as it is;
        // a list of its items is immune to them.
        unsafe {
            if self.converters.any() {
                let items = Object::from_new(ffi::PyDict_Items(dict))?;
                for index in 0..ffi::PyList_Size(items.as_ptr()) {
                    let pair = ffi::PyList_GetItem(items.as_ptr(), index);
                    self.key(ffi::PyTuple_GET_ITEM(pair, 0))?;
                    let done = self.value(ffi::PyTuple_GET_ITEM(pair, 1), depth);
                    self.at(done, || name(ffi::PyTuple_GET_ITEM(pair, 0)))?;
                }
                // The tape may point at keys that only the list holds.
                self.flush()?;
            } else {
                let (mut position, mut key, mut value) =
                    (0, std::ptr::null_mut(), std::ptr::null_mut());
                while ffi::PyDict_Next(dict, &raw mut position, &raw mut key, &raw mut value) != 0 {
                    self.key(key)?;
                    let done = self.value(value, depth);
                    self.at(done, || name(key))?;
                }
            }
        }
        self.push(op::END, 0);
        Ok(())
    }

    /// Notes where an error happened.
    fn at(&mut self, result: Result<()>, place: impl FnOnce() -> String) -> Result<()> {
        if result.is_err() {
            let raised = py::take_exception();
            self.path.push(place());
            let Raised = py::raise(raised);
        }
        result
    }

    /// Adds the path to a conversion error.
    fn located(&mut self, result: Result<()>) -> Result<()> {
        if result.is_ok() || self.path.is_empty() {
            return result;
        }
        self.path.reverse();
        Err(errors::located(&self.path))
    }

    /// A key of a dict or an element of a set, which JavaScript compares by identity.
    unsafe fn key(&mut self, key: *mut ffi::PyObject) -> Result<()> {
        // SAFETY: passed on.
        unsafe {
            if self.scalar(key)? {
                return Ok(());
            }
            let key = Object::from_borrowed(key)?;
            let repr = py::text(&key.to_repr()?)?;
            Err(errors::conversion_error(&format!(
                "{repr} cannot be a key of a JavaScript Map or an element of a Set, which compare \
                 objects by identity (hint: use str, int, float, bool or None, or convert with \
                 default_converter or eager_converter)"
            )))
        }
    }
}

/// How a path shows a key.
unsafe fn name(key: *mut ffi::PyObject) -> String {
    // SAFETY: a live object.
    unsafe { Object::from_borrowed(key) }
        .and_then(|key| py::text(&key.to_repr()?))
        .unwrap_or_else(|Raised| {
            drop(py::take_exception());
            "?".to_owned()
        })
}
