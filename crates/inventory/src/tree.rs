//! The squashed filesystem, as far as anybody looks at it: files that show packages, files whose
//! mode gives power away, symbolic links, and the folders above them. Everything else is passed
//! over, so that its size is that of what is found and not of the image.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::attribution::Evidence;

/// As in Linux (path_resolution(7)): more links than this are a loop.
const LINKS_MAX: usize = 40;

/// A path from the root, component by component.
pub(crate) type RealPath = Vec<Box<[u8]>>;

/// What is at a path.
#[derive(Debug)]
pub(crate) enum Node {
    Folder(Folder),
    File(FileNode),
    Link { target: Box<[u8]>, layer: u32 },
}

/// A folder that has something in it.
#[derive(Debug, Default)]
pub(crate) struct Folder(BTreeMap<Box<[u8]>, Node>);

/// A file that somebody looks at.
#[derive(Debug, Clone)]
pub(crate) struct FileNode {
    /// The layer that wrote this name.
    pub(crate) layer: u32,
    pub(crate) mode: u32,
    pub(crate) uid: u64,
    pub(crate) gid: u64,
    /// What it shows; a hard link shares it with the file's other names.
    pub(crate) evidence: Option<Rc<Evidence>>,
    /// Whether it is kept only because another path leads to its content.
    pub(crate) is_silent: bool,
}

/// The tree, and what it takes in memory.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    root: Folder,
    /// About how many bytes it takes.
    pub(crate) bytes: usize,
    /// Changes whenever a symbolic link comes or goes.
    pub(crate) links_version: u64,
}

/// A path that leads round and round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkLoop;

impl Tree {
    /// The path with its symbolic links followed, those of its last component only if
    /// `follow_last`. Nothing leads above the root.
    pub(crate) fn resolve(&self, path: &[u8], follow_last: bool) -> Result<RealPath, LinkLoop> {
        let mut real = RealPath::new();
        let mut pending: Vec<Box<[u8]>> = components(path).rev().map(Into::into).collect();
        let mut links = 0;
        while let Some(component) = pending.pop() {
            if &*component == b".." {
                real.pop();
                continue;
            }
            real.push(component);
            if pending.is_empty() && !follow_last {
                break;
            }
            if let Some(Node::Link { target, .. }) = self.get(&real) {
                links += 1;
                if links > LINKS_MAX {
                    return Err(LinkLoop);
                }
                real.pop();
                if target.starts_with(b"/") {
                    real.clear();
                }
                pending.extend(components(target).rev().map(Box::<[u8]>::from));
            }
        }
        Ok(real)
    }

    /// What is at a real path.
    pub(crate) fn get(&self, path: &[Box<[u8]>]) -> Option<&Node> {
        let (last, parents) = path.split_last()?;
        let mut folder = &self.root;
        for component in parents {
            match folder.0.get(component)? {
                Node::Folder(inner) => folder = inner,
                Node::File(_) | Node::Link { .. } => return None,
            }
        }
        folder.0.get(last)
    }

    /// Puts a file or link at a real path. Whatever is in its way goes.
    pub(crate) fn put(&mut self, path: &[Box<[u8]>], node: Node) {
        self.remove(path);
        let Some((last, parents)) = path.split_last() else { return };
        if matches!(node, Node::Link { .. }) {
            self.links_version += 1;
        }
        self.bytes += node_bytes(last, &node);
        let mut folder = &mut self.root;
        for component in parents {
            let inner = folder.0.entry(component.clone()).or_insert_with(|| {
                self.bytes += FOLDER_BYTES + component.len();
                Node::Folder(Folder::default())
            });
            if !matches!(inner, Node::Folder(_)) {
                // A file or link with something below it: the new folder is in its place.
                self.links_version += 1;
                *inner = Node::Folder(Folder::default());
            }
            let Node::Folder(inner) = inner else { return };
            folder = inner;
        }
        folder.0.insert(last.clone(), node);
    }

    /// Takes away whatever is at a real path, and below it.
    pub(crate) fn remove(&mut self, path: &[Box<[u8]>]) {
        let Some((last, parents)) = path.split_last() else { return };
        let Some(folder) = folder_mut(&mut self.root, parents) else { return };
        if let Some(node) = folder.0.remove(last) {
            self.forget(last, &node);
        }
    }

