//! The root filesystem as it grows, layer by layer.

mod links;
mod resolve;

use std::collections::HashMap;

use verdict::Limits;

use self::links::Waiting;
use self::resolve::Place;
use super::guess;
use super::lore::{Behind, Lore};
use super::path::{Marker, components, is_meta, marker};
use super::tree::{Body, NodeId, ROOT, Tree};
use crate::catalog::{self, Roles};
use crate::tar_walk::{Entry, EntryKind};

/// What the tree may take in memory, with all that hangs on it: some 150,000 links, or 40,000
/// wanted files in folders of their own.
const TREE_BYTES_MAX: usize = 32 << 20;
/// About what a file that is held takes elsewhere: what it shows, and how that is listed.
const HELD_BYTES: usize = 768;

/// Why an entry cannot be laid over the rest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("name {0:?} leads out of its folder")]
    ParentFolder(String),
    #[error("path {0:?} leads through more than 40 symbolic links")]
    Loop(String),
    #[error("{what} is past the limit {limit} = {max}")]
    Limit { what: &'static str, limit: &'static str, max: u64 },
}

/// A file that is held. Hard links to it are the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// The layer that wrote it.
    pub(crate) layer: u32,
    pub(crate) mode: u32,
    pub(crate) uid: u64,
    pub(crate) gid: u64,
    /// Who asked for it by its name.
    pub(crate) asked: Roles,
    /// Who found something in it, whatever its name.
    pub(crate) shown: Roles,
    /// What is wrong with it by itself, before anybody reads it.
    pub(crate) trouble: Option<Box<str>>,
}

/// A file, by its place in the order in which they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileId(pub(crate) u32);

/// A file that has come, and whose content is to be read now: then [`Rootfs::hold`] it.
pub(crate) struct Wanted {
    /// Its real path.
    pub(crate) path: Vec<u8>,
    /// Who asks for it by its name.
    pub(crate) asked: Roles,
    /// Who looks into it whatever its name.
    pub(crate) looking: Roles,
    file: File,
}

/// A file of the tree as it stands, under one of its names.
pub(crate) struct Seen {
    pub(crate) path: Vec<u8>,
    pub(crate) file: FileId,
    /// Whose packages this name shows: one that another links to may show nobody's.
    pub(crate) shows: Roles,
}

/// The root filesystem as far as it is held.
pub(crate) struct Rootfs<'l> {
    tree: Tree,
    files: Vec<File>,
    lore: &'l Lore,
    learnt: Lore,
    limits: Limits,
    layer: u32,
    /// Files of lower layers that this layer took away: it may still link to them.
    gone: HashMap<Vec<u8>, u32>,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    is_changed: bool,
    /// How many files the tree holds, at most.
    held: usize,
}

impl<'l> Rootfs<'l> {
    pub(crate) fn new(lore: &'l Lore, limits: &Limits) -> Self {
        Self {
            tree: Tree::default(),
            files: Vec::new(),
            lore,
            learnt: lore.clone(),
            limits: *limits,
            layer: 0,
            gone: HashMap::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            is_changed: false,
            held: 0,
        }
    }

    /// Begins a layer.
    pub(crate) fn begin(&mut self, layer: u32) {
        (self.layer, self.is_changed) = (layer, false);
        self.gone.clear();
        self.held = self.files().len();
        let early: Vec<Vec<u8>> = self.lore.early(layer).map(<[u8]>::to_vec).collect();
        for path in early {
            if let Some(node) = self.node_at(&path) {
                self.remove_lower(node);
            }
        }
    }

