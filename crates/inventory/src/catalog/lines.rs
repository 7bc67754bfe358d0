//! Lines, and stanzas of fields, in constant memory.

use std::io::{self, BufRead, BufReader, Read};

use super::findings::Trouble;

/// What is held of one line. The fields that anybody wants are far shorter.
const LINE_BYTES_MAX: usize = 16 << 10;

/// The lines of a file. A line past the limit is cut, and says so.
pub(super) struct Lines<'c> {
    reader: BufReader<&'c mut dyn Read>,
    line: Vec<u8>,
}

/// One line, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'l> {
    pub(super) bytes: &'l [u8],
    pub(super) is_cut: bool,
}

impl<'c> Lines<'c> {
    pub(super) fn new(content: &'c mut dyn Read) -> Self {
        Self { reader: BufReader::with_capacity(16 << 10, content), line: Vec::new() }
    }

    pub(super) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let (mut is_cut, mut is_any) = (false, false);
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            is_any = true;
            let end = available.iter().position(|&byte| byte == b'\n');
            let part = &available[..end.unwrap_or(available.len())];
            let room = LINE_BYTES_MAX - self.line.len();
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            is_cut |= part.len() > room;
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        Ok(is_any.then_some(Line { bytes: &self.line, is_cut }))
    }
}

impl<'l> Line<'l> {
    pub(super) fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }

    /// The field `name` of a line `name:value`, its case aside; `None` if it is another.
    pub(super) fn field(&self, name: &str) -> Option<Field<'l>> {
        let (head, value) = self.bytes.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        head.eq_ignore_ascii_case(name.as_bytes())
            .then(|| Field { value: value.trim_ascii(), is_cut: self.is_cut })
    }
}

/// The value of one field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'l> {
    value: &'l [u8],
    is_cut: bool,
}

impl Field<'_> {
    /// Its text.
    pub(super) fn text(self, what: &str) -> Result<String, Trouble> {
        if self.is_cut {
            let (limit, max) = ("line_bytes_max", LINE_BYTES_MAX as u64);
            return Err(Trouble::Limit { limit, max });
        }
        match std::str::from_utf8(self.value) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(Trouble::Malformed(format!("{what} is not UTF-8"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut bytes: &[u8]) -> Vec<(usize, bool)> {
        let mut lines = Lines::new(&mut bytes);
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            all.push((line.bytes.len(), line.is_cut));
        }
        all
    }

    #[test]
    fn lines_end_with_or_without_a_newline() {
        assert_eq!(lines(b"a\n\nbc\r\nd"), [(1, false), (0, false), (2, false), (1, false)]);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_line_past_the_limit_is_cut_and_the_next_is_whole() {
        let bytes = [vec![b'x'; 5 << 20], b"\nab\n".to_vec()].concat();
        assert_eq!(lines(&bytes), [(LINE_BYTES_MAX, true), (2, false)]);
    }
}
