//! A repository of a registry as a [`Store`]: manifests whole, blobs as they arrive.

use std::io::Read;
use std::sync::Arc;

use verdict::{Digest, Limits};

use crate::descriptor::Descriptor;
use crate::error::ImageError;
use crate::manifest::RawManifest;
use crate::reference::Reference;
use crate::registry::client::RegistryClient;
use crate::registry::question::Question;
use crate::registry::{download, referrers};
use crate::store::{Store, Which};

const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// A repository of a registry.
#[derive(Debug)]
pub(crate) struct RegistryStore {
    client: Arc<RegistryClient>,
    reference: Reference,
}

impl RegistryStore {
    /// The repository of this reference.
    pub(crate) fn new(client: Arc<RegistryClient>, reference: Reference) -> Self {
        Self { client, reference }
    }
}

impl Store for RegistryStore {
    fn manifest(&self, which: &Which, bytes_max: u64) -> Result<Option<RawManifest>, ImageError> {
        let path = match which {
            Which::Tag(tag) => format!("manifests/{tag}"),
            Which::Digest(digest) => format!("manifests/{digest}"),
        };
        let (client, reference) = (Arc::clone(&self.client), self.reference.clone());
        self.client.wait(async move {
            let question = Question::new(&path, MANIFESTS);
            let Some(response) = client.ask(&reference, &question).await? else {
                return Ok(None);
            };
            let media_type = response
                .headers()
                .get(http::header::CONTENT_TYPE)
                .and_then(|it| it.to_str().ok())
                .map(|it| it.split(';').next().unwrap_or(it).trim().to_owned());
            let what = || format!("{path} of {}", reference.name());
            let bytes = client.whole(response, bytes_max, what).await?;
            let over =
                || ImageError::Limit { what: what(), limit: "manifest_bytes_max", max: bytes_max };
            Ok(Some(RawManifest { media_type, bytes: bytes.ok_or_else(over)? }))
        })?
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, ImageError> {
        download::start(&self.client, &self.reference, descriptor)
    }

    fn referrers(
        &self,
        subject: &Digest,
        limits: &Limits,
    ) -> Result<Option<Vec<Descriptor>>, ImageError> {
        let (client, reference) = (Arc::clone(&self.client), self.reference.clone());
        let (subject, bytes_max) = (*subject, limits.manifest_bytes_max);
        self.client
            .wait(async move { referrers::list(&client, &reference, &subject, bytes_max).await })?
    }
}
