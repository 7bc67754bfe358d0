//! Names as a tar stores them, made paths.

use super::rootfs::Fault;

/// The components of a name: `./`, `/` in front, in between and behind are dropped.
///
/// # Errors
/// When there is a `..`: no builder writes one, and an extractor would leave the folder.
pub(super) fn components(name: &[u8], depth_max: u32) -> Result<Vec<&[u8]>, Fault> {
    let parts = name.split(|&byte| byte == b'/').filter(|it| !it.is_empty() && *it != b".");
    let components: Vec<&[u8]> = parts.collect();
    if components.contains(&b"..".as_slice()) {
        return Err(Fault::ParentFolder(shown(name)));
    }
    if components.len() > depth_max as usize {
        let (limit, max) = ("path_depth_max", u64::from(depth_max));
        return Err(Fault::Limit { what: "depth of a path", limit, max });
    }
    Ok(components)
}

/// A name for people: what is no UTF-8 is replaced, what is endless is cut.
pub(super) fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(&name[..name.len().min(256)]).into_owned()
}

/// What a base name says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker<'n> {
    /// Nothing: it is an entry like any other. A bare `.wh.` is one too.
    None,
    /// `.wh..wh..opq`, exactly: lower children of the folder are hidden.
    Opaque,
    /// `.wh.NAME`: the lower NAME is hidden.
    Whiteout(&'n [u8]),
    /// AUFS's own (`.wh..wh.plnk`, `.wh..wh.aufs`), or a whiteout of no possible name.
    Meaningless,
}

pub(super) fn marker(base: &[u8]) -> Marker<'_> {
    match base.strip_prefix(b".wh.") {
        None | Some([]) => Marker::None,
        Some(b".wh..opq") => Marker::Opaque,
        Some(b"." | b"..") => Marker::Meaningless,
        Some(name) if name.starts_with(b".wh.") => Marker::Meaningless,
        Some(name) => Marker::Whiteout(name),
    }
}

/// Whether the path leads through AUFS's own folders, which are no part of the image.
pub(super) fn is_meta(path: &[u8]) -> bool {
    path.split(|&byte| byte == b'/').any(|it| it.starts_with(b".wh..wh."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_markers_mark() {
        assert_eq!(marker(b".wh..wh..opq"), Marker::Opaque);
        assert_eq!(marker(b".wh..wh..opqX"), Marker::Meaningless);
        assert_eq!(marker(b".wh..wh.plnk"), Marker::Meaningless);
        assert_eq!(marker(b".wh."), Marker::None);
        assert_eq!(marker(b".wh.."), Marker::Meaningless);
        assert_eq!(marker(b".wh.a"), Marker::Whiteout(b"a"));
        assert_eq!(marker(b"a.wh.b"), Marker::None);
    }

    #[test]
    fn names_lose_their_dots_and_slashes_and_keep_their_bytes() {
        let expected: [&[u8]; 2] = [b"a", b"\xff"];
        assert_eq!(components(b"/./a//\xff/", 2).unwrap(), expected);
        assert!(components(b"./", 2).unwrap().is_empty());
        assert!(matches!(components(b"a/../b", 9), Err(Fault::ParentFolder(_))));
        assert!(matches!(components(b"a/b/c", 2), Err(Fault::Limit { .. })));
    }
}
