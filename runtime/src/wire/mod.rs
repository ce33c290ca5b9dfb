//! How single values cross the border: as records in linear memory.
//!
//! A call between the languages costs more than what it carries, so arguments
//! and results are written into [`Record`]s that the other side reads at once:
//! one crossing per operation, whatever the number of arguments. Immutable
//! scalars travel by value; everything else as a reference, from which the
//! other side makes a proxy.
//!
//! `wire.ts` reads and writes the same records. Containers are copied by the
//! tapes of `convert`.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::ffi::c_int;
use std::ptr::null_mut;
use std::slice;

use pyo3_ffi as ffi;

use crate::jsproxy;
use crate::jsref::{JsRef, Slot};
use crate::number::{self, JsBigInt};
use crate::py::{self, Object, Raised, Result};
use crate::pyproxy;

/// What a record holds; `wire.ts` has the same numbers.
pub mod tag {
    /// `None` or `undefined`.
    pub const UNDEFINED: u32 = 0;
    /// `jsnull` or `null`.
    pub const NULL: u32 = 1;
    /// `False`.
    pub const FALSE: u32 = 2;
    /// `True`.
    pub const TRUE: u32 = 3;
    /// A number in the payload, an IEEE 754 double.
    pub const NUMBER: u32 = 4;
    /// Text: `aux` is the width (see [`super::Width`]), the payload address and length.
    pub const STRING: u32 = 5;
    /// To JavaScript: text that both sides keep; `aux` is its index.
    pub const CACHED: u32 = 6;
    /// A JavaScript value: `aux` is its slot. To JavaScript the slot stays Rust's; to Python it is
    /// handed over, with the value's flags (`jsproxy`) as payload.
    pub const VALUE: u32 = 7;
    /// To JavaScript: like `VALUE`, but the slot is handed over.
    pub const TAKEN: u32 = 8;
    /// To JavaScript: a Python object, as a strong reference that is handed over, and its abilities
    /// (`pyproxy`).
    pub const OBJECT: u32 = 9;
    /// To Python: a Python object; `aux` is a strong reference that is handed over.
    pub const OWNED: u32 = 10;
    /// To Python: `aux` is the slot of a BigInt, handed over.
    pub const BIGINT: u32 = 11;
}

/// How a text's code units are stored.
pub mod width {
    /// One byte each, all ASCII.
    pub const ASCII: u32 = 0;
    /// One byte each, U+0000 to U+00FF.
    pub const LATIN1: u32 = 1;
    /// Two bytes each: UCS-2 from Python, UTF-16 from JavaScript.
    pub const TWO: u32 = 2;
    /// Four bytes each.
    pub const FOUR: u32 = 4;
}

/// One value, 16 bytes, on an 8-byte boundary.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug, Default)]
pub struct Record {
    /// One of [`tag`].
    pub tag: u32,
    /// See the tag.
    pub aux: u32,
    /// The payload's first word.
    pub low: u32,
    /// The payload's second word.
    pub high: u32,
}

impl Record {
    fn number(&self) -> f64 {
        f64::from_bits(u64::from(self.high) << 32 | u64::from(self.low))
    }

    fn set_number(&mut self, value: f64) {
        let bits = value.to_bits();
        self.tag = tag::NUMBER;
        self.low = bits as u32;
        self.high = (bits >> 32) as u32;
    }
}

#[link(wasm_import_module = "ferropy")]
unsafe extern "C" {
    /// Puts a text into the cache's entry; see [`tag::CACHED`].
    safe fn js_cache_text(index: u32, width: u32, data: *const u8, length: usize);
    /// Another slot of the same value.
    safe fn js_clone(slot: Slot) -> Slot;
    /// A string in a slot.
    safe fn js_string(width: u32, data: *const u8, length: usize) -> Slot;
    /// A BigInt from two's complement, little-endian bytes.
    safe fn js_bigint(bytes: *const u8, length: usize) -> Slot;
    safe fn js_bigint_size(slot: Slot) -> usize;
    safe fn js_bigint_copy(slot: Slot, bytes: *mut u8, size: usize);
}

// ---------------------------------------------------------------- scratch

