//! Where a repository's files lie: with who publishes them, and in a folder here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use oci_image::Download;
use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{Error, FileStore, MetadataStore, Repository};

/// More than any file that is kept may have.
const KEPT_BYTES_MAX: u64 = 8 << 20;

/// The repository itself: metadata at its root, files below `targets/`.
pub(super) struct Mirror {
    url: String,
    download: Arc<Download>,
}

/// What was verified before. Nothing in it is believed for lying there.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    folder: PathBuf,
    files: FileStore,
}

impl Mirror {
    pub(super) fn new(url: &str, download: Arc<Download>) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), download }
    }

    fn get(&self, path: &str, bytes_max: u64) -> FetchFuture<'static> {
        let file = self.download.get(&format!("{}/{path}", self.url), bytes_max);
        let file = file.map_err(|error| Error::transport_with_source("fetch", error));
        Box::pin(std::future::ready(file))
    }
}

impl Repository for Mirror {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        self.get(name, max_length)
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        self.get(&format!("targets/{path}"), max_length)
    }
}

impl Cache {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), files: FileStore::new(folder) }
    }
}

impl MetadataStore for Cache {
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let length = self.folder.join(name).metadata().map(|it| it.len()).unwrap_or_default();
        if length > KEPT_BYTES_MAX {
            return Err(Error::transport(format!(
                "the kept {name} has more than {KEPT_BYTES_MAX} bytes"
            )));
        }
        self.files.load(name)
    }

    fn store(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.files.store(name, bytes)
    }
}
