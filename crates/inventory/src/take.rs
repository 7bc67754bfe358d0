//! From an image to its inventory.

use std::collections::BTreeSet;

use oci_image::{Image, ImageError};

use crate::catalog::{self, Found};
use crate::file::FileFacts;
use crate::inventory::Inventory;
use crate::note::Note;
use crate::os_release::OsRelease;
use crate::package::{LayerRef, Package};
use crate::purl;
use crate::squash::{Squashed, Wanted, gives_power, squash};
use crate::tree::{FileNode, Node, written};

/// A file that was missed may itself be a link to one that is missed; nobody links further.
const PASSES_MAX: usize = 3;

/// Takes the inventory of an image. It blocks, and reads every layer once; again only if a file
/// that shows packages is a link to one that has another kind of name.
///
/// # Errors
/// When a layer cannot be had, is not what it promises to be, is no tar, or is past a limit.
pub fn take(image: &Image) -> Result<Inventory, ImageError> {
    let mut wanted = Wanted::new();
    let mut squashed = squash(image, &wanted)?;
    for _ in 1..PASSES_MAX {
        let known = wanted.len();
        wanted.append(&mut squashed.missed);
        if wanted.len() == known {
            break;
        }
        squashed = squash(image, &wanted)?;
    }
    Ok(listed(image, &squashed))
}

fn listed(image: &Image, squashed: &Squashed) -> Inventory {
    let layers: Vec<LayerRef> = image.layers().iter().map(LayerRef::of).collect();
    let os_release = os_release(squashed);
    let mut list = List { layers: &layers, os_release: os_release.as_ref(), ..List::default() };
    let mut named: BTreeSet<Vec<u8>> = BTreeSet::new();
    squashed.tree.files(&mut |path, file| {
        if !file.is_silent {
            named.insert(path.to_vec());
            list.evidence(path, file);
        }
        list.facts(path, file);
    });
    for (path, file) in through_links(squashed) {
        if named.insert(path.clone()) {
            list.evidence(&path, file);
        }
    }
    let List { mut packages, files, notes, .. } = list;
    packages.sort_by(|a, b| key(a).cmp(&key(b)));
    packages.dedup_by(|a, b| key(a) == key(b));
    let mut counts = squashed.counts;
    counts.packages = packages.len() as u64;
    let pinned = image.pinned();
    let (image, digest) = (pinned.clone(), pinned.digest);
    Inventory { image, digest, os_release, packages, files, notes, counts }
}

type Key<'p> = (crate::Ecosystem, &'p str, &'p str, Option<&'p str>, &'p str);

fn key(package: &Package) -> Key<'_> {
    let Package { ecosystem, name, version, architecture, path, .. } = package;
    (*ecosystem, name, version, architecture.as_deref(), path)
}

/// The first of os-release's places that is there, links followed.
fn os_release(squashed: &Squashed) -> Option<OsRelease> {
    catalog::OS_RELEASE_PLACES.iter().find_map(|place| {
        let real = squashed.tree.resolve(place.as_bytes(), true).ok()?;
        match squashed.tree.get(&real)? {
            Node::File(file) => file.evidence.as_ref()?.os_release.clone(),
            Node::Folder(_) | Node::Link { .. } => None,
        }
    })
}

/// Files that fixed places lead to by symbolic links.
fn through_links(squashed: &Squashed) -> Vec<(Vec<u8>, &FileNode)> {
    let found = catalog::places().filter_map(|place| {
        let real = squashed.tree.resolve(place.as_bytes(), true).ok()?;
        match squashed.tree.get(&real)? {
            Node::File(file) => Some((written(&real), file)),
            Node::Folder(_) | Node::Link { .. } => None,
        }
    });
    found.collect()
}

#[derive(Default)]
struct List<'l> {
    layers: &'l [LayerRef],
    os_release: Option<&'l OsRelease>,
    packages: Vec<Package>,
    files: Vec<FileFacts>,
    notes: Vec<Note>,
}

impl List<'_> {
    fn evidence(&mut self, path: &[u8], file: &FileNode) {
        let Some(evidence) = &file.evidence else { return };
        let path = String::from_utf8_lossy(path);
        for (found, layer) in &evidence.packages {
            if let Some(layer) = self.layers.get(*layer as usize) {
                self.packages.push(self.package(found, &path, *layer));
            }
        }
        if let Some(layer) = self.layers.get(file.layer as usize) {
            let note = |trouble: &catalog::Trouble| Note {
                path: path.clone().into_owned(),
                reason: trouble.to_string(),
                layer: *layer,
            };
            self.notes.extend(evidence.troubles.iter().map(note));
        }
    }

    fn package(&self, found: &Found, path: &str, layer: LayerRef) -> Package {
        Package {
            purl: purl::of(found, self.os_release),
            name: found.name.clone(),
            version: found.version.clone(),
            ecosystem: found.ecosystem,
            layer,
            path: path.to_owned(),
            source: found.source.clone(),
            architecture: found.architecture.clone(),
            licenses: found.licenses.clone(),
        }
    }

    fn facts(&mut self, path: &[u8], file: &FileNode) {
        let FileNode { mode, uid, gid, .. } = *file;
        if let Some(layer) = self.layers.get(file.layer as usize).filter(|_| gives_power(mode)) {
            let path = String::from_utf8_lossy(path).into_owned();
            self.files.push(FileFacts { path, mode, uid, gid, layer: *layer });
        }
    }
}