/// Records that JavaScript may use for arguments and results of exports.
const SCRATCH: usize = 4096;

struct Scratch(UnsafeCell<[Record; SCRATCH]>);
// SAFETY: there is one thread.
unsafe impl Sync for Scratch {}
static RECORDS: Scratch = Scratch(UnsafeCell::new(
    [Record {
        tag: 0,
        aux: 0,
        low: 0,
        high: 0,
    }; SCRATCH],
));

/// The address of the records that JavaScript manages as a stack.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_scratch() -> *mut Record {
    RECORDS.0.get().cast()
}

/// Their size in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_scratch_size() -> usize {
    size_of::<[Record; SCRATCH]>()
}

// ---------------------------------------------------------------- texts

/// Entries of the text cache.
const CACHE: usize = 1024;
/// Longer texts are not cached, in code points.
const CACHED_LENGTH: usize = 200;

/// An entry of the text cache: the string, and when it was last handed out.
type Entry = (*mut ffi::PyObject, u64);

thread_local! {
    /// Interned strings whose JavaScript twins `wire.ts` keeps: names, keys, literals. Each entry
    /// keeps its string alive, so that no other one gets its address.
    static TEXTS: RefCell<[Entry; CACHE]> = const { RefCell::new([(null_mut(), 0); CACHE]) };
    /// Counts the beginnings of [`Unread`].
    static CLOCK: Cell<u64> = const { Cell::new(0) };
    /// Entries handed out since then are not to be replaced.
    static FLOOR: Cell<u64> = const { Cell::new(u64::MAX) };
    /// Keeps the result alive that JavaScript is about to read.
    static RESULT: Cell<Option<Object>> = const { Cell::new(None) };
}

/// The bit field `state` of a `str`, as `Include/cpython/unicodeobject.h` lays it out.
mod state {
    pub const INTERNED: u32 = 0b11;
    pub const KIND_SHIFT: u32 = 2;
    pub const KIND: u32 = 0b111;
    pub const COMPACT: u32 = 1 << 5;
    pub const ASCII: u32 = 1 << 6;
}

/// Width, address and length of a `str`'s own storage.
///
/// # Safety
/// `text` is a live `str`.
pub unsafe fn storage(text: *mut ffi::PyObject) -> (u32, *const u8, usize) {
    // SAFETY: every str begins with this struct; the characters of a compact one are behind its own.
    unsafe {
        let head = text.cast::<ffi::PyASCIIObject>();
        let (bits, length) = ((*head).state, (*head).length as usize);
        let ascii = bits & state::ASCII != 0;
        let data = if bits & state::COMPACT == 0 {
            ffi::PyUnicode_DATA(text).cast::<u8>()
        } else if ascii {
            head.add(1).cast::<u8>()
        } else {
            text.cast::<ffi::PyCompactUnicodeObject>()
                .add(1)
                .cast::<u8>()
        };
        let kind = bits >> state::KIND_SHIFT & state::KIND;
        (if ascii { width::ASCII } else { kind }, data, length)
    }
}

fn entry_of(text: *mut ffi::PyObject) -> usize {
    let address = text as usize;
    ((address >> 3) ^ (address >> 13)) % CACHE
}

/// While it lives, texts written for JavaScript keep their entries of the cache: several are on
/// their way at once, and two may want the same entry. It may end before the crossing in which
/// JavaScript reads them, since it reads before anything else happens.
pub struct Unread {
    before: u64,
}

impl Unread {
    /// From now on, until it is dropped.
    #[must_use]
    pub fn begin() -> Self {
        let now = CLOCK.get() + 1;
        CLOCK.set(now);
        let before = FLOOR.get();
        // What an outer one protects stays protected.
        FLOOR.set(before.min(now));
        Self { before }
    }

    /// JavaScript has read all that was written since the beginning.
    pub fn was_read(&self) {
        let now = CLOCK.get() + 1;
        CLOCK.set(now);
        FLOOR.set(self.before.min(now));
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        FLOOR.set(self.before);
    }
}

