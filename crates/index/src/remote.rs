//! METADATA of a wheel on a server, without getting all of the wheel: its end, and what turns out to be missing.

use url::Url;
use wheel::WheelName;
use wheel::partial::{self, Found, Part, TAIL};

use crate::Error;
use crate::client::Client;

/// Ranges after which getting the whole file is better.
const REQUESTS: usize = 4;

/// The text of METADATA, or `None` when it cannot be had in this way: whatever the wheel's fault, the whole file will
/// show it, and name it better.
pub(crate) fn metadata(
    client: &Client,
    url: &Url,
    name: &WheelName,
) -> Result<Option<Vec<u8>>, Error> {
    let Some((tail, length)) = client.part(url, &format!("bytes=-{TAIL}"), TAIL)? else {
        return Ok(None);
    };
    let mut parts: Vec<Part> = vec![tail];
    while parts.len() <= REQUESTS {
        let range = match partial::metadata(name, length, &parts) {
            Ok(Found::Metadata(text)) => return Ok(Some(text)),
            Ok(Found::Missing(range)) => range,
            Err(_) => return Ok(None),
        };
        let wanted = format!("bytes={}-{}", range.start, range.end - 1);
        match client.part(url, &wanted, range.end - range.start)? {
            Some((part, same)) if part.start == range.start && same == length => parts.push(part),
            _ => return Ok(None),
        }
    }
    Ok(None)
}
