//! Hard links: another name of a file that is there, was there, or is still to come.

use super::super::path::{components, shown};
use super::super::tree::{Body, NodeId};
use super::{Fault, File, Place, Rootfs, is_telling};
use crate::catalog::{self, Candidate};
use crate::tar_walk::Entry;

/// A hard link whose other name has not come yet.
pub(super) struct Waiting {
    path: Vec<u8>,
    target: Vec<u8>,
    /// What it would be by itself.
    file: File,
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
        self.gone.remove(&place.path);
        match body {
            Some(Body::Link(to)) => self.insert(&place.path, Body::Link(to)),
            Some(Body::File(file)) => {
                self.change_mode(file, entry.mode, entry.uid, entry.gid);
                self.bind(place.path, file);
            }
            Some(Body::Folder) | None => self.wait(entry, place.path, target.path),
        }
        self.check_bytes()
    }

    /// Lets a hard link wait whose other name may still come, if it matters by its name or may be
    /// a program's.
    fn wait(&mut self, entry: &Entry, path: Vec<u8>, target: Vec<u8>) {
        let file = self.new_file(entry, &path);
        if file.asked.is_empty() && is_telling(file.mode) {
            self.insert_file(&path, file);
            return;
        }
        // The header of a link does not say the size.
        let candidate = Candidate { path: &path, mode: entry.mode, size: u64::MAX };
        if !file.asked.is_empty() || !catalog::lookers_into(&candidate).is_empty() {
            self.waiting_bytes += size_of::<Waiting>() + path.len() + target.len() + 32;
            self.waiting.push(Waiting { path, target, file });
        }
    }

    /// containerd and Docker give a file the mode and owner that the header of a link to it has,
    /// umoci leaves it its own: what gives power away by either is told.
    fn change_mode(&mut self, file: u32, mode: u32, uid: u64, gid: u64) {
        if let Some(file) = self.files.get_mut(file as usize).filter(|_| is_telling(mode)) {
            self.is_changed |= file.mode != mode;
            (file.mode, file.uid, file.gid) = (mode, uid, gid);
        }
    }

    /// Gives a file that is held another name.
    fn bind(&mut self, path: Vec<u8>, file: u32) {
        let Some(held) = self.files.get(file as usize) else { return };
        let unread = self.roles_of(&path).without(held.asked).without(held.shown);
        if unread.is_empty() {
            // Even if nobody asks for it by this name: its mode counts, and a third name may be
            // linked to this one.
            self.insert(&path, Body::File(file));
            return;
        }
        // Read for its mode, or by others: who asks for it now must read it next time.
        let other = self.other_names(file);
        let text = "is a hard link to a file that was not read".to_owned();
        let asked = held.asked.union(unread);
        let file = File { asked, trouble: Some(text.into()), ..held.clone() };
        self.insert_file(&path, file);
        for name in other {
            self.learnt.learn_linked(name, unread);
        }
    }

    fn other_names(&self, file: u32) -> Vec<Vec<u8>> {
        let is_it = |it: &NodeId| *self.tree.body(*it) == Body::File(file);
        let held = self.tree.nodes().into_iter().filter(is_it).map(|it| self.tree.path(it));
        let gone = self.gone.iter().filter(|it| *it.1 == file).map(|it| it.0.clone());
        held.chain(gone).collect()
    }

    /// Binds the links whose other name has come by the end of the layer.
    pub(super) fn bind_waiting(&mut self) {
        self.waiting_bytes = 0;
        for link in std::mem::take(&mut self.waiting) {
            if self.node_at(&link.path).is_some() {
                continue; // another entry took its name since
            }
            let body = self.node_at(&link.target).map(|node| self.tree.body(node).clone());
            if body.is_some() && self.may_have_been(&link) {
                self.learnt.learn_linked(link.target.clone(), link.file.asked);
            }
            match body {
                Some(Body::File(file)) => {
                    self.change_mode(file, link.file.mode, link.file.uid, link.file.gid);
                    self.bind(link.path, file);
                }
                Some(Body::Link(target)) => self.insert(&link.path, Body::Link(target)),
                Some(Body::Folder) | None => self.bind_to_nothing(link),
            }
        }
    }

    /// Whether a file that nobody asked for may have had the other name when the link came, and what
    /// has it now came later.
    fn may_have_been(&self, link: &Waiting) -> bool {
        !link.file.asked.without(self.roles_of(&link.target)).is_empty()
    }

    fn bind_to_nothing(&mut self, link: Waiting) {
        let Waiting { path, target, mut file } = link;
        if file.asked.is_empty() {
            return; // to a file that shows nothing
        }
        if !file.asked.without(self.lore.roles_of(&target)).is_empty() {
            self.learnt.learn_linked(target, file.asked);
            return;
        }
        // It was looked for all along: there is no such file.
        let text = format!("is a hard link to {:?}, which is not there", shown(&target));
        file.trouble = Some(text.into());
        self.insert_file(&path, file);
    }
}
