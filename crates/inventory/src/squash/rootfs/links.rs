//! Hard links: another name of a file that is there, was there, or is still to come.

use super::super::path::{components, shown};
use super::super::tree::{Body, NodeId};
use super::{Fault, File, Place, Rootfs, is_telling};
use crate::catalog::Role;
use crate::tar_walk::Entry;

/// How many hard links of one layer may wait for what they are links to.
const WAITING_MAX: usize = 100_000;

/// A hard link whose other name has not come yet.
pub(super) struct Waiting {
    path: Vec<u8>,
    target: Vec<u8>,
    role: Role,
}

impl Rootfs<'_> {
    /// A hard link is the file that its other name names now: what becomes of that name later is
    /// nothing to it. The other name counts from the root.
    pub(super) fn lay_hard_link(&mut self, entry: &Entry, place: Place) -> Result<(), Fault> {
        let parts = components(&entry.link, self.limits.path_depth_max)?;
        let Some((base, parents)) = parts.split_last() else { return Ok(()) };
        let target = self.place(parents, base, &entry.link)?;
        if target.path == place.path {
            return Ok(()); // a link to itself changes nothing
        }
        let body = match target.node {
            Some(node) => Some(self.tree.body(node).clone()),
            None => self.gone.get(&target.path).map(|file| Body::File(*file)),
        };
        if let Some(node) = place.node {
            self.remove(node);
        }
        let role = self.role_of(&place.path);
        match (body, role) {
            (Some(Body::Link(to)), _) => self.insert(&place.path, Body::Link(to)),
            (Some(Body::File(file)), _) => self.bind(place.path, file, role),
            (_, Some(role)) => {
                if self.waiting.len() == WAITING_MAX {
                    let (limit, max) = ("hard_links_max", WAITING_MAX as u64);
                    return Err(Fault::Limit { what: "hard links of a layer", limit, max });
                }
                self.waiting.push(Waiting { path: place.path, target: target.path, role });
            }
            (_, None) if is_telling(entry.mode) => {
                let file = self.new_file(entry, &place.path);
                self.insert_file(&place.path, file);
            }
            (_, None) => {}
        }
        self.check_bytes()
    }

    /// Gives a file that is held another name.
    fn bind(&mut self, path: Vec<u8>, file: u32, role: Option<Role>) {
        let Some(held) = self.files.get(file as usize) else { return };
        match role {
            None if held.role.is_none() || !self.is_learnt(&path) => {
                // Nobody reads it under this name, but its mode counts, and a third name may be
                // linked to this one.
                self.insert(&path, Body::File(file));
            }
            Some(role) if held.role.is_some_and(|it| it != role) => {
                let text = "is the same file as one of another kind".to_owned();
                let file = File { role: Some(role), trouble: Some(text.into()), ..held.clone() };
                self.insert_file(&path, file);
            }
            Some(role) if held.role.is_none() => {
                // Held for its mode, unread: its other name must be read next time.
                let other = self.other_names(file);
                let file = File { role: Some(role), ..held.clone() };
                let text = "is a hard link to a file that was not read".to_owned();
                self.insert_file(&path, File { trouble: Some(text.into()), ..file });
                for name in other {
                    self.learnt.learn_linked(name, role);
                }
            }
            _ => self.insert(&path, Body::File(file)),
        }
    }

    fn is_learnt(&self, path: &[u8]) -> bool {
        self.lore.role_of(path).is_some()
    }

    fn other_names(&self, file: u32) -> Vec<Vec<u8>> {
        let is_it = |it: &NodeId| *self.tree.body(*it) == Body::File(file);
        let held = self.tree.nodes().into_iter().filter(is_it).map(|it| self.tree.path(it));
        let gone = self.gone.iter().filter(|it| *it.1 == file).map(|it| it.0.clone());
        held.chain(gone).collect()
    }

    /// Binds the links whose other name has come by the end of the layer.
    pub(super) fn bind_waiting(&mut self) {
        for link in std::mem::take(&mut self.waiting) {
            if self.node_at(&link.path).is_some() {
                continue; // another entry took its name since
            }
            let body = self.node_at(&link.target).map(|node| self.tree.body(node).clone());
            match body {
                Some(Body::File(file)) => self.bind(link.path, file, Some(link.role)),
                Some(Body::Link(target)) => self.insert(&link.path, Body::Link(target)),
                _ if self.lore.role_of(&link.target).is_some() => {
                    // It was looked for all along: there is no such file.
                    let text =
                        format!("is a hard link to {:?}, which is not there", shown(&link.target));
                    self.insert_file(
                        &link.path,
                        File {
                            layer: self.layer,
                            mode: 0,
                            uid: 0,
                            gid: 0,
                            role: Some(link.role),
                            trouble: Some(text.into()),
                        },
                    );
                }
                _ => self.learnt.learn_linked(link.target, link.role),
            }
        }
    }
}
