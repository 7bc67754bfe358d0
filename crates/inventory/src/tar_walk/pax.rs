//! Extended headers: `LENGTH KEY=VALUE\n`, again and again (POSIX.1-2001, pax Interchange Format).

use super::sparse::{SEGMENTS_MAX, Segment, decimal, parse_list};

/// What an extended header says of the next entry. An empty value takes the header's own back.
#[derive(Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) sparse: SparseRecords,
}

/// What GNU tar's records say of a sparse file, in any of their three versions.
#[derive(Debug, Default)]
pub(super) struct SparseRecords {
    pub(super) name: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) map: Option<Vec<Segment>>,
    pub(super) is_map_in_content: bool,
    offset: Option<u64>,
}

impl Extended {
    /// Reads the records of one extended header over what is known already.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), &'static str> {
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
            self.set(&record[..equals], &record[equals + 1..])?;
            bytes = rest;
        }
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        let is_text = matches!(key, b"path" | b"linkpath" | b"GNU.sparse.name");
        if is_text && value.contains(&0) {
            return Err("extended header with a NUL in a name");
        }
        let text = || Some(value.to_vec()).filter(|it| !it.is_empty());
        let number = || match value {
            [] => Ok(None),
            _ => decimal(value).map(Some).ok_or("extended header with a malformed number"),
        };
        let sparse = &mut self.sparse;
        match key {
            b"path" => self.path = text(),
            b"linkpath" => self.link = text(),
            b"size" => self.size = number()?,
            b"uid" => self.uid = number()?,
            b"gid" => self.gid = number()?,
            b"GNU.sparse.name" => sparse.name = text(),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => sparse.size = number()?,
            b"GNU.sparse.major" => sparse.is_map_in_content = number()? == Some(1),
            b"GNU.sparse.map" => {
                sparse.map = Some(parse_list(value).ok_or("sparse file with a malformed map")?);
            }
            b"GNU.sparse.numblocks" => sparse.map = Some(Vec::new()),
            b"GNU.sparse.offset" => sparse.offset = number()?,
            b"GNU.sparse.numbytes" => {
                let segment = sparse.offset.take().zip(number()?);
                let (offset, length) = segment.ok_or("sparse file with a malformed map")?;
                let map = sparse.map.get_or_insert_default();
                if map.len() == SEGMENTS_MAX {
                    return Err("sparse file with too many runs");
                }
                map.push(Segment { offset, length });
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_and_an_empty_value_takes_back() {
        let mut extended = Extended::default();
        extended.read(b"14 path=a/b=c\n11 size=42\n9 uid=07\n").unwrap();
        assert_eq!(extended.path.as_deref(), Some(b"a/b=c".as_slice()));
        assert_eq!((extended.size, extended.uid), (Some(42), Some(7)));
        extended.read(b"8 path=\n").unwrap();
        assert_eq!(extended.path, None);
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
        ] {
            assert!(Extended::default().read(bytes).is_err(), "{bytes:?}");
        }
    }
}
