//! A value of a parsed file that knows where it stands, so that every error can say so.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::{AGAIN, Error};

/// A value with its file and its path of keys.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    file: &'a str,
    path: String,
    value: &'a Value,
}

impl<'a> Node<'a> {
    pub(crate) fn root(file: &'a str, value: &'a Value) -> Self {
        Self {
            file,
            path: String::new(),
            value,
        }
    }

    /// An error about this value.
    pub(crate) fn error(&self, why: impl Into<String>, fix: impl Into<String>) -> Error {
        Error {
            file: self.file.to_owned(),
            place: self.path.clone(),
            why: why.into(),
            fix: fix.into(),
        }
    }

    /// An error about this value that only a new file mends.
    pub(crate) fn wrong(&self, why: impl Into<String>) -> Error {
        self.error(why, AGAIN)
    }

    fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "a table",
        }
    }

    fn expected(&self, what: &str) -> Error {
        self.wrong(format!("it should be {what}, and is {}", self.kind()))
    }

    fn at(&self, step: &str, value: &'a Value) -> Self {
        let dot = if self.path.is_empty() || step.starts_with('[') {
            ""
        } else {
            "."
        };
        Self {
            file: self.file,
            path: format!("{}{dot}{step}", self.path),
            value,
        }
    }

    fn map(&self) -> Result<&'a Map<String, Value>, Error> {
        self.value
            .as_object()
            .ok_or_else(|| self.expected("a table"))
    }

    /// The value of a key, if it is there.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Self>, Error> {
        Ok(self
            .map()?
            .get(key)
            .filter(|value| !value.is_null())
            .map(|value| self.at(&quoted(key), value)))
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&self, key: &str) -> Result<Self, Error> {
        self.get(key)?
            .ok_or_else(|| self.wrong(format!("`{key}` is missing")))
    }

    /// The keys of a table with their values.
    pub(crate) fn entries(&self) -> Result<impl Iterator<Item = (&'a str, Self)> + use<'a>, Error> {
        let this = self.clone();
        let map = self.map()?;
        Ok(map
            .iter()
            .map(move |(key, value)| (key.as_str(), this.at(&quoted(key), value))))
    }

    pub(crate) fn text(&self) -> Result<&'a str, Error> {
        let text = self.value.as_str().ok_or_else(|| self.expected("a text"))?;
        if text.is_empty() {
            return Err(self.wrong("it is empty"));
        }
        Ok(text)
    }

    pub(crate) fn number(&self) -> Result<u64, Error> {
        self.value
            .as_u64()
            .ok_or_else(|| self.expected("a whole number"))
    }

    pub(crate) fn boolean(&self) -> Result<bool, Error> {
        self.value
            .as_bool()
            .ok_or_else(|| self.expected("true or false"))
    }

    pub(crate) fn list(&self) -> Result<Vec<Self>, Error> {
        let items = self
            .value
            .as_array()
            .ok_or_else(|| self.expected("a list"))?;
        Ok(items
            .iter()
            .enumerate()
            .map(|(i, value)| self.at(&format!("[{i}]"), value))
            .collect())
    }

    /// The members of a list under a key; none if the key is absent.
    pub(crate) fn members(&self, key: &str) -> Result<Vec<Self>, Error> {
        self.get(key)?.map_or(Ok(Vec::new()), |node| node.list())
    }

    /// A list of texts under a key; none if the key is absent.
    pub(crate) fn texts(&self, key: &str) -> Result<Vec<String>, Error> {
        let members = self.members(key)?;
        members
            .iter()
            .map(|node| node.text().map(ToOwned::to_owned))
            .collect()
    }

    /// Reads the text as something else; the error is put beside it.
    pub(crate) fn parse<T>(
        &self,
        what: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, Error> {
        let text = self.text()?;
        read(text).map_err(|why| self.wrong(format!("«{text}» is no {what}: {why}")))
    }
}

/// A key as TOML writes it in a path.
fn quoted(key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if bare {
        key.to_owned()
    } else {
        format!("{key:?}")
    }
}

/// JSON in which no table has a key twice: readers disagree on which of them counts.
pub(crate) struct Unique(pub(crate) Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Unique)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            out.push(item);
        }
        Ok(out.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if out.contains_key(&key) {
                return Err(de::Error::custom(format!("the key `{key}` is there twice")));
            }
            let Unique(value) = entries.next_value()?;
            out.insert(key, value);
        }
        Ok(out.into())
    }
}