/// The cache index of an interned string, which it enters if need be; `None` if its place is taken
/// by a text that JavaScript has not read yet.
///
/// # Safety
/// `text` is a live, interned `str`.
unsafe fn cached(text: *mut ffi::PyObject) -> Option<u32> {
    let index = entry_of(text);
    // SAFETY: the cell is a plain array; nothing here runs Python code but the last line.
    let old = TEXTS.with_borrow_mut(|texts| {
        let (known, stamp) = &mut texts[index];
        if *known == text {
            *stamp = CLOCK.get();
            return Some(null_mut());
        }
        if *stamp >= FLOOR.get() && !known.is_null() {
            return None;
        }
        // SAFETY: the caller says that the text is live.
        unsafe {
            ffi::Py_INCREF(text);
            let (width, data, length) = storage(text);
            js_cache_text(index as u32, width, data, length);
        }
        *stamp = CLOCK.get();
        Some(std::mem::replace(known, text))
    })?;
    // SAFETY: the entry's own reference.
    unsafe { ffi::Py_XDECREF(old) };
    Some(index as u32)
}

/// The index under which JavaScript finds an attribute's name.
///
/// # Safety
/// `name` is a live `str`.
pub unsafe fn name_index(name: *mut ffi::PyObject) -> u32 {
    // SAFETY: passed on.
    unsafe {
        if is_interned(name)
            && let Some(index) = cached(name)
        {
            return index;
        }
        // The entry behind the cache's own ones, good until the next such name.
        let (width, data, length) = storage(name);
        js_cache_text(CACHE as u32, width, data, length);
        CACHE as u32
    }
}

unsafe fn is_interned(text: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller says that it is a live str, which begins so.
    unsafe { (*text.cast::<ffi::PyASCIIObject>()).state & state::INTERNED != 0 }
}

unsafe fn write_text(record: &mut Record, text: *mut ffi::PyObject) {
    // SAFETY: passed on.
    unsafe {
        let (width, data, length) = storage(text);
        if length <= CACHED_LENGTH
            && is_interned(text)
            && let Some(index) = cached(text)
        {
            record.tag = tag::CACHED;
            record.aux = index;
        } else {
            record.tag = tag::STRING;
            record.aux = width;
            record.low = data as u32;
            record.high = length as u32;
        }
    }
}

/// A JavaScript string in a slot from a `str`; `undefined` from anything else.
pub fn text_to_js(text: &Object) -> Result<JsRef> {
    // SAFETY: a live object; a str's storage is read before the call returns.
    unsafe {
        if ffi::PyUnicode_Check(text.as_ptr()) == 0 {
            return Ok(JsRef::undefined());
        }
        let (width, data, length) = storage(text.as_ptr());
        JsRef::from_slot(js_string(width, data, length))
    }
}

/// A new `str` from what JavaScript wrote: `width` is the union of all code units.
///
/// # Safety
/// `units` points to `length` UTF-16 code units.
pub unsafe fn text_from_units(units: *const u16, length: usize, union: u32) -> Result<Object> {
    // SAFETY: the new string has room for as many characters of that width.
    unsafe {
        let units = slice::from_raw_parts(units, length);
        // One character: CPython shares those objects.
        if length > 1 && union < 0x100 {
            let limit = if union < 0x80 { 0x7F } else { 0xFF };
            let text = Object::from_new(ffi::PyUnicode_New(length as ffi::Py_ssize_t, limit))?;
            let data = ffi::PyUnicode_DATA(text.as_ptr()).cast::<u8>();
            for (index, unit) in units.iter().enumerate() {
                data.add(index).write(*unit as u8);
            }
            return Ok(text);
        }
        if union >= 0xD800 && units.iter().any(|unit| (0xD800..0xE000).contains(unit)) {
            // Pairs become one code point, lone surrogates stay as they are.
            let mut little_endian = -1;
            return Object::from_new(ffi::PyUnicode_DecodeUTF16(
                units.as_ptr().cast(),
                (length * 2) as ffi::Py_ssize_t,
                c"surrogatepass".as_ptr(),
                &raw mut little_endian,
            ));
        }
        Object::from_new(ffi::PyUnicode_FromKindAndData(
            2,
            units.as_ptr().cast(),
            length as ffi::Py_ssize_t,
        ))
    }
}

