//! Requirements (PEP 508), read with errors that name the place.
//!
//! URLs are taken as they are: `${NAME}` in one is not replaced from the environment,
//! because the text may come from a stranger's wheel.

use std::str::FromStr;

use url::Url;

/// A requirement: name, extras, versions or URL, marker.
pub type Requirement = pep508_rs::Requirement<Url>;

/// Longest text that is read; the longest markers in use have some hundred characters.
const LONGEST: usize = 16 << 10;
/// Deepest nesting of parentheses: the parser of markers calls itself for each.
const DEEPEST: usize = 32;

/// A text that is not a requirement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}, at character {at} of «{text}»")]
pub struct RequirementError {
    /// As given, shortened if it is very long.
    pub text: String,
    /// Where, counted from 1.
    pub at: usize,
    /// What is wrong there.
    pub why: String,
}

/// Reads `rich`, `rich[jupyter]>=13,<15 ; python_version < "3.14"` or `name @ https://…`.
pub fn parse_requirement(text: &str) -> Result<Requirement, RequirementError> {
    let error = |at: usize, why: String| RequirementError {
        text: text.chars().take(200).collect(),
        at: text.get(..at).map_or(0, |before| before.chars().count()) + 1,
        why,
    };
    if text.len() > LONGEST {
        return Err(error(0, format!("it is longer than {LONGEST} characters")));
    }
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(error(at, "its parentheses nest too deep".to_owned()));
        }
    }
    Requirement::from_str(text).map_err(|e| {
        // The message may repeat the text and underline it, which this error does itself.
        let why = e.message.to_string();
        let why = why.lines().next().unwrap_or_default();
        error(e.start, why.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_place() {
        for (text, at) in [("", 1), ("démo>>1", 2), ("demo[", 5), ("demo (>=1", 6)] {
            let error = parse_requirement(text).unwrap_err();
            assert_eq!(error.at, at, "{error}");
            assert!(
                !error.why.is_empty() && !error.why.contains('\n'),
                "{error}"
            );
        }
    }

    #[test]
    fn hostile_texts_are_refused_early() {
        let deep = format!("a ; {}os_name == 'x'{}", "(".repeat(5000), ")".repeat(5000));
        assert!(parse_requirement(&deep).unwrap_err().why.contains("nest"));
        let long = format!("a ; {} os_name == 'x'", "os_name == 'y' or ".repeat(5000));
        assert!(parse_requirement(&long).unwrap_err().why.contains("longer"));
    }

    #[test]
    fn the_environment_stays_out_of_urls() {
        let r = parse_requirement("a @ https://h.test/${HOME}/a-1-py3-none-any.whl").unwrap();
        assert!(!r.to_string().contains("/root"), "{r}");
        assert!(r.to_string().contains("HOME"), "{r}");
    }
}
