//! Two kinds of glob that faas-cli knows: the patterns of `${V#p}`, and those of `--filter`.

/// How many steps one trimming may take.
const STEPS_MAX: usize = 20_000_000;

/// The value without the shortest or the longest start that the pattern matches; `None` when
/// that takes too many steps. `*` is any text, `?` one character, `[a-z]` and `[^a-z]` a class,
/// `\` makes the next character plain. A malformed pattern matches nothing.
pub(super) fn trim_prefix(value: &str, pattern: &str, longest: bool) -> Option<String> {
    let Some(pattern) = parse(pattern) else { return Some(value.to_owned()) };
    let chars: Vec<char> = value.chars().collect();
    let steps = chars.len().saturating_mul(chars.len()).saturating_mul(pattern.len().max(1));
    if steps > STEPS_MAX {
        return None;
    }
    let mut lengths = 1..=chars.len();
    let is_match = |length: &usize| matches(&pattern, &chars[..*length]);
    let found = if longest { lengths.rev().find(is_match) } else { lengths.find(is_match) };
    Some(chars[found.unwrap_or(0)..].iter().collect())
}

enum Part {
    AnyText,
    AnyChar,
    Char(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

fn parse(pattern: &str) -> Option<Vec<Part>> {
    let mut chars = pattern.chars().peekable();
    let mut parts = Vec::new();
    while let Some(char) = chars.next() {
        parts.push(match char {
            '*' => Part::AnyText,
            '?' => Part::AnyChar,
            '\\' => Part::Char(chars.next()?),
            '[' => {
                let negated = chars.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                loop {
                    if !ranges.is_empty() && chars.next_if_eq(&']').is_some() {
                        break;
                    }
                    let low = class_char(&mut chars)?;
                    let high = match chars.next_if_eq(&'-') {
                        Some(_) => class_char(&mut chars)?,
                        None => low,
                    };
                    ranges.push((low, high));
                }
                Part::Class { negated, ranges }
            }
            plain => Part::Char(plain),
        });
    }
    Some(parts)
}

fn class_char(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '-' | ']' => None,
        '\\' => chars.next(),
        char => Some(char),
    }
}

fn matches(pattern: &[Part], text: &[char]) -> bool {
    let (mut part, mut at) = (0, 0);
    // Where to go on when what follows the last `*` does not match: one character further.
    let mut retry = None;
    loop {
        match pattern.get(part) {
            Some(Part::AnyText) => {
                retry = Some((part + 1, at));
                part += 1;
                continue;
            }
            None if at == text.len() => return true,
            Some(one) if text.get(at).is_some_and(|char| one.takes(*char)) => {
                part += 1;
                at += 1;
                continue;
            }
            _ => {}
        }
        match retry {
            Some((after, from)) if from < text.len() => {
                retry = Some((after, from + 1));
                (part, at) = (after, from + 1);
            }
            _ => return false,
        }
    }
}

impl Part {
    fn takes(&self, char: char) -> bool {
        match self {
            Self::AnyText | Self::AnyChar => true,
            Self::Char(own) => *own == char,
            Self::Class { negated, ranges } => {
                let inside = ranges.iter().any(|(low, high)| (*low..=*high).contains(&char));
                inside != *negated
            }
        }
    }
}

/// Whether `--filter` takes this name: `*` is any text, everything else itself
/// (ryanuber/go-glob).
pub(super) fn is_filtered(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or("")) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_takes_what_go_glob_takes() {
        for (pattern, name) in [
            ("*", ""),
            ("*", "a"),
            ("scan-*", "scan-layers"),
            ("*-*y*", "check-policy"),
            ("a", "a"),
        ] {
            assert!(is_filtered(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("", "a"), ("scan", "scan-layers"), ("*x", "ab"), ("a*b", "ab1")] {
            assert!(!is_filtered(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_that_costs_too_much_is_not_tried() {
        let value = "a".repeat(10_000);
        assert_eq!(trim_prefix(&value, "*a*a*a*b", true), None);
    }
}
