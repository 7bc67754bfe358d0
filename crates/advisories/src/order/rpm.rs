//! rpm's order of versions (rpm-version(7), and `rpmio/rpmvercmp.c`).

use std::cmp::Ordering;

/// `[epoch:]version[-release]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'v> {
    epoch: u32,
    version: &'v str,
    release: &'v str,
}

impl<'v> Version<'v> {
    pub(super) fn parse(text: &'v str) -> Option<Self> {
        let (epoch, rest) = match text.split_once(':') {
            // `parse` would take a sign.
            Some((epoch, rest)) if epoch.bytes().all(|it| it.is_ascii_digit()) => {
                (epoch.parse().ok()?, rest)
            }
            Some(_) => return None,
            None => (0, text),
        };
        let (version, release) = rest.split_once('-').unwrap_or((rest, ""));
        let is_sound =
            |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'+' | b'~' | b'^');
        let is_part = |it: &str| !it.is_empty() && it.bytes().all(is_sound);
        let has_release = rest.len() > version.len();
        let sound = is_part(version) && (is_part(release) || !has_release);
        sound.then_some(Self { epoch, version, release })
    }
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare(self.version.as_bytes(), other.version.as_bytes()))
            // One without a release is before all that have one.
            .then_with(|| self.release.is_empty().cmp(&other.release.is_empty()).reverse())
            .then_with(|| compare(self.release.as_bytes(), other.release.as_bytes()))
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

/// Whether a version is of a build in a module (`.module_el8`, `.module+el8`): advisories of those
/// say nothing of builds outside, nor the other way round.
pub(super) fn is_modular(version: &str) -> bool {
    version.contains(".module")
}

/// What comes next in a version, in the order of what wins against what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'v> {
    /// `~`: before everything, even the end.
    Tilde,
    End,
    /// `^`: behind the end, before everything else.
    Caret,
    Letters(&'v [u8]),
    /// Without leading zeros: then the longer is the larger.
    Digits(usize, &'v [u8]),
}

fn compare(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let (of_a, of_b) = (part(&mut a), part(&mut b));
        let order = of_a.cmp(&of_b);
        if order != Ordering::Equal || of_a == Part::End {
            return order;
        }
    }
}

/// Takes the next part. What is neither letter nor digit only parts others.
fn part<'v>(rest: &mut &'v [u8]) -> Part<'v> {
    let is_mark = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'~' | b'^');
    let start = rest.iter().position(is_mark).unwrap_or(rest.len());
    *rest = rest.get(start..).unwrap_or_default();
    let Some((&first, behind)) = rest.split_first() else { return Part::End };
    let is_same = match first {
        b'~' | b'^' => {
            *rest = behind;
            return if first == b'~' { Part::Tilde } else { Part::Caret };
        }
        b'0'..=b'9' => u8::is_ascii_digit,
        _ => u8::is_ascii_alphabetic,
    };
    let end = rest.iter().position(|it| !is_same(it)).unwrap_or(rest.len());
    let (part, left) = rest.split_at(end);
    *rest = left;
    if !first.is_ascii_digit() {
        return Part::Letters(part);
    }
    let zeros = part.iter().take_while(|it| **it == b'0').count();
    let digits = part.get(zeros..).unwrap_or_default();
    Part::Digits(digits.len(), digits)
}
