//! `/proc/PID/maps` (proc_pid_maps(5)).

/// One mapping of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapLine<'a> {
    /// The path as the kernel writes it: a newline is `\012`, and ` (deleted)` may follow.
    pub path: &'a [u8],
    /// Whether it may be executed.
    pub executable: bool,
}

/// Reads one line: the mapping of a file, `None` for memory without one (`[heap]`, nothing), or
/// the line back if it is not a line of this file.
pub fn map_line(line: &[u8]) -> Result<Option<MapLine<'_>>, &[u8]> {
    // address perms offset dev inode path; the path begins after the spaces that pad the inode.
    let mut rest = line;
    let mut fields = [&line[..0]; 5];
    for field in &mut fields {
        let end = rest.iter().position(|&byte| byte == b' ').unwrap_or(rest.len());
        (*field, rest) = rest.split_at(end);
        rest = rest.strip_prefix(b" ").unwrap_or(rest);
    }
    let [address, permissions, _, _, inode] = fields;
    if !address.contains(&b'-') || permissions.len() != 4 || inode.is_empty() {
        return Err(line);
    }
    let path = rest.trim_ascii_start();
    if !path.starts_with(b"/") {
        return Ok(None);
    }
    Ok(Some(MapLine { path, executable: permissions[2] == b'x' }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let check = |line: &str, expect: Result<Option<(&str, bool)>, ()>| {
            let found = map_line(line.as_bytes()).map_err(|_| ()).map(|found| {
                found.map(|line| (String::from_utf8_lossy(line.path).into_owned(), line.executable))
            });
            assert_eq!(found, expect.map(|found| found.map(|(path, x)| (path.to_owned(), x))));
        };
        check("7f00-7f01 r-xp 00000000 08:01 12     /lib/a b.so", Ok(Some(("/lib/a b.so", true))));
        check("7f00-7f01 rw-p 00000000 08:01 12 /x (deleted)", Ok(Some(("/x (deleted)", false))));
        check("7f00-7f01 rw-p 00000000 00:00 0 ", Ok(None));
        check("7f00-7f01 rw-p 00000000 00:00 0    [heap]", Ok(None));
        check("", Err(()));
        check("7f00-7f01 rw-p", Err(()));
    }
}