/// A new ASCII `str` of `length` characters for JavaScript to fill; NULL with the
/// memory error stored.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_ascii_new(length: usize) -> *mut ffi::PyObject {
    // SAFETY: no pointers.
    unsafe { ffi::PyUnicode_New(length as ffi::Py_ssize_t, 0x7F) }
}

/// Where the characters of such a string are.
///
/// # Safety
/// `text` comes from [`ferropy_ascii_new`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_ascii_data(text: *mut ffi::PyObject) -> *mut u8 {
    // SAFETY: passed on.
    unsafe { ffi::PyUnicode_DATA(text).cast() }
}

/// The string of `length` UTF-16 units at `units`, with their union; NULL with the error set.
///
/// # Safety
/// See [`text_from_units`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_text_new(
    units: *const u16,
    length: usize,
    union: u32,
) -> *mut ffi::PyObject {
    // SAFETY: passed on.
    py::into_c(unsafe { text_from_units(units, length, union) })
}

/// An interned string for an attribute's name, which the caller owns.
///
/// # Safety
/// See [`text_from_units`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_name_new(
    units: *const u16,
    length: usize,
    union: u32,
) -> *mut ffi::PyObject {
    // SAFETY: passed on.
    let mut text = py::into_c(unsafe { text_from_units(units, length, union) });
    if !text.is_null() {
        // SAFETY: a new str, owned here.
        unsafe { ffi::PyUnicode_InternInPlace(&raw mut text) };
    }
    text
}

/// Memory for JavaScript; NULL if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn ferropy_allocate(size: usize) -> *mut u8 {
    // SAFETY: no pointers.
    unsafe { ffi::PyMem_RawMalloc(size).cast() }
}

/// Gives such memory back.
///
/// # Safety
/// `memory` comes from [`ferropy_allocate`] and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ferropy_free(memory: *mut u8) {
    // SAFETY: passed on.
    unsafe { ffi::PyMem_RawFree(memory.cast()) };
}

// ---------------------------------------------------------------- to JavaScript

/// Writes an object for JavaScript to read while the caller keeps it alive.
///
/// # Safety
/// `object` is live until JavaScript has read the record.
pub unsafe fn write(record: &mut Record, object: *mut ffi::PyObject) -> Result<()> {
    // SAFETY: type checks and readings of a live object.
    unsafe {
        if write_scalar(record, object)? {
            return Ok(());
        }
        ffi::Py_INCREF(object);
        record.tag = tag::OBJECT;
        record.low = object as u32;
        record.high = pyproxy::abilities(object);
        Ok(())
    }
}