    /// Lays one entry over what there is. Answers the file whose content is to be read now.
    pub(crate) fn lay(&mut self, entry: &Entry) -> Result<Option<Wanted>, Fault> {
        let depth_max = self.limits.path_depth_max;
        let parts = components(&entry.name, depth_max)?;
        let Some((base, parents)) = parts.split_last() else { return Ok(None) };
        match marker(base) {
            Marker::None => {}
            Marker::Meaningless => return Ok(None),
            Marker::Opaque => return self.hide_children(parents, &entry.name).map(|()| None),
            Marker::Whiteout(name) => {
                let place = self.place(parents, name, &entry.name)?;
                if let Some(node) = place.node {
                    self.remove_lower(node);
                }
                return Ok(None);
            }
        }
        let place = self.place(parents, base, &entry.name)?;
        for link in &place.links {
            self.tree.walk_through(*link, self.layer);
        }
        match (entry.kind, place.node) {
            (EntryKind::Folder, Some(node)) if *self.tree.body(node) == Body::Folder => {}
            (EntryKind::HardLink, _) => self.lay_hard_link(entry, place)?,
            (_, Some(node)) => {
                self.remove(node);
                return self.put(entry, place.path);
            }
            (_, None) => return self.put(entry, place.path),
        }
        Ok(None)
    }

    /// Holds a file that was read, if anybody asked for it or found something in it, or for its
    /// mode. One that was only looked into leaves no trace.
    pub(crate) fn hold(&mut self, wanted: Wanted, shown: Roles) -> Result<Option<FileId>, Fault> {
        let Wanted { path, asked, mut file, .. } = wanted;
        file.shown = shown.without(asked);
        if asked.is_empty() && file.shown.is_empty() && !is_telling(file.mode) {
            return Ok(None);
        }
        let id = self.insert_file(&path, file);
        self.check_bytes()?;
        Ok(Some(id))
    }

    /// Ends a layer: hard links whose other name came later are bound. Answers whether anything
    /// that is held has changed.
    pub(crate) fn end(&mut self) -> bool {
        self.bind_waiting();
        self.is_changed
    }

    /// Looks for the fixed places behind symbolic links, once all layers lie. Answers what is
    /// known now, if it is more than before.
    pub(crate) fn learn(&mut self) -> Option<Lore> {
        for place in catalog::places() {
            let Some(real) = self.real_path(place.as_bytes()) else { continue };
            let (own, wanted) = (catalog::roles_of(&real), catalog::roles_of(place.as_bytes()));
            let is_asked = !own.is_empty() && wanted.without(own).is_empty();
            if real != place.as_bytes() && !is_asked {
                self.learnt.learn_place(real, place);
            }
        }
        (self.learnt.len() > self.lore.len()).then(|| self.learnt.clone())
    }

    /// Where a path really leads in the tree as it stands; `None` if it leads in circles.
    pub(crate) fn real_path(&self, path: &[u8]) -> Option<Vec<u8>> {
        let parts = components(path, self.limits.path_depth_max).ok()?;
        Some(self.resolve(&parts, true, path).ok()?.path)
    }

    /// The file that a path leads to.
    pub(crate) fn file_at(&self, path: &[u8]) -> Option<(Vec<u8>, FileId)> {
        let real = self.real_path(path)?;
        match self.tree.body(self.node_at(&real)?) {
            Body::File(file) => Some((real, FileId(*file))),
            _ => None,
        }
    }

    /// A file that was answered before.
    pub(crate) fn file(&self, file: FileId) -> Option<&File> {
        self.files.get(file.0 as usize)
    }

    /// All files of the tree as it stands.
    pub(crate) fn files(&self) -> Vec<Seen> {
        let mut all = Vec::new();
        for node in self.tree.nodes() {
            let Body::File(file) = *self.tree.body(node) else { continue };
            let path = self.tree.path(node);
            let shown = self.files.get(file as usize).map(|it| it.shown).unwrap_or_default();
            let shows = self.shows(&path, shown);
            all.push(Seen { path, file: FileId(file), shows });
        }
        all
    }

