//! Markers of `pylock.toml`: those of PEP 508 and two variables more, `extras` and
//! `dependency_groups`, that hold sets of names (PEP 751).

use std::collections::BTreeSet;

use pep508_rs::MarkerEnvironment;
use wheel::parse_requirement;

use crate::error::Error;
use crate::node::Node;

/// Whether a marker is true for this environment and these extras and groups.
pub(crate) fn applies(
    node: &Node<'_>,
    environment: &MarkerEnvironment,
    extras: &BTreeSet<String>,
    groups: &BTreeSet<String>,
) -> Result<bool, Error> {
    node.parse("marker", |text| {
        let plain = decided(text, extras, groups);
        parse_requirement(&format!("x ; {plain}"))
            .map(|requirement| requirement.evaluate_markers(environment, &[]))
            .map_err(|e| e.why)
    })
}

/// The marker with every `'name' in extras` replaced by what it comes to.
///
/// The library for markers knows only PEP 508, which has no constants: a comparison that is
/// always true or always false takes the place of one.
fn decided(marker: &str, extras: &BTreeSet<String>, groups: &BTreeSet<String>) -> String {
    let tokens = tokens(marker);
    let mut out = String::new();
    let mut at = 0;
    while at < tokens.len() {
        let membership = match tokens[at..] {
            [name, "in", set, ..] => Some((name, set, true, 3)),
            [name, "not", "in", set, ..] => Some((name, set, false, 4)),
            _ => None,
        };
        let set = match membership {
            Some((_, "extras", _, _)) => Some(extras),
            Some((_, "dependency_groups", _, _)) => Some(groups),
            _ => None,
        };
        if let (Some((name, _, positive, length)), Some(set)) = (membership, set) {
            let name = name.trim_matches(['\'', '"']);
            out.push_str(if set.contains(name) == positive {
                "python_version > '0' "
            } else {
                "python_version < '0' "
            });
            at += length;
        } else {
            out.push_str(tokens[at]);
            out.push(' ');
            at += 1;
        }
    }
    out
}

/// Quoted texts, words, parentheses and operators.
fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |i| i + 2),
            '(' | ')' => 1,
            c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            _ => rest
                .find(|c| word(c) || matches!(c, '\'' | '"' | '(' | ')') || c.is_whitespace())
                .unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(end);
        out.push(token);
        rest = after.trim_start();
    }
    out
}

fn word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_decided_and_the_rest_stays() {
        let extras = BTreeSet::from(["cli".to_owned()]);
        let groups = BTreeSet::from(["dev".to_owned()]);
        for (marker, expected) in [
            ("'cli' in extras", "python_version > '0' "),
            ("\"x\" in extras", "python_version < '0' "),
            ("'x' not in extras", "python_version > '0' "),
            (
                "('dev' in dependency_groups) and os_name=='a b'",
                "( python_version > '0' ) and os_name == 'a b' ",
            ),
            ("'linux' in sys_platform", "'linux' in sys_platform "),
            ("python_version>='3.8'", "python_version >= '3.8' "),
            ("'é", "'é "),
        ] {
            assert_eq!(decided(marker, &extras, &groups), expected);
        }
    }
}
