//! Bills of materials that are attached to an image. Whoever may push may attach one, so it is a
//! claim and nothing more.

use std::collections::BTreeSet;

use inventory::{BillPlace, ClaimedBill, Inventory};
use oci_image::{Descriptor, Digest, Image, ImageError, Manifest, ManifestKind, Repository, Which};
use sbom::{BILL_BYTES_MAX, Bill, BillError, StatementError, is_bill};

use super::{claimed, said, untold};

/// How many manifests that may hold one are looked at, and how many bills are read.
const MANIFESTS_MAX: usize = 64;
const BILLS_MAX: usize = 16;

/// Where BuildKit names the image that an attestation is about.
const ABOUT: &str = "vnd.docker.reference.digest";
/// The notes that say what a statement says, so that others need not be fetched.
const PREDICATES: [&str; 3] =
    ["in-toto.io/predicate-type", "predicateType", "dev.sigstore.bundle.predicateType"];

/// Why an attached bill cannot be compared.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("it could not be fetched")]
    Fetch(#[source] ImageError),
    #[error("it cannot be read")]
    Bill(#[source] BillError),
    #[error("its statement cannot be read")]
    Statement(#[source] StatementError),
}

/// A manifest that may hold a bill.
struct Hook {
    by: String,
    source: Source,
}

enum Source {
    Read(Box<Manifest>, Digest),
    Listed(Descriptor),
}

/// Finds the bills that are attached to an image or to the index that lists it, and compares each.
/// What could not be looked at is among the answers.
pub(super) fn attached(image: &Image, inventory: &Inventory) -> Vec<ClaimedBill> {
    let about: Vec<Digest> = [image.pinned().digest].into_iter().chain(image.index()).collect();
    let mut search = Search { repository: image.repository(), about, inventory, bills: Vec::new() };
    let (mut seen, mut hooks) = (BTreeSet::new(), search.hooks());
    hooks.retain(|hook| match &hook.source {
        Source::Read(_, digest) => seen.insert(*digest),
        Source::Listed(descriptor) => seen.insert(descriptor.digest),
    });
    if hooks.len() > MANIFESTS_MAX {
        hooks.truncate(MANIFESTS_MAX);
        search.failed("all places", &format!("more than {MANIFESTS_MAX} manifests are attached"));
    }
    for hook in hooks {
        search.look(hook);
    }
    search.bills
}

struct Search<'i> {
    repository: Repository,
    /// What a bill may be about: the image, and its index.
    about: Vec<Digest>,
    inventory: &'i Inventory,
    bills: Vec<ClaimedBill>,
}

impl Search<'_> {
    fn hooks(&mut self) -> Vec<Hook> {
        let mut hooks = Vec::new();
        for subject in self.about.clone() {
            match self.repository.referrers(&subject) {
                Ok(listed) => hooks.extend(
                    listed
                        .into_iter()
                        .flatten()
                        .map(|it| Hook { by: "referrers".to_owned(), source: Source::Listed(it) }),
                ),
                Err(error) => self.failed("referrers", &said(&error)),
            }
            let tag = ::signature::fallback_tag(&subject);
            let legacy = [format!("{tag}.att"), format!("{tag}.sbom")];
            for which in [tag].into_iter().chain(legacy).map(Which::Tag) {
                self.named(&which, &mut hooks);
            }
        }
        if let Some(index) = self.about.get(1).copied() {
            self.named(&Which::Digest(index), &mut hooks);
        }
        hooks
    }

    /// The manifest of this name, or those that it lists.
    fn named(&mut self, which: &Which, hooks: &mut Vec<Hook>) {
        let by = match which {
            Which::Tag(tag) => format!("tag {tag}"),
            Which::Digest(_) => "index".to_owned(),
        };
        let read = self.repository.manifest(which);
        let parsed = read.and_then(|raw| {
            raw.map(|raw| Ok((raw.digest(), ManifestKind::parse(&raw)?))).transpose()
        });
        match parsed {
            Ok(None) => {}
            Ok(Some((digest, ManifestKind::Manifest(manifest)))) => {
                hooks.push(Hook { by, source: Source::Read(manifest, digest) });
            }
            Ok(Some((_, ManifestKind::Index(index)))) => {
                let listed = index.manifests.into_iter().filter(|it| match which {
                    // Beside the images, an index lists what BuildKit says of each.
                    Which::Digest(_) => {
                        let image = self.about.first().map(ToString::to_string);
                        image.is_some() && it.annotations.get(ABOUT) == image.as_ref()
                    }
                    Which::Tag(_) => true,
                });
                hooks.extend(listed.map(|it| Hook { by: by.clone(), source: Source::Listed(it) }));
            }
            Err(error) => self.failed(&by, &said(&error)),
        }
    }

    fn look(&mut self, Hook { by, source }: Hook) {
        let (manifest, digest) = match source {
            Source::Read(manifest, digest) => (manifest, digest),
            Source::Listed(descriptor) => {
                let raw = self.repository.described(&descriptor);
                match raw.and_then(|raw| ManifestKind::parse(&raw)) {
                    Ok(ManifestKind::Manifest(manifest)) => (manifest, descriptor.digest),
                    Ok(ManifestKind::Index(_)) => return,
                    Err(error) => return self.failed(&by, &said(&error)),
                }
            }
        };
        for (index, layer) in (0..).zip(&manifest.layers) {
            let Some(kind) = kind(&manifest, layer) else { continue };
            let manifest = Some(digest);
            let place = BillPlace::Attached { by: by.clone(), manifest, layer: Some(index) };
            if self.bills.len() >= BILLS_MAX {
                return self.failed(&by, &format!("more than {BILLS_MAX} bills of materials"));
            }
            match self.read(layer, kind) {
                Ok(None) => {}
                Ok(Some(bill)) => self.bills.push(claimed(place, &bill, self.inventory, "")),
                Err(trouble) => self.bills.push(untold(place, &said(&trouble))),
            }
        }
    }

    fn read(&self, layer: &Descriptor, kind: Kind) -> Result<Option<Bill>, Trouble> {
        let max = (BILL_BYTES_MAX, "bill_bytes_max");
        let bytes = self.repository.small_blob(layer, "bill of materials", max);
        let bytes = bytes.map_err(Trouble::Fetch)?;
        match kind {
            Kind::Bill => Bill::read(&bytes).map(Some).map_err(Trouble::Bill),
            Kind::Statement => Bill::of_statement(&bytes, &self.about).map_err(Trouble::Statement),
        }
    }

    fn failed(&mut self, by: &str, why: &str) {
        let place = BillPlace::Attached { by: by.to_owned(), manifest: None, layer: None };
        self.bills.push(untold(place, why));
    }
}

/// What a layer holds.
#[derive(Clone, Copy)]
enum Kind {
    Bill,
    Statement,
}

/// What a layer says that it is. What says that it is something else is not fetched.
fn kind(manifest: &Manifest, layer: &Descriptor) -> Option<Kind> {
    // In XML or as tag-value text it is not read, and then said not to be.
    let is_document = |it: &str| it.contains("spdx") || it.contains("cyclonedx");
    if is_document(&layer.media_type) {
        return Some(Kind::Bill);
    }
    let is_statement = layer.media_type == "application/vnd.in-toto+json"
        || layer.media_type == ::signature::ENVELOPE_LAYER
        || layer.media_type.starts_with("application/vnd.dev.sigstore.bundle");
    if !is_statement {
        let artifact_type = manifest.artifact_type.as_deref().unwrap_or_default();
        return is_document(artifact_type).then_some(Kind::Bill);
    }
    let notes = [&layer.annotations, &manifest.annotations];
    let note = |it: &&str| notes.iter().find_map(|notes| notes.get(*it));
    let predicate = PREDICATES.iter().find_map(note);
    predicate.is_none_or(|it| is_bill(it)).then_some(Kind::Statement)
}
