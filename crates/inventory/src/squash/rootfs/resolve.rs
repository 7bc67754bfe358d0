//! Where a path really leads, inside the root, as Linux resolves it (path_resolution(7)).

use super::super::path::shown;
use super::super::tree::{Body, NodeId, ROOT};
use super::{Fault, Rootfs};

/// How many symbolic links one path may lead through, as Linux has it (path_resolution(7)).
const LINKS_MAX: u32 = 40;
/// Where a path really leads.
pub(super) struct Place {
    pub(super) path: Vec<u8>,
    pub(super) node: Option<NodeId>,
    pub(super) links: Vec<NodeId>,
}

impl Rootfs<'_> {
    /// The place of `base` in the folder that `parents` lead to. `base` itself is not followed.
    pub(super) fn place(
        &self,
        parents: &[&[u8]],
        base: &[u8],
        name: &[u8],
    ) -> Result<Place, Fault> {
        let folder = self.resolve(parents, true, name)?;
        let node = folder.node.and_then(|it| self.tree.child(it, base));
        let mut path = folder.path;
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(base);
        Ok(Place { path, node, links: folder.links })
    }

    pub(super) fn resolve(
        &self,
        parts: &[&[u8]],
        follow_last: bool,
        name: &[u8],
    ) -> Result<Place, Fault> {
        let mut pending: Vec<&[u8]> = parts.iter().rev().copied().collect();
        let mut path = Vec::with_capacity(name.len());
        // For each folder on the way: how long the path was before it, and its parent's node.
        let mut trail: Vec<(usize, Option<NodeId>)> = Vec::with_capacity(parts.len());
        let (mut at, mut links) = (Some(ROOT), Vec::new());
        while let Some(part) = pending.pop() {
            match part {
                b"" | b"." => continue,
                b".." => {
                    // Above the root is the root.
                    if let Some((length, node)) = trail.pop() {
                        path.truncate(length);
                        at = node;
                    }
                    continue;
                }
                _ => {}
            }
            let child = at.and_then(|it| self.tree.child(it, part));
            let link = child.and_then(|it| match self.tree.body(it) {
                Body::Link(target) if follow_last || !pending.is_empty() => Some((it, target)),
                _ => None,
            });
            if let Some((node, target)) = link {
                links.push(node);
                if links.len() > LINKS_MAX as usize {
                    return Err(Fault::Loop(shown(name)));
                }
                if target.starts_with(b"/") {
                    path.clear();
                    trail.clear();
                    at = Some(ROOT);
                }
                pending.extend(target.split(|&byte| byte == b'/').rev());
                continue;
            }
            trail.push((path.len(), at));
            if trail.len() > self.limits.path_depth_max as usize {
                let (limit, max) = ("path_depth_max", u64::from(self.limits.path_depth_max));
                return Err(Fault::Limit { what: "depth of a path", limit, max });
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(part);
            at = child;
        }
        Ok(Place { path, node: at, links })
    }
}
