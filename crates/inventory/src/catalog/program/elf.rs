//! What the front of an ELF file says of the rest (elf(5)).

/// What is read of a file's program headers; the largest have dozens.
const SEGMENTS_MAX: usize = 256;
/// What is read of a file's section headers: 65,535 as e_shnum has it.
const SECTION_BYTES_MAX: u64 = 65_535 * 64;

/// The front of an ELF file.
#[derive(Debug)]
pub(super) struct Elf {
    numbers: Numbers,
    /// What is loaded into memory.
    pub(super) segments: Vec<Segment>,
    /// Where the section headers lie; a stripped file may have none.
    pub(super) sections: Option<SectionTable>,
}

/// A part of the file that is loaded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) offset: u64,
    pub(super) address: u64,
    pub(super) size: u64,
    pub(super) is_code: bool,
}

/// Where the section headers lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct SectionTable {
    pub(super) offset: u64,
    pub(super) bytes: usize,
    entry_bytes: usize,
}

/// How numbers are written: by class and byte order.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    is_64: bool,
    is_big: bool,
}

impl Elf {
    /// Reads the front of a file: as much as holds the headers.
    pub(super) fn read(front: &[u8]) -> Option<Self> {
        if !front.starts_with(b"\x7fELF") {
            return None;
        }
        let numbers = Numbers { is_64: *front.get(4)? == 2, is_big: *front.get(5)? == 2 };
        let mut elf = Self { numbers, segments: Vec::new(), sections: None };
        let at = if numbers.is_64 { [32, 40, 54] } else { [28, 32, 42] };
        let [programs, sections, counts] = at;
        let programs = numbers.word(front, programs)?;
        let sections = numbers.word(front, sections)?;
        let count = |at| numbers.half(front, at).map(usize::from);
        elf.read_segments(front, programs, count(counts)?, count(counts + 2)?);
        let (entry_bytes, many) = (count(counts + 4)?, count(counts + 6)?);
        let bytes = entry_bytes.saturating_mul(many);
        if sections != 0 && bytes > 0 && bytes as u64 <= SECTION_BYTES_MAX {
            elf.sections = Some(SectionTable { offset: sections, bytes, entry_bytes });
        }
        Some(elf)
    }

    fn read_segments(&mut self, front: &[u8], at: u64, entry_bytes: usize, count: usize) {
        let numbers = self.numbers;
        let Ok(at) = usize::try_from(at) else { return };
        for index in 0..count.min(SEGMENTS_MAX) {
            let from = at.saturating_add(index.saturating_mul(entry_bytes));
            let Some(header) = front.get(from..) else { return };
            let segment = numbers.segment(header);
            self.segments.extend(segment.flatten());
        }
    }

    /// The offset of each section, as its table says.
    pub(super) fn section_offsets(&self, table: &[u8]) -> Vec<u64> {
        let Some(SectionTable { entry_bytes, .. }) = self.sections else { return Vec::new() };
        let at = if self.numbers.is_64 { 24 } else { 16 };
        let headers = table.chunks_exact(entry_bytes.max(1));
        headers.filter_map(|header| self.numbers.word(header, at)).collect()
    }

    /// Where in memory a byte of the file lies.
    pub(super) fn address_of(&self, offset: u64) -> Option<u64> {
        let within = |it: &&Segment| (it.offset..it.end()).contains(&offset);
        let segment = self.segments.iter().find(within)?;
        segment.address.checked_add(offset - segment.offset)
    }

    /// Where in the file a byte of memory lies.
    pub(super) fn offset_of(&self, address: u64) -> Option<u64> {
        let within = |it: &&Segment| {
            let past = address.checked_sub(it.address);
            past.is_some_and(|past| past < it.size)
        };
        let segment = self.segments.iter().find(within)?;
        segment.offset.checked_add(address - segment.address)
    }

    /// Whether a byte of the file is code and nothing else. Where the headers are loaded with the
    /// code, constants may lie there too.
    pub(super) fn code_until(&self, offset: u64) -> Option<u64> {
        let is_code =
            |it: &&Segment| it.is_code && it.offset != 0 && (it.offset..it.end()).contains(&offset);
        self.segments.iter().find(is_code).map(Segment::end)
    }

    /// Where the next stretch of nothing but code begins.
    pub(super) fn next_code(&self, offset: u64) -> Option<u64> {
        let later = |it: &&Segment| it.is_code && it.offset > offset && it.size > 0;
        self.segments.iter().filter(later).map(|it| it.offset).min()
    }
}

impl Segment {
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.size)
    }
}

impl Numbers {
    fn half(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// A number as wide as an address.
    fn word(self, bytes: &[u8], at: usize) -> Option<u64> {
        if !self.is_64 {
            return self.long(bytes, at).map(u64::from);
        }
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// A program header: `Some(None)` if it loads nothing.
    fn segment(self, header: &[u8]) -> Option<Option<Segment>> {
        const LOAD: u32 = 1;
        const EXECUTE: u32 = 1;
        let [flags, offset, address, size] =
            if self.is_64 { [4, 8, 16, 32] } else { [24, 4, 8, 16] };
        let kind = self.long(header, 0)?;
        let segment = Segment {
            offset: self.word(header, offset)?,
            address: self.word(header, address)?,
            size: self.word(header, size)?,
            is_code: self.long(header, flags)? & EXECUTE != 0,
        };
        Some((kind == LOAD).then_some(segment))
    }
}