/// Writes what is no proxy: scalars, and the originals of `JsProxy` objects. False if it is neither.
///
/// # Safety
/// See [`write`].
pub unsafe fn write_scalar(record: &mut Record, object: *mut ffi::PyObject) -> Result<bool> {
    // SAFETY: as above; exact types first, being by far the most frequent.
    unsafe {
        let class = ffi::Py_TYPE(object);
        if object == ffi::Py_None() {
            record.tag = tag::UNDEFINED;
        } else if class == &raw mut ffi::PyUnicode_Type {
            write_text(record, object);
        } else if class == &raw mut ffi::PyLong_Type {
            return write_int(record, object).map(|()| true);
        } else if class == &raw mut ffi::PyFloat_Type {
            record.set_number(ffi::PyFloat_AS_DOUBLE(object));
        } else if class == &raw mut ffi::PyBool_Type {
            record.tag = if object == ffi::Py_True() {
                tag::TRUE
            } else {
                tag::FALSE
            };
        } else if let Some(slot) = jsproxy::slot_of(object) {
            record.tag = tag::VALUE;
            record.aux = slot;
        } else if ffi::PyUnicode_Check(object) != 0 {
            write_text(record, object);
        } else if ffi::PyLong_Check(object) != 0 {
            if number::is_js_bigint(object) {
                record.tag = tag::TAKEN;
                record.aux = bigint_slot(object)?;
            } else {
                write_int(record, object)?;
            }
        } else if ffi::PyFloat_Check(object) != 0 {
            record.set_number(ffi::PyFloat_AS_DOUBLE(object));
        } else if number::is_js_null(object) {
            record.tag = tag::NULL;
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

unsafe fn write_int(record: &mut Record, object: *mut ffi::PyObject) -> Result<()> {
    let mut overflow = 0;
    // SAFETY: `object` is an int.
    let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow) };
    if overflow == 0 && value.unsigned_abs() <= number::MAX_SAFE_INTEGER {
        #[allow(clippy::cast_precision_loss, reason = "exact up to MAX_SAFE_INTEGER")]
        record.set_number(value as f64);
        return Ok(());
    }
    record.tag = tag::TAKEN;
    // SAFETY: as above.
    record.aux = unsafe { bigint_slot(object)? };
    Ok(())
}

/// -1: native byte order, signed (little-endian two's complement on wasm).
const NATIVE_ENDIAN: c_int = -1;

unsafe fn bigint_slot(object: *mut ffi::PyObject) -> Result<Slot> {
    // SAFETY: an int; with size 0 the first call only computes what is needed.
    unsafe {
        let needed = py::check_size(ffi::PyLong_AsNativeBytes(
            object,
            null_mut(),
            0,
            NATIVE_ENDIAN,
        ))?;
        let mut bytes = vec![0_u8; needed];
        py::check_size(ffi::PyLong_AsNativeBytes(
            object,
            bytes.as_mut_ptr().cast(),
            needed as ffi::Py_ssize_t,
            NATIVE_ENDIAN,
        ))?;
        Ok(JsRef::from_slot(js_bigint(bytes.as_ptr(), bytes.len()))?.into_slot())
    }
}

/// Longer texts of results are made at once, so that they are not kept alive.
const KEPT_LENGTH: u32 = 4096;

/// Writes an export's result, which JavaScript reads when the export has returned.
///
/// # Safety
/// `record` is the record that JavaScript reads next.
pub unsafe fn write_result(record: *mut Record, result: Result<Object>) -> c_int {
    let written = result.and_then(|object| {
        // SAFETY: the object lives until it is dropped or kept below.
        unsafe {
            let record = &mut *record;
            write(record, object.as_ptr())?;
            if record.tag == tag::VALUE {
                // The proxy may go now, and its slot with it.
                record.tag = tag::TAKEN;
                record.aux = js_clone(record.aux);
            } else if record.tag == tag::STRING {
                if record.high > KEPT_LENGTH {
                    let text = js_string(record.aux, record.low as *const u8, record.high as usize);
                    record.tag = tag::TAKEN;
                    record.aux = JsRef::from_slot(text)?.into_slot();
                } else {
                    RESULT.set(Some(object));
                }
            }
            Ok(())
        }
    });
    status(written)
}

/// The last step of an export that gives no value: 0, or -1 with the error stored.
pub fn status(result: Result<()>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(raised) => {
            crate::errors::store_for_js(raised);
            -1
        }
    }
}

// ---------------------------------------------------------------- to Python

/// The object of a record that JavaScript wrote. What the record hands over is taken.
///
/// # Safety
/// JavaScript wrote the record and nothing has read it.
pub unsafe fn read(record: &Record) -> Result<Object> {
    // SAFETY: the tags say what the words are.
    unsafe {
        match record.tag {
            tag::UNDEFINED => Ok(Object::none()),
            tag::NULL => Ok(number::js_null()),
            tag::FALSE => Object::from_borrowed(ffi::Py_False()),
            tag::TRUE => Object::from_borrowed(ffi::Py_True()),
            tag::NUMBER => number::from_f64(record.number()),
            tag::STRING => {
                text_from_units(record.low as *const u16, record.high as usize, record.aux)
            }
            tag::VALUE => jsproxy::new(JsRef::from_slot(record.aux)?, record.low),
            tag::OWNED => Object::from_new(record.aux as *mut ffi::PyObject),
            tag::BIGINT => bigint(&JsRef::from_slot(record.aux)?),
            _ => Err(py::raise_new(
                ffi::PyExc_SystemError,
                "JavaScript wrote a record that Python cannot read",
            )),
        }
    }
}