    /// Takes away what is at a real path if it is no folder: a folder takes its place.
    pub(crate) fn make_folder(&mut self, path: &[Box<[u8]>]) {
        if matches!(self.get(path), Some(Node::File(_) | Node::Link { .. })) {
            self.remove(path);
        }
    }

    /// Takes away what layers below `layer` have at a real path and below it.
    pub(crate) fn white_out(&mut self, path: &[Box<[u8]>], layer: u32) {
        let Some((last, parents)) = path.split_last() else { return };
        let Some(folder) = folder_mut(&mut self.root, parents) else { return };
        let Some(mut node) = folder.0.remove(last) else { return };
        let mut gone = Vec::new();
        if keep_own(&mut node, layer, &mut gone) {
            folder.0.insert(last.clone(), node);
        } else {
            gone.push((last.clone(), node));
        }
        gone.iter().for_each(|(name, node)| self.forget(name, node));
    }

    /// Takes away what layers below `layer` have in the folder at a real path.
    pub(crate) fn make_opaque(&mut self, path: &[Box<[u8]>], layer: u32) {
        self.make_folder(path);
        let Some(folder) = folder_mut(&mut self.root, path) else { return };
        let mut gone = Vec::new();
        keep_own_children(folder, layer, &mut gone);
        gone.iter().for_each(|(name, node)| self.forget(name, node));
    }

    /// Hands every file to `take`, with its path.
    pub(crate) fn files(&self, take: &mut dyn FnMut(&[u8], &FileNode)) {
        walk(&self.root, &mut Vec::new(), take);
    }

    fn forget(&mut self, name: &[u8], node: &Node) {
        self.bytes = self.bytes.saturating_sub(node_bytes(name, node));
        match node {
            Node::Folder(folder) => {
                folder.0.iter().for_each(|(name, node)| self.forget(name, node))
            }
            Node::Link { .. } => self.links_version += 1,
            Node::File(_) => {}
        }
    }
}

/// About what a folder, a file or a link takes besides its texts.
const FOLDER_BYTES: usize = 128;

fn node_bytes(name: &[u8], node: &Node) -> usize {
    let text = match node {
        Node::Folder(_) | Node::File(_) => 0,
        Node::Link { target, .. } => target.len(),
    };
    FOLDER_BYTES + name.len() + text
}

/// The components of a path, without empty ones and `.`.
pub(crate) fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|it| !it.is_empty() && *it != b".")
}

/// A real path as it is written, from the root without a leading `/`.
pub(crate) fn written(path: &[Box<[u8]>]) -> Vec<u8> {
    path.join(&b'/')
}

fn folder_mut<'t>(root: &'t mut Folder, path: &[Box<[u8]>]) -> Option<&'t mut Folder> {
    let mut folder = root;
    for component in path {
        match folder.0.get_mut(component)? {
            Node::Folder(inner) => folder = inner,
            Node::File(_) | Node::Link { .. } => return None,
        }
    }
    Some(folder)
}

/// Whether anything of the layer itself is left of the node.
fn keep_own(node: &mut Node, layer: u32, gone: &mut Vec<(Box<[u8]>, Node)>) -> bool {
    match node {
        Node::File(file) => file.layer == layer,
        Node::Link { layer: by, .. } => *by == layer,
        Node::Folder(folder) => {
            keep_own_children(folder, layer, gone);
            !folder.0.is_empty()
        }
    }
}

fn keep_own_children(folder: &mut Folder, layer: u32, gone: &mut Vec<(Box<[u8]>, Node)>) {
    for (name, mut node) in std::mem::take(&mut folder.0) {
        if keep_own(&mut node, layer, gone) {
            folder.0.insert(name, node);
        } else {
            gone.push((name, node));
        }
    }
}

fn walk(folder: &Folder, path: &mut Vec<u8>, take: &mut dyn FnMut(&[u8], &FileNode)) {
    for (name, node) in &folder.0 {
        let length = path.len();
        if length > 0 {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        match node {
            Node::Folder(inner) => walk(inner, path, take),
            Node::File(file) => take(path, file),
            Node::Link { .. } => {}
        }
        path.truncate(length);
    }
}
