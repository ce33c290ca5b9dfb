//! Sets of versions of one package, as the solver wants them.
//!
//! A version is its place in the ascending list of all versions that exist, and a set is
//! one bit for each. What a specifier means is therefore decided by asking it about every
//! version (PEP 440 has no exact form as an interval: local versions, `===`, `>1.0` that
//! leaves out 1.0.post1), sets are always in canonical form, and errors speak of versions
//! that exist.

use std::fmt;

use pubgrub::VersionSet;
use smallvec::SmallVec;

/// Versions of a package by their places.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Set {
    /// Without trailing words that only repeat `rest`.
    words: SmallVec<[u64; 3]>,
    /// Whether all the versions beyond the words are in the set.
    rest: bool,
}

const fn filled(rest: bool) -> u64 {
    if rest { u64::MAX } else { 0 }
}

impl Set {
    fn canonical(mut words: SmallVec<[u64; 3]>, rest: bool) -> Self {
        while words.last() == Some(&filled(rest)) {
            words.pop();
        }
        Self { words, rest }
    }

    /// Those of the first `count` versions for which the function says so.
    pub(crate) fn of(count: usize, mut is_in: impl FnMut(usize) -> bool) -> Self {
        let words = (0..count.div_ceil(64))
            .map(|word| {
                let places = word * 64..count.min(word * 64 + 64);
                places
                    .filter(|place| is_in(*place))
                    .fold(0, |bits, place| bits | 1 << (place % 64))
            })
            .collect();
        Self::canonical(words, false)
    }

    fn zip(&self, other: &Self, op: impl Fn(u64, u64) -> u64) -> Self {
        let word = |set: &Self, i: usize| set.words.get(i).copied().unwrap_or(filled(set.rest));
        let count = self.words.len().max(other.words.len());
        let words = (0..count)
            .map(|i| op(word(self, i), word(other, i)))
            .collect();
        let rest = op(filled(self.rest), filled(other.rest)) != 0;
        Self::canonical(words, rest)
    }

    /// The members among the first `count` versions, highest first.
    pub(crate) fn descending(&self, count: usize) -> impl Iterator<Item = usize> + '_ {
        (0..count).rev().filter(|place| self.has(*place))
    }

    /// Whether a version is in the set.
    pub(crate) fn has(&self, place: usize) -> bool {
        self.words
            .get(place / 64)
            .map_or(self.rest, |word| word >> (place % 64) & 1 == 1)
    }
}

impl VersionSet for Set {
    type V = u32;

    fn empty() -> Self {
        Self {
            words: SmallVec::new(),
            rest: false,
        }
    }

    fn full() -> Self {
        Self {
            words: SmallVec::new(),
            rest: true,
        }
    }

    fn singleton(place: u32) -> Self {
        let mut words = SmallVec::from_elem(0, place as usize / 64 + 1);
        words[place as usize / 64] = 1 << (place % 64);
        Self { words, rest: false }
    }

    fn complement(&self) -> Self {
        Self {
            words: self.words.iter().map(|word| !word).collect(),
            rest: !self.rest,
        }
    }

    fn intersection(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    fn union(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    fn contains(&self, place: &u32) -> bool {
        self.has(*place as usize)
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = (0..self.words.len() * 64).filter(|place| self.has(*place));
        f.debug_set().entries(known).finish()?;
        f.write_str(if self.rest { "…" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sets() -> impl Strategy<Value = Set> {
        let bits = proptest::collection::vec(any::<bool>(), 0..200);
        (bits, any::<bool>()).prop_map(|(bits, flip)| {
            let set = Set::of(bits.len(), |i| bits[i]);
            if flip { set.complement() } else { set }
        })
    }

    proptest! {
        #[test]
        fn is_an_algebra_of_sets(a in sets(), b in sets()) {
            prop_assert_eq!(&a.complement().complement(), &a);
            let both = a.intersection(&b);
            let either = a.union(&b);
            for place in 0..300 {
                prop_assert_eq!(both.has(place), a.has(place) && b.has(place));
                prop_assert_eq!(either.has(place), a.has(place) || b.has(place));
            }
            let same = (0..300).all(|place| a.has(place) == b.has(place));
            prop_assert_eq!(same, a == b, "equal sets have one form");
            prop_assert_eq!(a.intersection(&a.complement()), Set::empty());
        }

        #[test]
        fn one_version(place in 0_u32..300) {
            let set = Set::singleton(place);
            prop_assert_eq!(set.descending(300).collect::<Vec<_>>(), vec![place as usize]);
            prop_assert_eq!(set, Set::of(300, |i| i == place as usize));
        }
    }
}
