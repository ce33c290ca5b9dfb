//! Archives whose bytes the loader has: what is in them, and their files' contents.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Value, json};
use wheel::partial::{self, Found, Part, TAIL};
use wheel::{Archive, Container, DirectUrl, Entry, Limits, Scheme, Tags, WheelName};

use crate::call::{Failure, packed};

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    /// Copies bytes of an archive from an offset on; returns how many.
    fn archive_read(archive: u32, offset: f64, into: *mut u8, length: usize) -> usize;
    /// Takes the next bytes of the file that is being unpacked.
    fn archive_write(bytes: *const u8, length: usize);
}

/// An archive's bytes, which lie in the loader's memory.
struct Bytes {
    archive: u32,
    length: u64,
    position: u64,
}

impl Read for Bytes {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // Offsets below 2^53 are exact.
        #[expect(clippy::cast_precision_loss)]
        let offset = self.position as f64;
        // SAFETY: the host writes at most that many bytes there.
        let count = unsafe { archive_read(self.archive, offset, into.as_mut_ptr(), into.len()) };
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// How much of an archive is read at once while its directory is: entries are small and stand in a row.
const DIRECTORY_READ: usize = 4 << 10;

type Reader = BufReader<Bytes>;

enum Opened {
    Wheel(Box<Archive<Reader>>),
    Zip(Container<Reader>),
}

impl Opened {
    fn entries(&mut self) -> Vec<Entry> {
        match self {
            Self::Wheel(wheel) => wheel.container().entries().to_vec(),
            Self::Zip(container) => container.entries().to_vec(),
        }
    }

    fn unpack(&mut self, entry: &Entry, checked: bool, write: bool) -> Result<(), wheel::Error> {
        let sink = |bytes: &[u8]| {
            if write {
                // SAFETY: the host reads these bytes before it returns.
                unsafe { archive_write(bytes.as_ptr(), bytes.len()) };
            }
            Ok(())
        };
        match self {
            Self::Wheel(wheel) => wheel.unpack(entry, checked, sink)?,
            Self::Zip(container) => container.unpack(entry, false, sink)?,
        };
        Ok(())
    }
}

thread_local! {
    static OPEN: RefCell<HashMap<u32, (Opened, Vec<Entry>)>> = RefCell::default();
}

/// Where the loader's bytes are.
#[derive(Deserialize)]
struct Place {
    archive: u32,
    length: u64,
}

impl Place {
    fn reader(&self) -> Reader {
        let bytes = Bytes {
            archive: self.archive,
            length: self.length,
            position: 0,
        };
        BufReader::with_capacity(DIRECTORY_READ, bytes)
    }