    /// Whose packages a name shows: those of who asks for it, and of who found something in the
    /// file whatever its name.
    fn shows(&self, path: &[u8], shown: Roles) -> Roles {
        if is_meta(path) {
            return Roles::default();
        }
        let leads_there = |it: &Behind<'_>| {
            self.real_path(it.place.as_bytes()).as_deref() == Some(it.real) // it still leads there
        };
        let places = self.lore.places_of(path).filter(leads_there);
        let behind = places.map(|it| catalog::roles_of(&it.wanted));
        let behind = behind.fold(Roles::default(), Roles::union);
        catalog::roles_of(path).union(behind).union(shown)
    }

    fn put(&mut self, entry: &Entry, path: Vec<u8>) -> Result<Option<Wanted>, Fault> {
        // Whoever links to this name now means what is put here, held or not.
        self.gone.remove(&path);
        match entry.kind {
            EntryKind::Symlink => {
                self.insert(&path, Body::Link(entry.link.as_slice().into()));
                self.check_bytes()?;
            }
            EntryKind::File => {
                let file = self.new_file(entry, &path);
                let looking = guess::looking(&path, entry);
                let asked = file.asked;
                if !asked.union(looking).is_empty() || is_telling(file.mode) {
                    return Ok(Some(Wanted { path, asked, looking, file }));
                }
            }
            EntryKind::Folder | EntryKind::Special | EntryKind::HardLink => {}
        }
        Ok(None)
    }

    fn new_file(&self, entry: &Entry, path: &[u8]) -> File {
        File {
            layer: self.layer,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            asked: self.roles_of(path),
            shown: Roles::default(),
            trouble: None,
        }
    }

    /// Who asks for the file at a path, by itself or for what was learnt.
    fn roles_of(&self, path: &[u8]) -> Roles {
        guess::asking(path, self.lore)
    }

    /// An opaque folder hides what lower layers have in it, not in what a lower link of its name
    /// leads to: that link is replaced by the folder. One of this layer leads there, and to a file
    /// the mark means nothing.
    fn hide_children(&mut self, folder: &[&[u8]], name: &[u8]) -> Result<(), Fault> {
        let node = match folder.split_last() {
            None => Some(ROOT),
            Some((base, parents)) => self.place(parents, base, name)?.node,
        };
        let is_own_link = |node: &NodeId| {
            matches!(self.tree.body(*node), Body::Link(_)) && self.tree.layer(*node) == self.layer
        };
        let node = match node.filter(is_own_link) {
            Some(_) => self.resolve(folder, true, name)?.node,
            None => node,
        };
        let is_file = |node: &NodeId| matches!(self.tree.body(*node), Body::File(_));
        if let Some(node) = node.filter(|it| !is_file(it)) {
            self.remove_lower(node);
        }
        Ok(())
    }

    fn remove_lower(&mut self, node: NodeId) {
        for link in self.tree.walked_links(node, self.layer) {
            self.learnt.learn_early(self.layer, self.tree.path(link));
        }
        let removed = self.tree.remove_lower(node, self.layer);
        self.bury(removed);
    }

    fn remove(&mut self, node: NodeId) {
        let removed = self.tree.remove(node);
        self.bury(removed);
    }

    fn bury(&mut self, removed: Vec<(Vec<u8>, Body)>) {
        self.is_changed |= !removed.is_empty();
        for (path, body) in removed {
            if let Body::File(file) = body {
                self.gone.insert(path, file);
            }
        }
    }

    fn insert(&mut self, path: &[u8], body: Body) {
        self.is_changed = true;
        self.tree.insert(path, body, self.layer);
    }

    fn insert_file(&mut self, path: &[u8], file: File) -> FileId {
        let id = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push(file);
        self.held += 1;
        self.insert(path, Body::File(id));
        FileId(id)
    }

    fn check_bytes(&self) -> Result<(), Fault> {
        let files = self.files.len() * size_of::<File>() + self.held * HELD_BYTES;
        let bytes = self.tree.bytes() + files + self.waiting_bytes;
        if bytes > TREE_BYTES_MAX {
            let (limit, max) = ("tree_bytes_max", TREE_BYTES_MAX as u64);
            return Err(Fault::Limit { what: "tree of links and wanted files", limit, max });
        }
        Ok(())
    }

    fn node_at(&self, path: &[u8]) -> Option<NodeId> {
        path.split(|&byte| byte == b'/').try_fold(ROOT, |at, part| self.tree.child(at, part))
    }
}

/// Whether a mode is told by itself: see [`FileFacts`](crate::FileFacts).
fn is_telling(mode: u32) -> bool {
    mode & 0o4000 != 0 || mode & 0o2010 == 0o2010 || (mode & 0o002 != 0 && mode & 0o111 != 0)
}
