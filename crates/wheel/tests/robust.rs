//! Damaged archives: whatever is changed, reading ends with an error or with the same content, and never panics.

use std::io::Cursor;
use std::sync::LazyLock;

use proptest::prelude::*;
use wheel::testing::Builder;
use wheel::{Archive, Limits, WheelName};

type Files = Vec<(String, Vec<u8>)>;

static SAMPLE: LazyLock<(WheelName, Vec<u8>, Files)> = LazyLock::new(|| {
    let text: Vec<u8> = (0..400_u32)
        .flat_map(|i| (i * i % 251).to_le_bytes())
        .collect();
    let wheel = Builder::new("demo", "1.0")
        .file("demo/__init__.py", b"x = 1\n")
        .file("demo/data, with a comma.bin", &text)
        .file("demo/empty", b"");
    let name = wheel.file_name().parse().unwrap();
    let bytes = wheel.bytes();
    let files = contents(&name, &bytes).unwrap();
    (name, bytes, files)
});

/// All contents, checked against RECORD.
fn contents(name: &WheelName, bytes: &[u8]) -> Result<Files, wheel::Error> {
    let mut archive = Archive::new(name.clone(), Cursor::new(bytes), Limits::default())?;
    let mut files = Vec::new();
    for entry in archive.container().entries().to_vec() {
        let mut content = Vec::new();
        archive.unpack(&entry, true, |bytes| {
            content.extend_from_slice(bytes);
            Ok(())
        })?;
        files.push((entry.path, content));
    }
    Ok(files)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn changed_bytes_are_errors_or_change_nothing(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let (name, bytes, files) = &*SAMPLE;
        let mut bytes = bytes.clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(found) = contents(name, &bytes) {
            prop_assert_eq!(&found, files);
        }
    }

    #[test]
    fn cut_and_padded_archives_are_errors(at in any::<prop::sample::Index>(), more in 0..200_usize) {
        let (name, bytes, files) = &*SAMPLE;
        let mut bytes = bytes.clone();
        bytes.truncate(at.index(bytes.len()));
        bytes.extend(std::iter::repeat_n(0, more));
        if let Ok(found) = contents(name, &bytes) {
            prop_assert_eq!(&found, files);
        }
    }

    #[test]
    fn any_bytes_at_all(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let (name, ..) = &*SAMPLE;
        prop_assert!(contents(name, &bytes).is_err());
    }
}
