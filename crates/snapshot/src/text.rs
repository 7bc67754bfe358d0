//! Text that a container controls: bounded, kept, and made harmless before it is printed.

use std::fmt::Write as _;

/// What ends a text that was cut at its limit. A kept text cannot end so by itself: a backslash
/// of the container's is doubled.
const CUT: &str = r"\…";

/// The bytes as text, losslessly up to `bytes_max`: a backslash is doubled, a byte that is not
/// UTF-8 becomes `\xNN`, and what is longer is cut and marked (see [`is_truncated`]).
pub(crate) fn kept(bytes: &[u8], bytes_max: usize) -> String {
    let cut = &bytes[..bytes.len().min(bytes_max)];
    let mut text = String::with_capacity(cut.len());
    for chunk in cut.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => text.push_str(r"\\"),
                other => text.push(other),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, r"\x{byte:02x}");
        }
    }
    if cut.len() < bytes.len() {
        text.push_str(CUT);
    }
    text
}

/// Whether a text of a snapshot was cut at its limit.
pub fn is_truncated(text: &str) -> bool {
    let Some(before) = text.strip_suffix('…') else { return false };
    let backslashes = before.bytes().rev().take_while(|&byte| byte == b'\\').count();
    backslashes % 2 == 1
}

/// The text with everything escaped that could move a terminal's cursor, colour it, reorder it or
/// break a line: control characters and the invisible ones of Unicode's bidirectional algorithm.
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        let hidden = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if character.is_control() || hidden {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept() {
        let check = |bytes: &[u8], expect: &str| assert_eq!(kept(bytes, 8), expect);
        check(b"/tmp/a", "/tmp/a");
        check(b"a\nb", "a\nb");
        check(br"a\x41", r"a\\x41");
        check(b"a\xff\xfeb", r"a\xff\xfeb");
        check(b"123456789", r"12345678\…");
    }

    #[test]
    fn a_cut_is_told_from_a_name_that_looks_cut() {
        assert!(is_truncated(&kept(b"123456789", 8)));
        assert!(!is_truncated(&kept(r"a\…".as_bytes(), 99)));
        assert!(is_truncated(&kept(br"1234567\9", 8)));
    }

    #[test]
    fn nothing_printable_moves_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\nc\u{202e}d"), r"a\u{1b}[2Jb\nc\u{202e}d");
    }
}
