//! Where the stored bytes of a sparse file lie in it (GNU tar manual, "Sparse Formats").

/// A run of stored bytes; what lies between runs is zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// How many runs a file may have. GNU tar writes one for each hole; a map of more is an attack.
pub(super) const SEGMENTS_MAX: usize = 1 << 16;

/// Whether the runs lie in order within `size` and hold `stored` bytes.
pub(super) fn fits(segments: &[Segment], size: u64, stored: u64) -> bool {
    let mut end = 0_u64;
    let mut sum = 0_u64;
    for segment in segments {
        let Some(next) = segment.offset.checked_add(segment.length) else { return false };
        if segment.offset < end || next > size {
            return false;
        }
        end = next;
        sum += segment.length; // cannot overflow: runs do not overlap and end within size
    }
    sum == stored
}

/// Pairs of decimal numbers, separated by commas: the map of formats 0.0 and 0.1.
pub(super) fn parse_list(text: &[u8]) -> Option<Vec<Segment>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let mut numbers = text.split(|&byte| byte == b',').map(decimal);
    let mut segments = Vec::new();
    while let Some(offset) = numbers.next() {
        if segments.len() == SEGMENTS_MAX {
            return None;
        }
        segments.push(Segment { offset: offset?, length: numbers.next()?? });
    }
    Some(segments)
}

pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 20 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}
