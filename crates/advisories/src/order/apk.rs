//! Alpine's order of versions (apk-tools, doc/apk-package.5 "Version").
//!
//! `number{.number}…[letter]{_suffix[number]}…[~hash][-r#]`, where the suffixes alpha, beta, pre
//! and rc come before the plain version, and cvs, svn, git, hg and p after it.

use std::cmp::Ordering;

/// A version, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version<'v> {
    numbers: Vec<Number<'v>>,
    letter: Option<u8>,
    suffixes: Vec<(Suffix, Digits<'v>)>,
    release: Digits<'v>,
}

/// Digits without leading zeros: the longer is the larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Digits<'v>(&'v str);

/// A number of the version. The first is a number; in later ones a leading zero makes it a
/// fraction, so that 1.05 comes before 1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number<'v> {
    Whole(Digits<'v>),
    Fraction(&'v str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Suffix {
    Alpha,
    Beta,
    Pre,
    Rc,
    /// The end of a version, among suffixes.
    None,
    Cvs,
    Svn,
    Git,
    Hg,
    P,
}

impl<'v> Version<'v> {
    pub(super) fn parse(text: &'v str) -> Option<Self> {
        let (rest, release) = match text.rsplit_once("-r") {
            Some((rest, release)) => (rest, digits(release)?),
            None => (text, Digits("")),
        };
        // A commit hash names the version more exactly, and does not order it.
        let rest = match rest.split_once('~') {
            Some((rest, hash)) if is_hash(hash) => rest,
            Some(_) => return None,
            None => rest,
        };
        let (rest, suffixes) = match rest.split_once('_') {
            Some((rest, suffixes)) => (rest, suffixes.split('_').map(suffix).collect()),
            None => (rest, Some(Vec::new())),
        };
        let (rest, letter) = match rest.as_bytes().last() {
            Some(last @ b'a'..=b'z') => (&rest[..rest.len() - 1], Some(*last)),
            _ => (rest, None),
        };
        let numbers = rest.split('.').enumerate().map(|(at, text)| number(at, text));
        Some(Self {
            numbers: numbers.collect::<Option<_>>()?,
            letter,
            suffixes: suffixes?,
            release,
        })
    }
}

fn number(at: usize, text: &str) -> Option<Number<'_>> {
    let whole = digits(text).filter(|_| !text.is_empty())?;
    Some(match at > 0 && text.len() > 1 && text.starts_with('0') {
        true => Number::Fraction(text),
        false => Number::Whole(whole),
    })
}

fn digits(text: &str) -> Option<Digits<'_>> {
    text.bytes().all(|it| it.is_ascii_digit()).then(|| Digits(text.trim_start_matches('0')))
}

fn suffix(text: &str) -> Option<(Suffix, Digits<'_>)> {
    let end = text.find(|it: char| it.is_ascii_digit()).unwrap_or(text.len());
    let suffix = match &text[..end] {
        "alpha" => Suffix::Alpha,
        "beta" => Suffix::Beta,
        "pre" => Suffix::Pre,
        "rc" => Suffix::Rc,
        "cvs" => Suffix::Cvs,
        "svn" => Suffix::Svn,
        "git" => Suffix::Git,
        "hg" => Suffix::Hg,
        "p" => Suffix::P,
        _ => return None,
    };
    Some((suffix, digits(&text[end..])?))
}

fn is_hash(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

impl Ord for Digits<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Digits<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Number<'_> {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a.cmp(b),
            // One fraction makes both of them texts, as apk compares them.
            (Self::Fraction(a), Self::Fraction(b)) => a.cmp(b),
            (Self::Fraction(a), Self::Whole(b)) => (*a).cmp(zero_if_empty(b.0)),
            (Self::Whole(a), Self::Fraction(b)) => zero_if_empty(a.0).cmp(b),
        }
    }
}

fn zero_if_empty(digits: &str) -> &str {
    if digits.is_empty() { "0" } else { digits }
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        for (a, b) in self.numbers.iter().zip(&other.numbers) {
            let order = a.compare(b);
            if order != Ordering::Equal {
                return order;
            }
        }
        // The one that goes on is the newer, whether it goes on with a number or a letter.
        let numbers = self.numbers.len().cmp(&other.numbers.len());
        numbers
            .then_with(|| self.letter.cmp(&other.letter))
            .then_with(|| suffixes(&self.suffixes, &other.suffixes))
            .then_with(|| self.release.cmp(&other.release))
    }
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn suffixes(a: &[(Suffix, Digits<'_>)], b: &[(Suffix, Digits<'_>)]) -> Ordering {
    let end = (Suffix::None, Digits(""));
    for at in 0..a.len().max(b.len()) {
        let order = a.get(at).unwrap_or(&end).cmp(b.get(at).unwrap_or(&end));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}
