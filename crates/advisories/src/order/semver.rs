//! Semantic versions (semver.org, §11), read as loosely as npm's registry needs: a leading `v` or
//! `=`, missing minor and patch numbers, leading zeros.

use std::cmp::Ordering;

/// A version without its build metadata, which orders nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version<'v> {
    numbers: [u64; 3],
    before: Option<&'v str>,
}

impl<'v> Version<'v> {
    pub(super) fn parse(text: &'v str) -> Option<Self> {
        let text = text.trim().trim_start_matches('=').trim_start();
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (core, before) = match text.split_once('-') {
            Some((core, before)) => (core, Some(before)),
            None => (text, None),
        };
        let mut numbers = [0; 3];
        for (count, part) in core.split('.').enumerate() {
            // `parse` would take a sign.
            if part.is_empty() || !part.bytes().all(|it| it.is_ascii_digit()) {
                return None;
            }
            *numbers.get_mut(count)? = part.parse().ok()?;
        }
        let is_identifier =
            |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let sound = before.is_none_or(|before| before.split('.').all(is_identifier));
        sound.then_some(Self { numbers, before })
    }
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.before, other.before) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => identifiers(a, b),
        })
    }
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// §11.4: numbers before words, numbers by value, words by ASCII, the longer list is the larger.
fn identifiers(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => identifier(a, b),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn identifier(a: &str, b: &str) -> Ordering {
    let number = |it: &str| it.bytes().all(|b| b.is_ascii_digit());
    match (number(a), number(b)) {
        (true, true) => {
            let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        }
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp(b),
    }
}
