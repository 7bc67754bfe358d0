//! Names that come from what they name, so that the same question has the same answer.

use std::fmt;

use verdict::Digest;

/// The front of a SHA-256 over what it names: 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity(u128);

impl Identity {
    /// The identity of these words, in this order. Each is told from the next by its length.
    pub(crate) fn of(words: &[&str]) -> Self {
        let text: String = words.iter().map(|it| format!("{}:{it},", it.len())).collect();
        let hex = Digest::of(text.as_bytes()).hex();
        let front = hex.get(..32).unwrap_or_default();
        Self(u128::from_str_radix(front, 16).unwrap_or_default())
    }

    /// As a UUID of version 8, which leaves to its maker what it comes from (RFC 9562, 5.8).
    pub(crate) fn uuid(self) -> String {
        const VERSION: u128 = 0xf << 76;
        const VARIANT: u128 = 0b11 << 62;
        let bits = self.0 & !VERSION & !VARIANT | 0x8 << 76 | 0b10 << 62;
        let hex = format!("{bits:032x}");
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
        parts.join("-")
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_are_another_identity() {
        assert_eq!(Identity::of(&["a", "b"]), Identity::of(&["a", "b"]));
        assert_ne!(Identity::of(&["a", "b"]), Identity::of(&["ab"]));
        assert_ne!(Identity::of(&["a", "b"]), Identity::of(&["a:1", "b"]));
    }

    #[test]
    fn the_version_and_variant_of_a_uuid_are_where_they_belong() {
        let uuid = Identity(u128::MAX).uuid();
        assert_eq!(uuid, "ffffffff-ffff-8fff-bfff-ffffffffffff");
        assert_eq!(Identity(0).uuid(), "00000000-0000-8000-8000-000000000000");
    }
}