/// Drops what a record hands over without making an object of it.
///
/// # Safety
/// See [`read`].
pub unsafe fn discard(record: &Record) {
    match record.tag {
        tag::VALUE | tag::BIGINT => drop(JsRef::from_slot(record.aux)),
        // SAFETY: a strong reference, as the tag says.
        tag::OWNED => drop(unsafe { Object::from_new(record.aux as *mut ffi::PyObject) }),
        _ => {}
    }
}

fn bigint(value: &JsRef) -> Result<Object> {
    let mut bytes = vec![0_u8; js_bigint_size(value.slot())];
    js_bigint_copy(value.slot(), bytes.as_mut_ptr(), bytes.len());
    // SAFETY: pointer and length describe `bytes`.
    let int = unsafe {
        Object::from_new(ffi::PyLong_FromNativeBytes(
            bytes.as_ptr().cast(),
            bytes.len(),
            NATIVE_ENDIAN,
        ))?
    };
    JsBigInt::of(&int)
}

/// The result of an import that filled `record`, or raises what it threw.
///
/// # Safety
/// `status` is what the import returned, `record` what it filled.
pub unsafe fn finish(status: c_int, record: &Record) -> Result<Object> {
    if status < 0 {
        return Err(crate::errors::raise_js_error());
    }
    // SAFETY: passed on.
    unsafe { read(record) }
}

/// Reads several records as arguments of a call.
pub struct Arguments {
    /// One more than there are arguments: callees may use the one before them.
    few: [*mut ffi::PyObject; Self::FEW + 1],
    many: Vec<*mut ffi::PyObject>,
    count: usize,
}

impl Arguments {
    const FEW: usize = 8;

    /// Reads `count` records. On an error nothing is left over.
    ///
    /// # Safety
    /// See [`read`], for each of them.
    pub unsafe fn read(records: *const Record, count: usize) -> Result<Self> {
        let mut arguments = Self {
            few: [null_mut(); Self::FEW + 1],
            many: if count > Self::FEW {
                vec![null_mut(); count + 1]
            } else {
                Vec::new()
            },
            count: 0,
        };
        for index in 0..count {
            // SAFETY: passed on.
            let record = unsafe { &*records.add(index) };
            // SAFETY: passed on.
            match unsafe { read(record) } {
                Ok(object) => {
                    arguments.storage()[index + 1] = object.into_ptr();
                    arguments.count = index + 1;
                }
                Err(Raised) => {
                    for rest in index + 1..count {
                        // SAFETY: passed on.
                        unsafe { discard(&*records.add(rest)) };
                    }
                    return Err(Raised);
                }
            }
        }
        Ok(arguments)
    }

    /// The first two arguments, borrowed.
    #[must_use]
    pub fn first_two(&self) -> [*mut ffi::PyObject; 2] {
        [self.few[1], self.few[2]]
    }

    fn storage(&mut self) -> &mut [*mut ffi::PyObject] {
        if self.many.is_empty() {
            &mut self.few
        } else {
            &mut self.many
        }
    }

    /// `callable(*positional, **named)`: the last arguments are those that `names`, a tuple, names.
    ///
    /// # Safety
    /// `callable` is live; `names` is NULL or a live tuple of strings.
    pub unsafe fn call(
        mut self,
        callable: *mut ffi::PyObject,
        names: *mut ffi::PyObject,
    ) -> Result<Object> {
        let named = if names.is_null() {
            0
        } else {
            // SAFETY: a live tuple.
            unsafe { ffi::PyTuple_GET_SIZE(names) as usize }
        };
        let positional = self.count - named;
        let first = self.storage().as_mut_ptr();
        // SAFETY: the array has `count` live objects behind its first, free element.
        unsafe {
            Object::from_new(ffi::PyObject_Vectorcall(
                callable,
                first.add(1),
                positional | ffi::PY_VECTORCALL_ARGUMENTS_OFFSET,
                names,
            ))
        }
    }
}

impl Drop for Arguments {
    fn drop(&mut self) {
        let count = self.count;
        for pointer in &self.storage()[1..=count] {
            // SAFETY: the strong references that `read` stored.
            unsafe { ffi::Py_DECREF(*pointer) };
        }
    }
}
