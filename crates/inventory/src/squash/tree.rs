//! The tree of what is held: links, wanted files and the folders that lead to them.

use std::collections::HashMap;
use std::rc::Rc;

use super::names::{Name, Names};

/// A node of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct NodeId(u32);

pub(super) const ROOT: NodeId = NodeId(0);
const NONE: NodeId = NodeId(u32::MAX);

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// A folder with something held below it.
    Folder,
    /// A symbolic link, with where it leads.
    Link(Rc<[u8]>),
    /// A file that somebody wants: its place in the list of files. Hard links share it.
    File(u32),
}

#[derive(Debug)]
struct Node {
    parent: NodeId,
    name: Name,
    first: NodeId,
    next: NodeId,
    previous: NodeId,
    /// The layer that put it there.
    layer: u32,
    /// One more than the layer that last led a path through this link.
    walked: u32,
    body: Body,
}

/// The tree.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    free: Vec<NodeId>,
    children: HashMap<(NodeId, Name), NodeId>,
    names: Names,
    link_bytes: usize,
}

impl Default for Tree {
    fn default() -> Self {
        let mut names = Names::default();
        let name = names.hold(b"");
        let node = |parent| Node {
            parent,
            name,
            first: NONE,
            next: NONE,
            previous: NONE,
            layer: 0,
            walked: 0,
            body: Body::Folder,
        };
        let nodes = vec![node(ROOT)];
        Self { nodes, free: Vec::new(), children: HashMap::new(), names, link_bytes: 0 }
    }
}

impl Tree {
    pub(super) fn child(&self, parent: NodeId, name: &[u8]) -> Option<NodeId> {
        let name = self.names.find(name)?;
        self.children.get(&(parent, name)).copied()
    }

    pub(super) fn body(&self, node: NodeId) -> &Body {
        &self.node(node).body
    }

    pub(super) fn layer(&self, node: NodeId) -> u32 {
        self.node(node).layer
    }

    pub(super) fn walk_through(&mut self, link: NodeId, layer: u32) {
        self.node_mut(link).walked = layer + 1;
    }

    pub(super) fn is_walked(&self, link: NodeId, layer: u32) -> bool {
        self.node(link).walked == layer + 1
    }

    /// The path of a node from the root.
    pub(super) fn path(&self, mut node: NodeId) -> Vec<u8> {
        let mut parts = Vec::new();
        while node != ROOT {
            let at = self.node(node);
            parts.push(self.names.bytes_of(at.name));
            node = at.parent;
        }
        parts.reverse();
        parts.join(&b'/')
    }

    /// All nodes but the root, with what they are.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        let mut all = Vec::new();
        self.below(ROOT, &mut all);
        all
    }

    /// Puts a node at a path, whose folders are made. What was there must have been removed.
    pub(super) fn insert(&mut self, path: &[u8], body: Body, layer: u32) -> NodeId {
        let mut at = ROOT;
        let mut parts = path.split(|&byte| byte == b'/').peekable();
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            let child = self.child(at, part);
            at = match child {
                Some(child) => child,
                None => self.add(at, part, Body::Folder, layer),
            };
            let node = self.node_mut(at);
            if is_last {
                (node.layer, node.walked) = (layer, 0);
                node.body = body.clone();
            } else if node.body != Body::Folder {
                // A file that something is put below: it must have become a folder.
                (node.layer, node.body) = (layer, Body::Folder);
            }
        }
        if let Body::Link(target) = &body {
            self.link_bytes += target.len() + 16;
        }
        at
    }

    /// Removes a node with all below it, and folders above that then lead to nothing. Answers
    /// what was removed, but for folders.
    pub(super) fn remove(&mut self, node: NodeId) -> Vec<(Vec<u8>, Body)> {
        self.remove_where(node, |_| true)
    }

    /// The same, but only what a lower layer than this put there.
    pub(super) fn remove_lower(&mut self, node: NodeId, layer: u32) -> Vec<(Vec<u8>, Body)> {
        self.remove_where(node, |it| it.layer < layer)
    }

    /// The links of lower layers at and below a node that this layer has led paths through.
    pub(super) fn walked_links(&self, node: NodeId, layer: u32) -> Vec<NodeId> {
        let mut all = vec![node];
        self.below(node, &mut all);
        all.retain(|&it| {
            self.is_walked(it, layer)
                && self.layer(it) < layer
                && matches!(self.body(it), Body::Link(_))
        });
        all
    }

    /// About what it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.len() * (size_of::<Node>() + 24) + self.names.bytes() + self.link_bytes
    }

    fn remove_where(
        &mut self,
        node: NodeId,
        which: impl Fn(&Node) -> bool,
    ) -> Vec<(Vec<u8>, Body)> {
        let mut removed = Vec::new();
        let mut all = vec![node];
        self.below(node, &mut all);
        // Children come after their parents: from behind, a folder is empty when it is reached.
        for node in all.into_iter().rev() {
            let at = self.node(node);
            let goes = match at.body {
                Body::Folder => at.first == NONE && node != ROOT,
                _ => which(at),
            };
            if goes {
                let path = self.path(node);
                let body = self.detach(node);
                if body != Body::Folder {
                    removed.push((path, body));
                }
            }
        }
        removed
    }

    fn below(&self, node: NodeId, all: &mut Vec<NodeId>) {
        let start = all.len();
        let push_children = |of: NodeId, all: &mut Vec<NodeId>| {
            let mut child = self.node(of).first;
            while child != NONE {
                all.push(child);
                child = self.node(child).next;
            }
        };
        push_children(node, all);
        let mut at = start;
        while at < all.len() {
            push_children(all[at], all);
            at += 1;
        }
    }

    fn add(&mut self, parent: NodeId, name: &[u8], body: Body, layer: u32) -> NodeId {
        let name = self.names.hold(name);
        let next = self.node(parent).first;
        let node = Node { parent, name, first: NONE, next, previous: NONE, layer, walked: 0, body };
        let id = match self.free.pop() {
            Some(id) => {
                *self.node_mut(id) = node;
                id
            }
            None => {
                self.nodes.push(node);
                NodeId(u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX))
            }
        };
        if next != NONE {
            self.node_mut(next).previous = id;
        }
        self.node_mut(parent).first = id;
        self.children.insert((parent, name), id);
        id
    }

    /// Takes a node out, and folders above it that are empty then.
    fn detach(&mut self, node: NodeId) -> Body {
        let (parent, name, next, previous) = {
            let at = self.node(node);
            (at.parent, at.name, at.next, at.previous)
        };
        match previous {
            NONE => self.node_mut(parent).first = next,
            _ => self.node_mut(previous).next = next,
        }
        if next != NONE {
            self.node_mut(next).previous = previous;
        }
        self.children.remove(&(parent, name));
        self.free.push(node);
        let body = std::mem::replace(&mut self.node_mut(node).body, Body::Folder);
        if let Body::Link(target) = &body {
            self.link_bytes = self.link_bytes.saturating_sub(target.len() + 16);
        }
        body
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }
}
