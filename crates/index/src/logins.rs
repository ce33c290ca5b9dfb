//! Which login goes to an address: that of the index it belongs to, and never one to another server.

use std::cmp::Reverse;

use url::Url;

use crate::config::{Index, Login};

/// The logins of indexes.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    /// Addresses of indexes, best first.
    indexes: Vec<(Url, Option<Login>)>,
}

impl Logins {
    pub(crate) fn new<'a>(indexes: impl IntoIterator<Item = &'a Index>) -> Self {
        let indexes = indexes.into_iter();
        Self {
            indexes: indexes
                .map(|index| (index.url.clone(), index.login.clone()))
                .collect(),
        }
    }

    /// The login for an address: from an index's URL, else from netrc.
    pub(crate) fn of(&self, url: &Url) -> Option<Login> {
        if let Some(login) = self.of_index(url) {
            return Some(login.clone());
        }
        // A missing or unreadable netrc means that there are no logins in it.
        let netrc = netrc::Netrc::new().ok()?;
        let entry = netrc.hosts.get(url.host_str()?)?;
        Some((entry.login.clone(), Some(entry.password.clone())))
    }

    /// The login of the index on the same server whose path agrees longest with the address: files lie beside their
    /// index's pages, or at a place that all indexes of the server share. There, any login is better than none.
    fn of_index(&self, url: &Url) -> Option<&Login> {
        let here = self.indexes.iter().enumerate();
        let here = here.filter(|(_, (index, _))| index.origin() == url.origin());
        let best = here.max_by_key(|(place, (index, login))| {
            let (path, all) = (segments(index), segments(url));
            let common = path.iter().zip(&all).take_while(|(a, b)| a == b).count();
            // Of those that agree equally, the one that is above the address as a whole.
            (
                common,
                common == path.len(),
                login.is_some(),
                Reverse(*place),
            )
        });
        best.and_then(|(_, (_, login))| login.as_ref())
    }
}

fn segments(url: &Url) -> Vec<&str> {
    let parts = url.path_segments().into_iter().flatten();
    parts.filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_index_has_its_own() {
        let indexes = [
            "https://a:1@h.test/one/simple",
            "https://b:2@h.test/two/simple/",
            "https://h.test/open/simple/",
            "https://c:3@h.test/one/simple/deeper",
            "https://d:4@other.test:8443/simple",
        ];
        let indexes = indexes.map(|text| Index::parse(text, "test").unwrap());
        let logins = Logins::new(&indexes);
        for (url, user) in [
            ("https://h.test/one/simple/pkg/", Some("a")),
            ("https://h.test/two/simple/pkg/", Some("b")),
            ("https://h.test/one/simple/deeper/pkg/", Some("c")),
            ("https://h.test/one/files/pkg-1.whl", Some("a")),
            ("https://h.test/two/files/pkg-1.whl", Some("b")),
            ("https://h.test/open/simple/pkg/", None),
            ("https://h.test/open/files/pkg-1.whl", None),
            ("https://h.test/files/pkg-1.whl", Some("a")),
            ("https://h.test/one/simplest/", Some("a")),
            ("https://other.test:8443/files/x", Some("d")),
            ("https://other.test/simple/x", None),
            ("http://h.test/one/simple/pkg/", None),
            ("https://elsewhere.test/one/simple/", None),
        ] {
            let url = Url::parse(url).unwrap();
            let login = logins.of_index(&url).map(|(user, _)| user.as_str());
            assert_eq!(login, user, "{url}");
        }
    }
}
