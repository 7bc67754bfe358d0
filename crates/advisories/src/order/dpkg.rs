//! Debian's order of versions (deb-version(7)).

use std::cmp::Ordering;

/// `[epoch:]upstream[-revision]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'v> {
    epoch: u32,
    upstream: &'v str,
    revision: &'v str,
}

impl<'v> Version<'v> {
    pub(super) fn parse(text: &'v str) -> Option<Self> {
        let text = text.trim();
        let (epoch, rest) = match text.split_once(':') {
            // `parse` would take a sign.
            Some((epoch, rest)) if epoch.bytes().all(|it| it.is_ascii_digit()) => {
                (epoch.parse().ok()?, rest)
            }
            Some(_) => return None,
            None => (0, text),
        };
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        // An empty revision after a hyphen is no revision that dpkg takes.
        if upstream.is_empty() || (revision.is_empty() && rest.ends_with('-')) {
            return None;
        }
        let in_upstream =
            |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'+' | b'~' | b':');
        let in_revision = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'+' | b'~');
        // dpkg warns of an upstream version that does not start with a digit, and takes it.
        let sound = upstream.bytes().all(in_upstream) && revision.bytes().all(in_revision);
        sound.then_some(Self { epoch, upstream, revision })
    }
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare(self.upstream.as_bytes(), other.upstream.as_bytes()))
            .then_with(|| compare(self.revision.as_bytes(), other.revision.as_bytes()))
    }
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version<'_> {}

/// Text and digits in turn: text by [`weight`], digits by value.
fn compare(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (text_a, text_b) = (text(&mut a), text(&mut b));
        for at in 0..text_a.len().max(text_b.len()) {
            let order = weight(text_a.get(at)).cmp(&weight(text_b.get(at)));
            if order != Ordering::Equal {
                return order;
            }
        }
        let (digits_a, digits_b) = (digits(&mut a), digits(&mut b));
        let order = digits_a.len().cmp(&digits_b.len()).then_with(|| digits_a.cmp(digits_b));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// A tilde is before everything, even the end; letters are before the rest.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    }
}

fn text<'v>(rest: &mut &'v [u8]) -> &'v [u8] {
    let end = rest.iter().position(u8::is_ascii_digit).unwrap_or(rest.len());
    let (text, left) = rest.split_at(end);
    *rest = left;
    text
}

/// Digits without leading zeros: then the longer is the larger.
fn digits<'v>(rest: &mut &'v [u8]) -> &'v [u8] {
    let end = rest.iter().position(|it| !it.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, left) = rest.split_at(end);
    *rest = left;
    let zeros = digits.iter().take_while(|it| **it == b'0').count();
    &digits[zeros..]
}
