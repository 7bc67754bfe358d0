//! The first round: every place where something may be attached is asked, side by side. A layout
//! that is there is no reason not to ask for the others (cosign 2.6 and 3 do that, and a foreign
//! bundle then hides every legacy signature).

use oci_image::{Descriptor, ImageError, ManifestKind, RawManifest, Repository, Which};
use verdict::Digest;

use super::abreast::abreast;
use super::{Layout, Unanswered, Wanted};

/// The tag under which cosign's legacy layout keeps the signatures of a manifest.
pub fn legacy_tag(manifest: &Digest) -> String {
    format!("sha256-{}.sig", manifest.hex())
}

/// The tag under which cosign's legacy layout keeps the attestations of a manifest.
pub fn attestation_tag(manifest: &Digest) -> String {
    format!("sha256-{}.att", manifest.hex())
}

/// The tag under which clients list the referrers of a manifest where the registry does not (OCI
/// distribution-spec, "Referrers Tag Schema").
pub fn fallback_tag(manifest: &Digest) -> String {
    format!("sha256-{}", manifest.hex())
}

/// A place that is asked.
pub(super) struct Probe<'r> {
    pub(super) subject: Digest,
    pub(super) repository: &'r Repository,
    pub(super) layout: Layout,
}

/// What a place answered.
pub(super) enum Held {
    /// The manifest under a legacy tag.
    Manifest(RawManifest),
    /// A list of manifests that say they are about the subject.
    Listed(Vec<Descriptor>),
}

/// Asks all places. What is held, with where, and what did not answer.
pub(super) fn probe<'r>(
    subjects: &[Digest],
    repositories: &'r [Repository],
    wanted: Wanted,
) -> (Vec<(Probe<'r>, Held)>, Vec<Unanswered>) {
    let mut probes = Vec::new();
    for subject in subjects {
        for repository in repositories {
            let layouts = match wanted {
                Wanted::Signatures => &LAYOUTS[..3],
                Wanted::Everything => &LAYOUTS,
            };
            let at = |layout: &Layout| Probe { subject: *subject, repository, layout: *layout };
            probes.extend(layouts.iter().map(at));
        }
    }
    let answers = abreast(&probes, Probe::ask);
    let (mut found, mut unanswered) = (Vec::new(), Vec::new());
    for (probe, answer) in probes.into_iter().zip(answers) {
        match answer {
            Ok(Some(held)) => found.push((probe, held)),
            Ok(None) => {}
            Err(source) => unanswered.push(probe.unanswered(source)),
        }
    }
    (found, unanswered)
}

const LAYOUTS: [Layout; 4] =
    [Layout::SignatureTag, Layout::Referrers, Layout::FallbackTag, Layout::AttestationTag];

impl Probe<'_> {
    fn ask(&self) -> Result<Option<Held>, ImageError> {
        let tagged = |tag| self.repository.manifest(&Which::Tag(tag));
        match self.layout {
            Layout::SignatureTag => Ok(tagged(legacy_tag(&self.subject))?.map(Held::Manifest)),
            Layout::AttestationTag => {
                Ok(tagged(attestation_tag(&self.subject))?.map(Held::Manifest))
            }
            Layout::Referrers => Ok(self.repository.referrers(&self.subject)?.map(Held::Listed)),
            Layout::FallbackTag => {
                let Some(raw) = tagged(fallback_tag(&self.subject))? else { return Ok(None) };
                match ManifestKind::parse(&raw)? {
                    ManifestKind::Index(index) => Ok(Some(Held::Listed(index.manifests))),
                    // cosign once wrote images under that tag; they list nothing.
                    ManifestKind::Manifest(_) => Ok(None),
                }
            }
        }
    }

    pub(super) fn unanswered(&self, source: ImageError) -> Unanswered {
        Unanswered {
            layout: self.layout,
            subject: self.subject,
            repository: self.repository.name().to_owned(),
            source,
        }
    }
}
