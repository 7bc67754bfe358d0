//! `${…}` in stack.yml, in the dialect of faas-cli.
//!
//! faas-cli substitutes in the whole file before it is parsed, with drone/envsubst v1.0.3, which
//! is not quite a shell. What counts is that we read what faas-cli reads: each case of the table
//! in the tests has been compared with that library. Where it would crash we refuse.

use super::glob;

/// Substitutions within substitutions.
const DEPTH_MAX: usize = 32;
/// What comes out.
const OUTPUT_BYTES_MAX: usize = 8 << 20;

/// Why a text cannot be substituted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvsubstError {
    /// faas-cli says "bad substitution".
    #[error("bad substitution in line {line}")]
    Bad {
        /// The line, from 1.
        line: usize,
    },
    /// Too deep, too long, or too much work.
    #[error("substitution is larger than the limits let it be")]
    Limit,
}

/// Substitutes in `text`; `variable` looks a variable up, and an unset one is empty.
///
/// # Errors
/// When a substitution is malformed, or past a limit.
pub fn envsubst(
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<String, EnvsubstError> {
    if text.contains('\0') {
        // The library takes it for the end of the text; nobody means that.
        let line = line_of(text, text.find('\0').unwrap_or(0));
        return Err(EnvsubstError::Bad { line });
    }
    let mut scanner = Scanner { text, at: 0, variable };
    let mut output = String::with_capacity(text.len());
    while scanner.at < text.len() {
        let piece = match scanner.takes("${") {
            true => scanner.function(0)?,
            false => scanner.words(|_| false, Escapes::Taken)?,
        };
        if output.len() + piece.len() > OUTPUT_BYTES_MAX {
            return Err(EnvsubstError::Limit);
        }
        output.push_str(&piece);
    }
    Ok(output)
}

#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    /// `$$` is `$`, `\/` is `/`, `\\` is `\`.
    Taken,
    Literal,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Scanner<'_> {
    /// What follows `${`, up to and with its `}`.
    fn function(&mut self, depth: usize) -> Result<String, EnvsubstError> {
        if depth > DEPTH_MAX {
            return Err(EnvsubstError::Limit);
        }
        if self.takes("#") {
            let value = self.value()?;
            self.closing()?;
            return Ok(value.len().to_string());
        }
        let value = self.value()?;
        match self.peek() {
            Some(':') if matches!(self.second(), Some('=' | '-' | '?' | '+')) => {
                self.at += 2;
                self.default(value, depth)
            }
            Some(':') => self.substring(value, depth),
            Some('=') => {
                self.at += 1;
                self.default(value, depth)
            }
            Some(',' | '^') => self.case(&value),
            Some('/') => self.replacement(&value, depth),
            Some(sign @ ('#' | '%')) => self.trimmed(value, sign, depth),
            _ => self.closing().map(|()| value),
        }
    }

    /// The value of the variable whose name stands here.
    fn value(&mut self) -> Result<String, EnvsubstError> {
        let rest = &self.text[self.at..];
        let in_name = |char: char| char.is_alphabetic() || char.is_numeric() || char == '_';
        let length = rest.find(|char| !in_name(char)).unwrap_or(rest.len());
        let name = &rest[..length];
        self.at += length;
        if name.is_empty() {
            Err(self.bad())
        } else {
            Ok((self.variable)(name).unwrap_or_default())
        }
    }

    /// `${V:-d}` and its kin, which all mean the same: the value, or else what follows.
    fn default(&mut self, value: String, depth: usize) -> Result<String, EnvsubstError> {
        let mut other = String::new();
        while self.peek() != Some('}') {
            other += &self.argument(|char| char == '}', Escapes::Literal, depth)?;
            if other.len() > OUTPUT_BYTES_MAX {
                return Err(EnvsubstError::Limit);
            }
        }
        self.closing()?;
        Ok(if value.is_empty() { other } else { value })
    }

    /// `${V:position}` and `${V:position:length}`, in bytes.
    fn substring(&mut self, value: String, depth: usize) -> Result<String, EnvsubstError> {
        self.at += 1;
        let position = self.argument(|char| matches!(char, ':' | '}'), Escapes::Literal, depth)?;
        let mut length = None;
        if self.takes(":") {
            while self.takes(":") {}
            length = Some(self.argument(|char| char == '}', Escapes::Literal, depth)?);
        }
        self.closing()?;
        let Ok(position) = position.parse::<i64>() else { return Ok(value) };
        let whole = value.len() as i64;
        let from = if position < 0 { (whole + position).max(0) } else { position };
        let to = match length.map(|text| text.parse::<i64>()) {
            Some(Err(_)) => return Ok(value),
            Some(Ok(length)) if from.saturating_add(length) < whole => from.saturating_add(length),
            Some(Ok(_)) | None => whole,
        };
        if from >= whole && to >= whole {
            return Ok(String::new());
        }
        // Where the library would slice backwards it crashes; half a character is not text.
        let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
        let part = range.and_then(|(from, to)| value.get(from..to));
        part.map(str::to_owned).ok_or_else(|| self.bad())
    }

    /// `${V^}`, `${V^^}`, `${V,}`, `${V,,}`.
    fn case(&mut self, value: &str) -> Result<String, EnvsubstError> {
        let rest = &self.text[self.at..];
        let length = rest.chars().take(2).take_while(|char| matches!(char, ',' | '^')).count();
        let how = &rest[..length];
        self.at += length;
        self.closing()?;
        let mut chars = value.chars();
        let mut first = |change: fn(char) -> char| {
            let first = chars.next().map(change);
            first.into_iter().chain(chars.as_str().chars()).collect()
        };
        Ok(match how {
            "^" => first(upper),
            "," => first(lower),
            "^^" => value.chars().map(upper).collect(),
            ",," => value.chars().map(lower).collect(),
            _ => value.to_owned(),
        })
    }

    /// `${V/a/b}`, `${V//a/b}`, `${V/#a/b}`, `${V/%a/b}`. The first part ends at the next slash,
    /// wherever that is.
    fn replacement(&mut self, value: &str, depth: usize) -> Result<String, EnvsubstError> {
        self.at += 1;
        let how = self.peek().filter(|char| matches!(char, '/' | '#' | '%'));
        self.at += how.map_or(0, char::len_utf8);
        let from = self.argument(|char| char == '/', Escapes::Taken, depth)?;
        if !self.takes("/") {
            return Err(self.bad());
        }
        while self.takes("/") {}
        let to = match self.peek() {
            Some('}') => None,
            _ => Some(self.argument(|char| char == '}', Escapes::Taken, depth)?),
        };
        self.closing()?;
        let grown =
            value.len().saturating_add(1).saturating_mul(to.as_ref().map_or(0, String::len));
        if grown.saturating_add(value.len()) > OUTPUT_BYTES_MAX {
            return Err(EnvsubstError::Limit);
        }
        Ok(match (how, to) {
            (Some('/'), to) => value.replace(&from, to.as_deref().unwrap_or("")),
            (None, to) => value.replacen(&from, to.as_deref().unwrap_or(""), 1),
            // Nothing to put in its place: the library leaves the value as it is.
            (Some(_), None) => value.to_owned(),
            (Some('#'), Some(to)) => match value.strip_prefix(&from) {
                Some(rest) => to + rest,
                None => value.to_owned(),
            },
            (Some(_), Some(to)) => match value.strip_suffix(&from) {
                Some(rest) => rest.to_owned() + &to,
                None => value.to_owned(),
            },
        })
    }

    /// `${V#p}`, `${V##p}`, `${V%p}`, `${V%%p}`.
    fn trimmed(
        &mut self,
        value: String,
        sign: char,
        depth: usize,
    ) -> Result<String, EnvsubstError> {
        self.at += 1;
        let longest = self.peek() == Some(sign);
        self.at += usize::from(longest);
        let pattern = self.argument(|char| char == '}', Escapes::Literal, depth)?;
        self.closing()?;
        let trimmed = match sign {
            '#' => glob::trim_prefix(&value, &pattern, longest),
            _ => {
                // The library reverses both and trims the front.
                let (value, pattern) = (reversed(&value), reversed(&pattern));
                glob::trim_prefix(&value, &pattern, longest).map(|rest| reversed(&rest))
            }
        };
        trimmed.ok_or(EnvsubstError::Limit)
    }

    /// One argument: a substitution by itself, or words up to `stop` or the next substitution.
    fn argument(
        &mut self,
        stop: impl Fn(char) -> bool,
        escapes: Escapes,
        depth: usize,
    ) -> Result<String, EnvsubstError> {
        match self.takes("${") {
            true => self.function(depth + 1),
            false => self.words(stop, escapes),
        }
    }

    /// At least one character of plain text, up to `stop`, `${` or the end.
    fn words(
        &mut self,
        stop: impl Fn(char) -> bool,
        escapes: Escapes,
    ) -> Result<String, EnvsubstError> {
        let mut words = String::new();
        let from = self.at;
        while let Some(char) = self.peek() {
            if self.text[self.at..].starts_with("${") {
                break;
            }
            let escaped = match (escapes, char, self.second()) {
                (Escapes::Taken, '$', Some(next @ '$'))
                | (Escapes::Taken, '\\', Some(next @ ('/' | '\\'))) => Some(next),
                _ => None,
            };
            if escaped.is_none() && stop(char) {
                break;
            }
            words.push(escaped.unwrap_or(char));
            self.at += char.len_utf8() + usize::from(escaped.is_some());
        }
        if self.at == from { Err(self.bad()) } else { Ok(words) }
    }

    fn closing(&mut self) -> Result<(), EnvsubstError> {
        if self.takes("}") { Ok(()) } else { Err(self.bad()) }
    }

    fn takes(&mut self, text: &str) -> bool {
        let stands = self.text[self.at..].starts_with(text);
        self.at += if stands { text.len() } else { 0 };
        stands
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn second(&self) -> Option<char> {
        self.text[self.at..].chars().nth(1)
    }

    fn bad(&self) -> EnvsubstError {
        EnvsubstError::Bad { line: line_of(self.text, self.at) }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count()
}

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// Go changes the case of one character to one character.
fn upper(char: char) -> char {
    let mut upper = char.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(only), None) => only,
        _ => char,
    }
}

fn lower(char: char) -> char {
    let mut lower = char.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => char,
    }
}
