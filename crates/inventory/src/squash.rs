//! Layers to one tree, as OCI says (image-spec, layer.md "Applying Changesets"), in one pass over
//! each layer.
//!
//! A marker takes away what *lower* layers have, wherever it stands in its own layer's tar: every
//! node remembers the layer that wrote it. Parents are resolved through the symbolic links of the
//! tree so far, inside the root, as containerd and Docker do.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::rc::Rc;

use oci_image::{Image, ImageError, Layer};
use verdict::Limits;

use crate::attribution::{Before, Evidence};
use crate::catalog::{self, Findings, Role, Trouble};
use crate::inventory::Counts;
use crate::tar_walk::{Entry, EntryKind, TarError, Walk};
use crate::tree::{FileNode, Node, RealPath, Tree, components, written};

const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// AUFS keeps its own things under these names; they are no files of the image.
const AUFS: [&[u8]; 3] = [b".wh..wh.plnk", b".wh..wh.aufs", b".wh..wh.orph"];

/// What the tree and what its files show may take in memory.
const TREE_BYTES_MAX: usize = 24 << 20;
const EVIDENCE_BYTES_MAX: usize = 24 << 20;
/// Hard links to files that come later in their layer.
const FORWARD_LINKS_MAX: usize = 100_000;

/// Files that are to be read though nobody wants their path: a hard link or a symbolic link at a
/// path that somebody wants leads to them.
pub(crate) type Wanted = BTreeMap<Vec<u8>, Role>;

/// The layers of an image, squashed.
pub(crate) struct Squashed {
    pub(crate) tree: Tree,
    pub(crate) counts: Counts,
    /// What would have had to be read too, had it been known.
    pub(crate) missed: Wanted,
}

/// Squashes an image's layers, and reads what catalogers want and `wanted` names.
pub(crate) fn squash(image: &Image, wanted: &Wanted) -> Result<Squashed, ImageError> {
    let mut squash = Squash {
        limits: image.limits(),
        wanted,
        tree: Tree::default(),
        counts: Counts::default(),
        missed: Wanted::new(),
        before: Before::new(),
        forward: Vec::new(),
        parent: None,
        evidence_bytes: 0,
    };
    for layer in image.layers() {
        squash.layer(image, layer)?;
    }
    squash.miss_places();
    let Squash { tree, counts, missed, .. } = squash;
    Ok(Squashed { tree, counts, missed })
}

struct Squash<'i> {
    limits: &'i Limits,
    wanted: &'i Wanted,
    tree: Tree,
    counts: Counts,
    missed: Wanted,
    before: Before,
    /// Hard links whose file has not come yet: where from, where to, and the link's own facts.
    forward: Vec<(RealPath, Vec<u8>, FileNode)>,
    /// The parent that was resolved last, and when: entries of one folder stand together.
    parent: Option<(Vec<u8>, u64, RealPath)>,
    evidence_bytes: usize,
}

/// Parent and name of an entry.
type Split<'n> = (&'n [u8], &'n [u8]);

