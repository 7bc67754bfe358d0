//! Files that are held whole to be read.

use std::io::Read;

use super::findings::Trouble;

/// The bytes of a file, or that they are past the limit of this name.
pub(super) fn bytes(
    content: &mut dyn Read,
    limit: &'static str,
    max: u64,
) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    content.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > max {
        true => Err(Trouble::Limit { limit, max }),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_past_the_limit_is_too_much() {
        assert_eq!(bytes(&mut b"abc".as_slice(), "x_bytes_max", 3), Ok(b"abc".to_vec()));
        let past = Trouble::Limit { limit: "x_bytes_max", max: 3 };
        assert_eq!(bytes(&mut b"abcd".as_slice(), "x_bytes_max", 3), Err(past));
    }
}
