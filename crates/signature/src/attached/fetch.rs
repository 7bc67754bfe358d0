//! The second and third round: the manifests that lists name, and the blobs that are signatures.
//! What is fetched is settled before it is asked for, in an order that does not depend on which
//! answer comes first.

use std::collections::BTreeSet;
use std::sync::Arc;

use oci_image::{Descriptor, ImageError, Manifest, ManifestKind, RawManifest, Repository};
use verdict::Limits;

use super::abreast::abreast;
use super::probe::{Held, Probe};
use super::sort::{Made, Sorted, sort};
use super::{Attachment, AttachmentError, Material, Origin, Wanted};

/// A manifest that something hangs on, still to be read.
struct Hook<'r> {
    repository: &'r Repository,
    origin: Origin,
    source: Source,
}

enum Source {
    Tag(RawManifest),
    List(Descriptor),
    /// More than the limits let be looked at.
    Over(Limit),
}

/// A blob to be fetched, for all the attachments that share it.
struct Job<'r> {
    repository: &'r Repository,
    blob: Descriptor,
}

/// What becomes of one attachment.
enum Plan {
    Known(Result<Material, AttachmentError>),
    /// The number of its job, and what its bytes are made into.
    Fetched(usize, Made),
}

/// Fetches what was found, within the limits.
pub(super) fn fetch(
    found: Vec<(Probe<'_>, Held)>,
    wanted: Wanted,
    limits: &Limits,
) -> Vec<Attachment> {
    let mut budget = Budget { things: 0, bytes: 0, limits };
    let hooks = hooks(found, &mut budget);
    let manifests = abreast(&hooks, Hook::read);
    budget.things = 0;
    let (mut jobs, mut plans) = (Vec::new(), Vec::new());
    for (hook, manifest) in hooks.into_iter().zip(manifests) {
        let manifest = match manifest {
            Ok(manifest) => manifest,
            Err(error) => {
                plans.push((
                    hook.origin,
                    Plan::Known(Err(AttachmentError::Manifest(Arc::new(error)))),
                ));
                continue;
            }
        };
        for (layer, sorted) in sort(&manifest, wanted) {
            let origin = Origin { layer, ..hook.origin.clone() };
            plans.push((origin, plan(sorted, hook.repository, &mut jobs, &mut budget)));
        }
    }
    let blobs = abreast(&jobs, |job| job.fetch(limits));
    fulfilled(plans, blobs)
}

/// The manifests that were found, each once: a registry may list under its API what a client
/// listed under the tag.
fn hooks<'r>(found: Vec<(Probe<'r>, Held)>, budget: &mut Budget<'_>) -> Vec<Hook<'r>> {
    let (mut seen, mut hooks) = (BTreeSet::new(), Vec::new());
    for (probe, held) in found {
        let sources = match held {
            Held::Manifest(raw) => vec![(raw.digest(), Source::Tag(raw))],
            Held::Listed(list) => {
                list.into_iter().map(|it| (it.digest, Source::List(it))).collect()
            }
        };
        for (digest, source) in sources {
            let repository = probe.repository.name().to_owned();
            if !seen.insert((repository.clone(), digest)) {
                continue;
            }
            let source = match source {
                Source::List(named) => match budget.take(named.size) {
                    Ok(()) => Source::List(named),
                    Err(limit) => Source::Over(limit),
                },
                source => source,
            };
            let (subject, layout) = (probe.subject, probe.layout);
            let origin = Origin { subject, repository, layout, manifest: digest, layer: 0 };
            hooks.push(Hook { repository: probe.repository, origin, source });
        }
    }
    hooks
}

impl Hook<'_> {
    fn read(&self) -> Result<Box<Manifest>, ImageError> {
        let raw = match &self.source {
            Source::Tag(raw) => raw,
            Source::List(named) => &self.repository.described(named)?,
            Source::Over(limit) => return Err(limit.error()),
        };
        match ManifestKind::parse(raw)? {
            ManifestKind::Manifest(manifest) => Ok(manifest),
            ManifestKind::Index(_) => {
                Err(ImageError::Confused("what should hold signatures is an index".to_owned()))
            }
        }
    }
}

fn plan<'r>(
    sorted: Sorted<'_>,
    repository: &'r Repository,
    jobs: &mut Vec<Job<'r>>,
    budget: &mut Budget<'_>,
) -> Plan {
    let (blob, made) = match sorted {
        Sorted::Known(content) => return Plan::Known(content),
        Sorted::Blob(blob, made) => (blob, made),
    };
    // Several signers of one image sign the same bytes: they are fetched once.
    let shared = jobs.iter().position(|job| {
        job.blob.digest == blob.digest
            && job.blob.size == blob.size
            && job.repository.name() == repository.name()
    });
    let bytes = if shared.is_some() { 0 } else { blob.size };
    if let Err(limit) = budget.take(bytes) {
        return Plan::Known(Err(AttachmentError::Payload(Arc::new(limit.error()))));
    }
    let job = shared.unwrap_or_else(|| {
        jobs.push(Job { repository, blob: blob.clone() });
        jobs.len() - 1
    });
    Plan::Fetched(job, made)
}

impl Job<'_> {
    fn fetch(&self, limits: &Limits) -> Result<Vec<u8>, ImageError> {
        let max = (limits.signature_bytes_max, SIGNATURE_BYTES_MAX);
        self.repository.small_blob(&self.blob, "signature payload", max)
    }
}

/// Gives each attachment its bytes.
fn fulfilled(
    plans: Vec<(Origin, Plan)>,
    blobs: Vec<Result<Vec<u8>, ImageError>>,
) -> Vec<Attachment> {
    let blobs: Vec<_> = blobs.into_iter().map(|it| it.map_err(Arc::new)).collect();
    let content = |plan| match plan {
        Plan::Known(content) => content,
        Plan::Fetched(job, made) => match blobs.get(job) {
            Some(Ok(bytes)) => Ok(made.material(bytes.clone())),
            Some(Err(error)) => Err(AttachmentError::Payload(Arc::clone(error))),
            // Each plan has its job.
            None => Err(AttachmentError::NoSignature),
        },
    };
    plans.into_iter().map(|(origin, plan)| Attachment { origin, content: content(plan) }).collect()
}

const SIGNATURES_MAX: &str = "signatures_max";
const SIGNATURE_BYTES_MAX: &str = "signature_bytes_max";

/// How much has been taken in.
struct Budget<'l> {
    things: u64,
    bytes: u64,
    limits: &'l Limits,
}

/// A limit that was passed.
struct Limit {
    name: &'static str,
    max: u64,
}

impl Budget<'_> {
    /// Takes one thing of so many bytes in, if that is within the limits.
    fn take(&mut self, bytes: u64) -> Result<(), Limit> {
        let max = u64::from(self.limits.signatures_max);
        if self.things >= max {
            return Err(Limit { name: SIGNATURES_MAX, max });
        }
        let all = self.bytes.saturating_add(bytes);
        let max = self.limits.signature_bytes_max;
        if all > max {
            return Err(Limit { name: SIGNATURE_BYTES_MAX, max });
        }
        (self.things, self.bytes) = (self.things + 1, all);
        Ok(())
    }
}

impl Limit {
    fn error(&self) -> ImageError {
        let what = "what is attached to the image".to_owned();
        ImageError::Limit { what, limit: self.name, max: self.max }
    }
}
