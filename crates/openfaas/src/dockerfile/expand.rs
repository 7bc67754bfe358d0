//! `$NAME` and `${NAME…}` in a Dockerfile, as its reference says ("Environment replacement").

use std::collections::BTreeMap;

/// What may come out of one expansion.
const BYTES_MAX: usize = 64 << 10;
/// Expansions within expansions.
const DEPTH_MAX: usize = 16;

/// Why a name is not known before the build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolvable {
    /// Nothing remains when the variables in it are expanded.
    #[error("{0:?} is empty once its variables are expanded")]
    Empty(String),
    /// A variable where none is expanded.
    #[error("{0:?} has a variable, and none is expanded there")]
    Variable(String),
    /// An expansion of a form that is not known.
    #[error("{0:?} has an expansion that cannot be followed")]
    Expansion(String),
    /// A stage that comes later, or none.
    #[error("{0:?} is a stage that does not come before")]
    LaterStage(String),
    /// A platform that is none.
    #[error("{0:?} is no platform")]
    Platform(String),
    /// Too long.
    #[error("it is longer than {BYTES_MAX} bytes")]
    TooLong,
}

type Variables = BTreeMap<String, Result<String, Unresolvable>>;

/// Expands the variables of a word and takes its quotes off.
pub(super) fn expand(
    word: &str,
    variables: &Variables,
    escape: char,
) -> Result<String, Unresolvable> {
    expand_at(word, variables, escape, 0)
}

fn expand_at(
    word: &str,
    variables: &Variables,
    escape: char,
    depth: usize,
) -> Result<String, Unresolvable> {
    let strange = || Unresolvable::Expansion(word.to_owned());
    if depth > DEPTH_MAX {
        return Err(strange());
    }
    let mut output = String::new();
    let mut rest = word;
    let mut in_double = false;
    while let Some(char) = rest.chars().next() {
        rest = &rest[char.len_utf8()..];
        match char {
            '\'' if !in_double => {
                let (plain, after) = rest.split_once('\'').ok_or_else(strange)?;
                output.push_str(plain);
                rest = after;
            }
            '"' => in_double = !in_double,
            '$' => {
                let (value, after) = variable(rest, variables, escape, depth)
                    .map_err(|why| why.unwrap_or_else(strange))?;
                output.push_str(&value);
                rest = after;
            }
            char if char == escape => {
                let next = rest.chars().next().ok_or_else(strange)?;
                output.push(next);
                rest = &rest[next.len_utf8()..];
            }
            char => output.push(char),
        }
        if output.len() > BYTES_MAX {
            return Err(Unresolvable::TooLong);
        }
    }
    if in_double { Err(strange()) } else { Ok(output) }
}

/// What follows a `$`: its value, and the rest. `Err(None)` is a form that is not known.
fn variable<'a>(
    rest: &'a str,
    variables: &Variables,
    escape: char,
    depth: usize,
) -> Result<(String, &'a str), Option<Unresolvable>> {
    let in_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let value_of = |name: &str| match variables.get(name) {
        Some(Ok(value)) => Ok(Some(value.clone())),
        Some(Err(why)) => Err(Some(why.clone())),
        None => Ok(None),
    };
    let Some(inner) = rest.strip_prefix('{') else {
        let end = rest.find(|char| !in_name(char)).unwrap_or(rest.len());
        return match end {
            0 => Ok(("$".to_owned(), rest)),
            end => Ok((value_of(&rest[..end])?.unwrap_or_default(), &rest[end..])),
        };
    };
    let end = inner.find(|char| !in_name(char)).filter(|end| *end > 0).ok_or(None)?;
    let (name, after) = inner.split_at(end);
    let close = closing(after).ok_or(None)?;
    let (form, rest) = (&after[..close], &after[close + 1..]);
    let value = value_of(name)?;
    let word = |text: &str| expand_at(text, variables, escape, depth + 1).map_err(Some);
    let filled = value.clone().filter(|value| !value.is_empty());
    let value = if form.is_empty() {
        value.unwrap_or_default()
    } else if let Some(text) = form.strip_prefix(":-") {
        filled.map_or_else(|| word(text), Ok)?
    } else if let Some(text) = form.strip_prefix('-') {
        value.map_or_else(|| word(text), Ok)?
    } else if let Some(text) = form.strip_prefix(":+") {
        filled.map_or(Ok(String::new()), |_| word(text))?
    } else if let Some(text) = form.strip_prefix('+') {
        value.map_or(Ok(String::new()), |_| word(text))?
    } else {
        return Err(None);
    };
    Ok((value, rest))
}

/// Where the brace closes that was open before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1_usize;
    for (at, char) in text.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The names of an `ARG` line, each with its default as it is written.
pub(super) fn assignments(words: &str) -> Vec<(String, Option<String>)> {
    split(words)
        .into_iter()
        .map(|word| match word.split_once('=') {
            Some((name, default)) => (name.to_owned(), Some(default.to_owned())),
            None => (word, None),
        })
        .collect()
}

/// Words by blanks, but not by blanks in quotes.
fn split(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for char in text.chars() {
        match (quote, char) {
            (None, blank) if blank.is_whitespace() => words.push(std::mem::take(&mut word)),
            (None, '"' | '\'') => {
                quote = Some(char);
                word.push(char);
            }
            (Some(open), char) if open == char => {
                quote = None;
                word.push(char);
            }
            _ => word.push(char),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}