    fn keep(&self, mut opened: Opened) {
        let entries = opened.entries();
        OPEN.with_borrow_mut(|open| open.insert(self.archive, (opened, entries)));
    }
}

/// Which wheels the interpreter takes.
#[derive(Deserialize)]
struct Interpreter {
    python: (u32, u32),
    platforms: Vec<String>,
}

impl Interpreter {
    fn check(&self, wheel: &WheelName) -> Result<(), Failure> {
        let tags = Tags::new(self.python, &self.platforms);
        tags.check(wheel).map_err(wheel::Error::from)?;
        Ok(())
    }
}

/// Asks about a wheel's name.
#[derive(Deserialize)]
pub(crate) struct NameRequest {
    file: String,
    interpreter: Interpreter,
}

pub(crate) fn name(request: &NameRequest) -> Result<Value, Failure> {
    let name = WheelName::from_str(&request.file).map_err(wheel::Error::from)?;
    request.interpreter.check(&name)?;
    Ok(json!({ "name": name.name.as_ref(), "version": name.version.to_string() }))
}

/// Asks for a wheel.
#[derive(Deserialize)]
pub(crate) struct WheelRequest {
    #[serde(flatten)]
    place: Place,
    /// Its file name, if it has one.
    file: Option<String>,
    /// What errors call it if it has none.
    label: String,
    interpreter: Interpreter,
    /// The site-packages folder.
    site: String,
    /// Where it came from and its sha256, if that is to be noted.
    direct_url: Option<(String, String)>,
    /// Whether a user asked for it.
    requested: bool,
}

pub(crate) fn open_wheel(request: WheelRequest) -> Result<Value, Failure> {
    let reader = request.place.reader();
    let mut archive = match request.file {
        Some(file) => Archive::new(
            WheelName::from_str(&file).map_err(wheel::Error::from)?,
            reader,
            Limits::default(),
        )?,
        None => Archive::unnamed(&request.label, reader, Limits::default())?,
    };
    request.interpreter.check(archive.name())?;
    let scheme = Scheme::system(Path::new(&request.site), Path::new("/"));
    let url = request
        .direct_url
        .map(|(url, sha256)| DirectUrl::new(&url, &sha256));
    let plan = archive.plan(&scheme, url.as_ref(), request.requested)?;
    let (major, minor) = request.interpreter.python;
    let times = source_times(archive.container(), &format!(".cpython-{major}{minor}.pyc"))?;
    let entries = archive.container().entries().to_vec();
    let position: HashMap<usize, usize> = entries
        .iter()
        .enumerate()
        .map(|(at, entry)| (entry.index, at))
        .collect();
    let files: Vec<Value> = plan
        .files
        .iter()
        .map(|(entry, to)| {
            json!([
                to,
                position[&entry.index],
                entry.size,
                times.get(&entry.path)
            ])
        })
        .collect();
    let added: Vec<Value> = plan
        .added
        .iter()
        .map(|(to, text)| json!([to, String::from_utf8_lossy(text)]))
        .collect();
    let project = archive.project();
    let answer = json!({
        "name": project.name.as_ref(),
        "title": project.title,
        "version": project.version.to_string(),
        "requires": project.requires.iter().map(AsRef::<str>::as_ref).collect::<Vec<_>>(),
        "mentions": project.mentions.iter().map(AsRef::<str>::as_ref).collect::<Vec<_>>(),
        "file": archive.name().file(),
        "files": files,
        "added": added,
    });
    request.place.keep(Opened::Wheel(Box::new(archive)));
    Ok(answer)
}

/// Asks for a wheel's METADATA.
#[derive(Deserialize)]
pub(crate) struct MetadataRequest {
    #[serde(flatten)]
    place: Place,
    file: String,
}

pub(crate) fn metadata(request: &MetadataRequest) -> Result<Value, Failure> {
    let name = WheelName::from_str(&request.file).map_err(wheel::Error::from)?;
    let archive = Archive::new(name, request.place.reader(), Limits::default())?;
    Ok(json!(String::from_utf8_lossy(archive.metadata_text())))
}

/// Asks for the METADATA of a wheel of which only parts are here.
#[derive(Deserialize)]
pub(crate) struct PartialRequest {
    file: String,
    /// Of the whole wheel, in bytes.
    size: u64,
    /// Bytes that the loader has, and where in the wheel they begin.
    parts: Vec<(Place, u64)>,
}

pub(crate) fn partial(request: &PartialRequest) -> Result<Value, Failure> {
    let PartialRequest { file, size, parts } = request;
    let name = WheelName::from_str(file).map_err(wheel::Error::from)?;
    if parts.is_empty() {
        return Ok(json!({ "missing": [size.saturating_sub(TAIL), size] }));
    }
    let mut read = Vec::with_capacity(parts.len());
    for (place, start) in parts {
        let mut bytes = vec![0; place.length as usize];
        place
            .reader()
            .read_exact(&mut bytes)
            .map_err(|e| Failure::misuse(e.to_string()))?;
        read.push(Part {
            start: *start,
            bytes,
        });
    }
    Ok(match partial::metadata(&name, *size, &read)? {
        Found::Metadata(text) => json!({ "text": String::from_utf8_lossy(&text) }),
        Found::Missing(range) => json!({ "missing": [range.start, range.end] }),
    })
}

/// When sources were last changed according to bytecode beside them: Python takes it only if the source's time
/// is the same.
fn source_times(
    container: &mut Container<Reader>,
    ending: &str,
) -> Result<HashMap<String, u32>, wheel::Error> {
    let mut times = HashMap::new();
    for entry in container.entries().to_vec() {
        let Some((folder, name)) = entry.path.rsplit_once("__pycache__/") else {
            continue;
        };
        let Some(stem) = name.strip_suffix(ending) else {
            continue;
        };
        // A magic number, flags, and the source's time and size (PEP 552).
        let head = container.head(&entry, 16)?;
        let word = |at: usize| {
            let bytes = head.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_le_bytes(bytes))
        };
        let source = format!("{folder}{stem}.py");
        let size = container.find(&source).map(|source| source.size);
        if let (Some(0), Some(time), Some(stated)) = (word(4), word(8), word(12))
            && size == Some(u64::from(stated))
        {
            times.insert(source, time);
        }
    }
    Ok(times)
}

/// Asks for an archive that is no wheel.
#[derive(Deserialize)]
pub(crate) struct ZipRequest {
    #[serde(flatten)]
    place: Place,
    label: String,
}

pub(crate) fn open_zip(request: &ZipRequest) -> Result<Value, Failure> {
    let container = Container::open(&request.label, request.place.reader(), Limits::default())?;
    let entries = container.entries().iter().enumerate();
    let files: Vec<Value> = entries
        .map(|(at, entry)| json!([entry.path, at, entry.size]))
        .collect();
    request.place.keep(Opened::Zip(container));
    Ok(json!({ "files": files }))
}

fn with<T>(
    archive: u32,
    use_it: impl FnOnce(&mut Opened, &[Entry]) -> Result<T, wheel::Error>,
) -> Result<T, Failure> {
    OPEN.with_borrow_mut(|open| {
        let (opened, entries) = open
            .get_mut(&archive)
            .ok_or_else(|| Failure::misuse(format!("archive {archive} is not open")))?;
        Ok(use_it(opened, entries)?)
    })
}

pub(crate) fn verify(archive: u32) -> Result<Value, Failure> {
    with(archive, |opened, entries| {
        for entry in entries {
            opened.unpack(entry, true, false)?;
        }
        Ok(Value::Null)
    })
}

pub(crate) fn close(archive: u32) {
    OPEN.with_borrow_mut(|open| open.remove(&archive));
}

/// Hands a file's content to the host. Returns 0, or an error as `call` does.
#[unsafe(no_mangle)]
extern "C" fn unpack(archive: u32, index: usize, checked: u32) -> u64 {
    let result = with(archive, |opened, entries| match entries.get(index) {
        Some(entry) => opened.unpack(entry, checked != 0, true),
        None => Ok(()),
    });
    match result {
        Ok(()) => 0,
        Err(failure) => packed(Err(failure)),
    }
}
