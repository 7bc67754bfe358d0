//! A repository of a registry as a [`Store`]: manifests whole, blobs as a stream that waits for
//! its reader.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use verdict::{Digest, Limits};

use crate::descriptor::Descriptor;
use crate::error::ImageError;
use crate::manifest::RawManifest;
use crate::reference::Reference;
use crate::registry::client::RegistryClient;
use crate::registry::referrers;
use crate::store::{Store, Which};

const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";
const BLOBS: &str = "application/octet-stream, */*";
/// How many chunks wait for the reader; a chunk is what one read of the socket gives.
const CHUNKS_AHEAD: usize = 16;

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
            let Some(response) = client.get(&reference, &path, MANIFESTS).await? else {
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
        let path = format!("blobs/{}", descriptor.digest);
        let (client, reference) = (Arc::clone(&self.client), self.reference.clone());
        let asked = (reference.clone(), path.clone());
        let opened =
            self.client.wait(async move { client.get(&asked.0, &asked.1, BLOBS).await })?;
        let missing = || ImageError::NotFound(format!("{path} of {}", reference.name()));
        let mut response = opened?.ok_or_else(missing)?;
        let (chunks, waiting) = mpsc::channel(CHUNKS_AHEAD);
        let what = format!("{path} of {}", reference.name());
        self.client.spawn(async move {
            loop {
                let chunk = response.chunk().await.map_err(|error| ImageError::Source {
                    what: what.clone(),
                    source: error.without_url().into(),
                });
                let (chunk, more) = match chunk {
                    Ok(Some(chunk)) => (Ok(chunk), true),
                    Ok(None) => return,
                    Err(error) => (Err(error), false),
                };
                // A reader that has gone wants no more.
                if chunks.send(chunk).await.is_err() || !more {
                    return;
                }
            }
        })?;
        Ok(Box::new(Chunks { waiting, current: Bytes::new() }))
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

/// A stream of chunks, read by a thread that may wait.
struct Chunks {
    waiting: mpsc::Receiver<Result<Bytes, ImageError>>,
    current: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.waiting.blocking_recv() {
                Some(Ok(chunk)) => self.current = chunk,
                Some(Err(error)) => return Err(error.into_io()),
                None => return Ok(0),
            }
        }
        let read = buffer.len().min(self.current.len());
        buffer[..read].copy_from_slice(&self.current.split_to(read));
        Ok(read)
    }
}
