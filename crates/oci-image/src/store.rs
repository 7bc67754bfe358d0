//! Where an image's bytes come from.

use std::io::Read;

use verdict::{Digest, Limits};

use crate::descriptor::Descriptor;
use crate::error::ImageError;
use crate::manifest::RawManifest;

/// Which manifest of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one that a tag names now.
    Tag(String),
    /// The one with this digest.
    Digest(Digest),
}

/// A repository's bytes. A store need not verify anything: [`Image`](crate::Image) hashes and
/// counts all that comes out of it. Every call blocks.
pub trait Store: Send + Sync {
    /// A manifest or index, `None` if there is none of that name, no more than `bytes_max` of it.
    ///
    /// # Errors
    /// When the store does not answer. *There is none* is not an error; *I could not ask* is.
    fn manifest(&self, which: &Which, bytes_max: u64) -> Result<Option<RawManifest>, ImageError>;

    /// A blob, from its start.
    ///
    /// # Errors
    /// When there is none or the store does not answer.
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError>;

    /// The manifests whose `subject` is this one, as the store lists them; `None` if it keeps no
    /// such list (OCI distribution-spec, "Listing Referrers"). Nothing in the list is verified.
    ///
    /// # Errors
    /// When the store does not answer, or lists more than is ever read.
    fn referrers(
        &self,
        _subject: &Digest,
        _limits: &Limits,
    ) -> Result<Option<Vec<Descriptor>>, ImageError> {
        Ok(None)
    }
}
