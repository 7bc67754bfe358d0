//! The fields of one 512-byte header block (POSIX.1-1988 ustar, GNU tar's `struct gnu_header`).

use super::sparse::Segment;

pub(super) const BLOCK: usize = 512;

/// One header block.
pub(super) struct Header<'b>(pub(super) &'b [u8; BLOCK]);

impl<'b> Header<'b> {
    pub(super) fn is_zero(&self) -> bool {
        self.0.iter().all(|&byte| byte == 0)
    }

    /// Whether the checksum holds; some old writers summed signed bytes.
    pub(super) fn has_checksum(&self) -> bool {
        let Some(claimed) = number(&self.0[148..156]) else { return false };
        // The sum is of a header whose checksum is eight spaces.
        let sum = |bytes: &[u8]| bytes.iter().map(|&it| u32::from(it)).sum::<u32>();
        let unsigned = sum(self.0) - sum(&self.0[148..156]) + 8 * u32::from(b' ');
        if claimed == u64::from(unsigned) {
            return true;
        }
        let sum = |bytes: &[u8]| bytes.iter().map(|&it| i32::from(it.cast_signed())).sum::<i32>();
        let signed = sum(self.0) - sum(&self.0[148..156]) + 8 * i32::from(b' ');
        i64::try_from(claimed) == Ok(i64::from(signed))
    }

    pub(super) fn kind(&self) -> u8 {
        self.0[156]
    }

    /// The name, with ustar's prefix. GNU tar keeps times and sparse maps where ustar keeps the
    /// prefix, so the magic decides.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = text(&self.0[..100]);
        let prefix = match &self.0[257..265] {
            [b'u', b's', b't', b'a', b'r', 0, ..] if &self.0[508..512] == b"tar\0" => {
                text(&self.0[345..476])
            }
            [b'u', b's', b't', b'a', b'r', 0, ..] => text(&self.0[345..500]),
            b"ustar  \0" => self.prefix_for_times(),
            _ => &[],
        };
        match prefix {
            [] => name.to_vec(),
            _ => [prefix, b"/", name].concat(),
        }
    }

    /// Before version 1.8, Go wrote ustar's prefix into headers that it called GNU's, and all since
    /// take it for one where GNU's times would be no numbers (golang/go, archive/tar/reader.go).
    fn prefix_for_times(&self) -> &'b [u8] {
        let is_time = |field: &[u8]| field.first() == Some(&0) || signed(field).is_some();
        match is_time(&self.0[345..357]) && is_time(&self.0[357..369]) {
            true => &[],
            false => Some(text(&self.0[345..500])).filter(|it| it.is_ascii()).unwrap_or_default(),
        }
    }

    pub(super) fn link(&self) -> &'b [u8] {
        text(&self.0[157..257])
    }

    pub(super) fn mode(&self) -> Option<u32> {
        signed(&self.0[100..108]).map(|mode| (mode & 0o7777) as u32)
    }

    pub(super) fn uid(&self) -> Option<i64> {
        signed(&self.0[108..116])
    }

    pub(super) fn gid(&self) -> Option<i64> {
        signed(&self.0[116..124])
    }

    pub(super) fn size(&self) -> Option<u64> {
        number(&self.0[124..136])
    }

    /// GNU's sparse map in the header: four segments, whether more blocks follow, the real size.
    pub(super) fn sparse(&self) -> Option<(Vec<Segment>, bool, u64)> {
        let segments = sparse_segments(&self.0[386..482])?;
        Some((segments, self.0[482] != 0, number(&self.0[483..495])?))
    }
}

/// One block that continues GNU's sparse map, and whether another follows.
pub(super) fn sparse_extension(block: &[u8; BLOCK]) -> Option<(Vec<Segment>, bool)> {
    Some((sparse_segments(&block[..504])?, block[504] != 0))
}

fn sparse_segments(bytes: &[u8]) -> Option<Vec<Segment>> {
    let used = |it: &&[u8]| it[0] != 0;
    let segment =
        |it: &[u8]| Some(Segment { offset: number(&it[..12])?, length: number(&it[12..24])? });
    bytes.chunks_exact(24).take_while(used).map(segment).collect()
}

fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    &field[..end]
}

/// A number that is not negative.
fn number(field: &[u8]) -> Option<u64> {
    signed(field).and_then(|it| u64::try_from(it).ok())
}

/// A number: octal digits amid spaces and NULs, or GNU's base-256 with the highest bit set, which is
/// negative with the next one set. Those past 64 bits are none.
fn signed(field: &[u8]) -> Option<i64> {
    let (&first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // A negative number is the complement of one below its opposite.
        let inverted = if first & 0x40 == 0 { 0 } else { 0xff };
        let value =
            rest.iter().try_fold(i64::from((first ^ inverted) & 0x3f), |value, &byte| {
                Some(value.checked_mul(256)? | i64::from(byte ^ inverted))
            })?;
        return Some(if inverted == 0 { value } else { !value });
    }
    let padding = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !padding(byte)).unwrap_or(field.len());
    let digits = &field[start..];
    let end = digits.iter().position(padding).unwrap_or(digits.len());
    digits[..end].iter().try_fold(0_i64, |value, &byte| match byte {
        b'0'..=b'7' => Some(value.checked_mul(8)? | i64::from(byte - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{number, signed};

    #[test]
    fn a_number_may_be_negative_in_base_256() {
        assert_eq!(signed(b"\xff\xff\xff\xff\xff\xff\xff\xff"), Some(-1));
        assert_eq!(signed(b"\xff\xff\xff\xff\xff\xff\xff\xfe"), Some(-2));
        assert_eq!(signed(b"\xff\0\0\0\0\0\0\0\0\0\0\0"), None);
        assert_eq!(signed(b"-000001\0"), None);
    }

    #[test]
    fn numbers_are_octal_or_base_256() {
        let cases: [(&[u8], Option<u64>); 9] = [
            (b"0000644\0", Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"77777777777\0", Some(0o77_777_777_777)),
            (b"\x80\0\0\0\0\0\0\x02\0\0\0\0", Some(1 << 33)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\x80\0\0\x01\0\0\0\0\0\0\0\0", None),
            (b"0000689\0", None),
            (b"-000001\0", None),
        ];
        for (field, expected) in cases {
            assert_eq!(number(field), expected, "{field:?}");
        }
    }
}