impl Squash<'_> {
    fn layer(&mut self, image: &Image, layer: &Layer) -> Result<(), ImageError> {
        self.remember();
        let index = layer.index;
        let mut walk = Walk::new(image.layer(layer)?, self.limits);
        while let Some(entry) = walk.next_entry().map_err(|error| broken(error, index))? {
            self.counts.entries += 1;
            if self.counts.entries > self.limits.entries_max {
                let (limit, max) = ("entries_max", self.limits.entries_max);
                return Err(ImageError::Limit { what: "entries of the image".into(), limit, max });
            }
            self.entry(&mut walk, &entry, index)?;
        }
        self.link_forward(index)?;
        self.counts.layers += 1;
        // What follows the tar's end still belongs to the layer's digest.
        self.counts.inflated_bytes += walk.into_inner().finish()?;
        Ok(())
    }

    /// Notes what each path shows before a layer is applied.
    fn remember(&mut self) {
        let mut before = HashMap::new();
        self.tree.files(&mut |path, file| {
            if let Some(evidence) = &file.evidence {
                before.insert(path.to_vec(), Rc::clone(evidence));
            }
        });
        self.before = before;
    }

    fn entry<R: Read>(
        &mut self,
        walk: &mut Walk<R>,
        entry: &Entry,
        layer: u32,
    ) -> Result<(), ImageError> {
        let Some((parent, name)) = self.split(&entry.name, layer)? else { return Ok(()) };
        let is_aufs = |it: &[u8]| AUFS.contains(&it);
        if is_aufs(name) || components(parent).any(is_aufs) {
            return Ok(());
        }
        // An opaque folder is itself of this layer: the mark is not looked up through a link.
        if name == OPAQUE {
            if let Ok(folder) = self.tree.resolve(parent, false) {
                self.tree.make_opaque(&folder, layer);
            }
            return Ok(());
        }
        let Some(mut path) = self.parent(parent) else { return Ok(()) };
        if let Some(hidden) = name.strip_prefix(WHITEOUT).filter(|it| !it.is_empty()) {
            path.push(hidden.into());
            self.tree.white_out(&path, layer);
            return Ok(());
        }
        path.push(name.into());
        match entry.kind {
            EntryKind::Folder => self.tree.make_folder(&path),
            EntryKind::Special => self.tree.remove(&path),
            EntryKind::Symlink => {
                let target = entry.link.clone().into_boxed_slice();
                self.tree.put(&path, Node::Link { target, layer });
            }
            EntryKind::HardLink => self.hard_link(path, entry, layer)?,
            EntryKind::File => self.file(walk, path, entry, layer)?,
        }
        self.within_memory()
    }

    /// Parent and name of an entry; `None` for the root itself.
    fn split<'n>(&self, name: &'n [u8], layer: u32) -> Result<Option<Split<'n>>, ImageError> {
        let mut depth = 0_i64;
        for component in components(name) {
            depth += if component == b".." { -1 } else { 1 };
            if depth < 0 {
                let text = String::from_utf8_lossy(name);
                let text = format!("layer {layer} has the entry {text:?}, which leads out of it");
                return Err(ImageError::Confused(text));
            }
        }
        if depth > i64::from(self.limits.path_depth_max) {
            let (what, limit) = (format!("path in layer {layer}"), "path_depth_max");
            return Err(ImageError::Limit { what, limit, max: self.limits.path_depth_max.into() });
        }
        let end = name.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
        let trimmed = &name[..end];
        let last = trimmed.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
        let (parent, last) = trimmed.split_at(last);
        Ok(match last {
            b"" | b"." | b".." => None,
            last => Some((parent, last)),
        })
    }

    /// The real path of a folder; `None` if its links lead round and round.
    fn parent(&mut self, parent: &[u8]) -> Option<RealPath> {
        let version = self.tree.links_version;
        if let Some((known, at, path)) = &self.parent
            && (known.as_slice(), *at) == (parent, version)
        {
            return Some(path.clone());
        }
        let path = self.tree.resolve(parent, true).ok()?;
        self.parent = Some((parent.to_vec(), version, path.clone()));
        Some(path)
    }

    fn file<R: Read>(
        &mut self,
        walk: &mut Walk<R>,
        path: RealPath,
        entry: &Entry,
        layer: u32,
    ) -> Result<(), ImageError> {
        let name = written(&path);
        let own = catalog::role_of(&name);
        let role = own.or_else(|| self.wanted.get(&name).copied());
        let evidence = role.map(|role| self.read(walk, role, &name, entry, layer));
        if evidence.is_none() && !gives_power(entry.mode) {
            self.tree.remove(&path);
            return Ok(());
        }
        self.evidence_bytes += evidence.as_ref().map_or(0, |it| it.bytes());
        let evidence = evidence.map(Rc::new);
        self.tree.put(&path, Node::File(node(entry, layer, evidence, own.is_none())));
        Ok(())
    }

    fn read<R: Read>(
        &self,
        walk: &mut Walk<R>,
        role: Role,
        path: &[u8],
        entry: &Entry,
        layer: u32,
    ) -> Evidence {
        let mut findings = Findings::default();
        let max = self.limits.file_bytes_max;
        if entry.size > max {
            findings.trouble(Trouble::Limit { limit: "file_bytes_max", max });
        } else {
            role.read(path, &mut walk.content(entry), &mut findings);
        }
        Evidence::new(findings, layer, self.before.get(path))
    }

    /// A hard link is bound to the file that has the name now: of this layer, or of a lower one.
    /// One that leads to nothing yet may lead to a file that is still to come.
    fn hard_link(&mut self, path: RealPath, entry: &Entry, layer: u32) -> Result<(), ImageError> {
        let target = self.tree.resolve(&entry.link, false).unwrap_or_default();
        let link = node(entry, layer, None, true);
        match self.tree.get(&target) {
            Some(Node::File(_)) => self.bind(&path, &target, link, layer),
            Some(Node::Link { target, .. }) => {
                let target = target.clone();
                self.tree.put(&path, Node::Link { target, layer });
            }
            _ if self.forward.len() == FORWARD_LINKS_MAX => {
                let (what, max) = ("hard links to later files".into(), FORWARD_LINKS_MAX as u64);
                return Err(ImageError::Limit { what, limit: "forward links", max });
            }
            _ => {
                self.tree.remove(&path);
                self.forward.push((path, entry.link.clone(), link));
            }
        }
        Ok(())
    }

    fn bind(&mut self, path: &[Box<[u8]>], target: &[Box<[u8]>], mut link: FileNode, layer: u32) {
        let Some(Node::File(file)) = self.tree.get(target) else { return };
        let file = file.clone();
        let name = written(path);
        let role = catalog::role_of(&name);
        link.evidence = match (&file.evidence, role) {
            (Some(evidence), Some(_)) => {
                Some(Rc::new(evidence.at_another_path(layer, self.before.get(&name))))
            }
            (None, Some(role)) => {
                self.missed.insert(written(target), role);
                None
            }
            // Nobody wants this name; somebody may link to it again.
            (evidence, None) => evidence.clone(),
        };
        link.is_silent = role.is_none();
        link.mode = file.mode;
        (link.uid, link.gid) = (file.uid, file.gid);
        self.tree.put(path, Node::File(link));
    }

    /// Binds the links whose files have come meanwhile. What still leads to nothing that is kept
    /// and is wanted by its name has been missed.
    fn link_forward(&mut self, layer: u32) -> Result<(), ImageError> {
        for (path, target, link) in std::mem::take(&mut self.forward) {
            let real = self.tree.resolve(&target, false).unwrap_or_default();
            // A later entry of the name itself wins over the link.
            if self.tree.get(&path).is_some() {
                continue;
            }
            match (self.tree.get(&real), catalog::role_of(&written(&path))) {
                (Some(Node::File(_)), _) => self.bind(&path, &real, link, layer),
                (_, Some(role)) => {
                    self.missed.insert(written(&real), role);
                }
                (_, None) => {
                    if gives_power(link.mode) {
                        self.tree.put(&path, Node::File(link));
                    }
                }
            }
        }
        self.within_memory()
    }

    /// Fixed places that are symbolic links to files that nobody wanted by their own path.
    fn miss_places(&mut self) {
        for place in catalog::places() {
            let Some(role) = catalog::role_of(place.as_bytes()) else { continue };
            let Ok(real) = self.tree.resolve(place.as_bytes(), true) else { continue };
            let path = written(&real);
            // A path that is wanted for itself was read if it is there.
            let is_wanted = catalog::role_of(&path).is_some();
            if !is_wanted && !has_evidence(self.tree.get(&real)) {
                self.missed.insert(path, role);
            }
        }
    }

    fn within_memory(&self) -> Result<(), ImageError> {
        let bounds = [
            (self.tree.bytes, TREE_BYTES_MAX, "links and folders", "tree bytes"),
            (self.evidence_bytes, EVIDENCE_BYTES_MAX, "packages", "package bytes"),
        ];
        match bounds.into_iter().find(|(bytes, max, ..)| bytes > max) {
            None => Ok(()),
            Some((_, max, what, limit)) => {
                let what = format!("{what} of the image");
                Err(ImageError::Limit { what, limit, max: max as u64 })
            }
        }
    }
}

fn has_evidence(node: Option<&Node>) -> bool {
    matches!(node, Some(Node::File(FileNode { evidence: Some(_), .. })))
}

fn node(entry: &Entry, layer: u32, evidence: Option<Rc<Evidence>>, is_silent: bool) -> FileNode {
    let Entry { mode, uid, gid, .. } = *entry;
    FileNode { layer, mode, uid, gid, evidence, is_silent }
}

/// Whether check-policy looks at a file of this mode.
pub(crate) fn gives_power(mode: u32) -> bool {
    mode & 0o4000 != 0 || mode & 0o2010 == 0o2010 || (mode & 0o002 != 0 && mode & 0o111 != 0)
}

fn broken(error: TarError, layer: u32) -> ImageError {
    match error {
        TarError::Read(source) => ImageError::from_io(source, format!("layer {layer}")),
        TarError::Limit { what, limit, max } => {
            ImageError::Limit { what: format!("{what} in layer {layer}"), limit, max }
        }
        malformed @ TarError::Malformed { .. } => {
            ImageError::Confused(format!("layer {layer}: {malformed}"))
        }
    }
}
