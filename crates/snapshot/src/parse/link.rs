//! What the links in `/proc/PID/fd`, `exe` and `ns` point at (proc_pid_fd(5)).

const DELETED: &[u8] = b" (deleted)";

/// What a link says. Whether a path is a file, a folder or a device it does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link<'a> {
    /// A path, and whether the kernel says that it was removed. A file whose name really ends
    /// in ` (deleted)` looks the same.
    Path(&'a [u8], bool),
    /// `socket:[inode]`.
    Socket(u64),
    /// `pipe:[inode]`.
    Pipe(u64),
    /// `/memfd:name (deleted)`.
    Memfd(&'a [u8]),
    /// `net:[inode]` and the like.
    Namespace(&'a [u8], u64),
    /// `anon_inode:[class]` or `anon_inode:class`.
    Anonymous(&'a [u8]),
    /// Something else.
    Unknown(&'a [u8]),
}

/// Reads a link. Only the kernel makes links that do not begin with `/`.
pub fn link(bytes: &[u8]) -> Link<'_> {
    if bytes.starts_with(b"/") {
        let (path, deleted) = match bytes.strip_suffix(DELETED) {
            Some(path) => (path, true),
            None => (bytes, false),
        };
        // A file `memfd:x` of the root folder, removed, looks the same: the worse is taken.
        return match path.strip_prefix(b"/memfd:") {
            Some(name) if deleted => Link::Memfd(name),
            _ => Link::Path(path, deleted),
        };
    }
    if let Some(class) = bytes.strip_prefix(b"anon_inode:") {
        let bare = class.strip_prefix(b"[").and_then(|class| class.strip_suffix(b"]"));
        return Link::Anonymous(bare.unwrap_or(class));
    }
    match class_and_inode(bytes) {
        Some((b"socket", inode)) => Link::Socket(inode),
        Some((b"pipe", inode)) => Link::Pipe(inode),
        Some((class, inode)) => Link::Namespace(class, inode),
        None => Link::Unknown(bytes),
    }
}

/// `class:[inode]`.
fn class_and_inode(bytes: &[u8]) -> Option<(&[u8], u64)> {
    let colon = bytes.iter().position(|&byte| byte == b':')?;
    let (class, rest) = bytes.split_at(colon);
    let digits = rest.strip_prefix(b":[")?.strip_suffix(b"]")?;
    Some((class, std::str::from_utf8(digits).ok()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        let check = |bytes: &'static [u8], expect: Link<'_>| assert_eq!(link(bytes), expect);
        check(b"/a b", Link::Path(b"/a b", false));
        check(b"/a\n\xff (deleted)", Link::Path(b"/a\n\xff", true));
        check(b"/socket:[1]", Link::Path(b"/socket:[1]", false));
        check(b"socket:[12]", Link::Socket(12));
        check(b"pipe:[3]", Link::Pipe(3));
        check(b"net:[4026531840]", Link::Namespace(b"net", 4_026_531_840));
        check(b"anon_inode:[eventpoll]", Link::Anonymous(b"eventpoll"));
        check(b"anon_inode:bpf-prog", Link::Anonymous(b"bpf-prog"));
        check(b"/memfd:x y (deleted)", Link::Memfd(b"x y"));
        check(b"/memfd:x", Link::Path(b"/memfd:x", false));
        check(b"socket:[x]", Link::Unknown(b"socket:[x]"));
        check(b"socket:[99999999999999999999]", Link::Unknown(b"socket:[99999999999999999999]"));
        check(b"", Link::Unknown(b""));
    }
}
