//! Extended headers: `LENGTH KEY=VALUE\n`, again and again (POSIX.1-2001, pax Interchange Format).

use super::sparse::decimal;

/// What an extended header says of the next entry. An empty value takes the header's own back.
#[derive(Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<i64>,
    pub(super) gid: Option<i64>,
    pub(super) sparse: SparseRecords,
}

/// What GNU tar's records say of a sparse file, in any of their three versions.
#[derive(Debug, Default)]
pub(super) struct SparseRecords {
    pub(super) name: Option<Vec<u8>>,
    major: Vec<u8>,
    minor: Vec<u8>,
    size: Option<u64>,
    real_size: Option<u64>,
    map: Vec<u8>,
    /// How many numbers of the map had a record of their own.
    numbers: usize,
}

/// Where the map of a sparse file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SparseMap<'r> {
    /// In the records.
    Here(&'r [u8]),
    /// In front of the content.
    InContent,
}

impl SparseRecords {
    /// The map, if these records make a file sparse: all of them mean nothing where they are of a
    /// version that nobody knows, or of none and without a map (as Go reads them).
    pub(super) fn map(&self) -> Option<SparseMap<'_>> {
        match (self.major.as_slice(), self.minor.as_slice()) {
            (b"1", b"0") => Some(SparseMap::InContent),
            (b"0", b"0" | b"1") => Some(SparseMap::Here(&self.map)),
            (b"", b"") if !self.map.is_empty() => Some(SparseMap::Here(&self.map)),
            _ => None,
        }
    }

    pub(super) fn size(&self) -> Option<u64> {
        self.size.or(self.real_size)
    }

    /// Numbers of version 0.0: offset and length by turns.
    fn number(&mut self, value: &[u8], is_offset: bool) -> Result<(), &'static str> {
        if is_offset != self.numbers.is_multiple_of(2) || value.contains(&b',') {
            return Err("sparse file with a malformed map");
        }
        if self.numbers == 0 {
            self.map.clear();
        } else {
            self.map.push(b',');
        }
        self.numbers += 1;
        self.map.extend_from_slice(value);
        Ok(())
    }
}

impl Extended {
    /// Reads the records of one extended header.
    pub(super) fn read(mut bytes: &[u8]) -> Result<Self, &'static str> {
        let mut extended = Self::default();
        while !bytes.is_empty() {
            let space = bytes.iter().take(20).position(|&byte| byte == b' ');
            let space = space.ok_or("extended header without a record length")?;
            let length = decimal(&bytes[..space]).and_then(|it| usize::try_from(it).ok());
            let length = length.filter(|&it| it > space + 1 && it <= bytes.len());
            let length = length.ok_or("extended header with a wrong record length")?;
            let (record, rest) = bytes.split_at(length);
            let record = record[space + 1..].strip_suffix(b"\n");
            let record = record.ok_or("extended header record without its end of line")?;
            let equals = record.iter().position(|&byte| byte == b'=');
            let equals = equals.ok_or("extended header record without a value")?;
            extended.set(&record[..equals], &record[equals + 1..])?;
            bytes = rest;
        }
        Ok(extended)
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        if matches!(key, b"path" | b"linkpath") && value.contains(&0) {
            return Err("extended header with a NUL in a name");
        }
        let text = || Some(value.to_vec()).filter(|it| !it.is_empty());
        let signed = || match value {
            [] => Ok(None),
            _ => integer(value).map(Some).ok_or("extended header with a malformed number"),
        };
        let number = || match signed()?.map(u64::try_from) {
            Some(Err(_)) => Err("extended header with a negative size"),
            number => Ok(number.and_then(Result::ok)),
        };
        let sparse = &mut self.sparse;
        match key {
            b"path" => self.path = text(),
            b"linkpath" => self.link = text(),
            b"size" => self.size = number()?,
            b"uid" => self.uid = signed()?,
            b"gid" => self.gid = signed()?,
            b"GNU.sparse.name" => sparse.name = text(),
            b"GNU.sparse.size" => sparse.size = number()?,
            b"GNU.sparse.realsize" => sparse.real_size = number()?,
            b"GNU.sparse.major" => sparse.major = value.to_vec(),
            b"GNU.sparse.minor" => sparse.minor = value.to_vec(),
            b"GNU.sparse.map" if sparse.numbers == 0 => sparse.map = value.to_vec(),
            b"GNU.sparse.offset" => sparse.number(value, true)?,
            b"GNU.sparse.numbytes" => sparse.number(value, false)?,
            _ => {}
        }
        Ok(())
    }
}

fn integer(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_and_an_empty_value_takes_back() {
        let extended = Extended::read(b"14 path=a/b=c\n11 size=42\n9 uid=07\n9 gid=-2\n").unwrap();
        assert_eq!(extended.path.as_deref(), Some(b"a/b=c".as_slice()));
        assert_eq!((extended.size, extended.uid, extended.gid), (Some(42), Some(7), Some(-2)));
        assert_eq!(Extended::read(b"9 path=a\n8 path=\n").unwrap().path, None);
    }

    #[test]
    fn malformed_records_are_refused() {
        for bytes in [
            b"path=a\n".as_slice(),
            b"99 path=a\n",
            b"9 path=a!",
            b"0 path=a\n",
            b"7 path\n",
            b"11 path=a\0b\n",
            b"11 size=-1\n",
            b"18446744073709551616 path=a\n",
            b"25 GNU.sparse.numbytes=1\n",
        ] {
            assert!(Extended::read(bytes).is_err(), "{bytes:?}");
        }
    }
}
