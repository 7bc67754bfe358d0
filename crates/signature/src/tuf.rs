//! A trusted root from a TUF repository (The Update Framework, TUF specification 1.0): who runs an
//! instance publishes there what it is traced to, signed by keys that a pinned root names.
//!
//! For the command line alone, which writes the root to a file: no check asks a network whom to
//! trust. The workflow and its verification are those of `sigstore-tuf`; here are the pinned root,
//! the limits, the cache and what went wrong.

mod error;
mod places;

use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use oci_image::Download;
use sigstore_tuf::{Repository, StoreRepository, Updater, UpdaterConfig};

pub use error::TufError;
use places::{Cache, Mirror};

use crate::provider;
use crate::trust::{TRUSTED_ROOT_BYTES_MAX, TrustedRoot};

/// The name of a trusted root in a repository.
const TARGET: &str = "trusted_root.json";
/// The root of Sigstore's public-good instance (root-signing, version 16), as sigstore-trust-root
/// 0.15.1 has it. Each newer one is signed by its predecessor's keys.
const PUBLIC_GOOD_ROOT: &[u8] = include_bytes!("tuf/public_good_root.json");

/// A repository, and the root that trust in it begins with.
#[derive(Debug, Clone)]
pub struct TufRepository {
    /// Its address.
    pub url: String,
    /// A `root.json` that came by another way than from the repository.
    pub root: Vec<u8>,
}

/// Where metadata may be taken from.
#[derive(Debug, Clone)]
pub enum Reach {
    /// The repository; what it gave is kept.
    Repository(Arc<Download>),
    /// What is kept, and nothing else.
    Kept,
}

/// A trusted root that its repository vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The `trusted_root.json`, byte for byte.
    pub json: Vec<u8>,
    /// The version of the repository's root.
    pub root_version: u64,
    /// The version of its list of files.
    pub targets_version: u64,
    /// Until when the repository vouches for it; then it wants to be asked again.
    pub expires: Timestamp,
}

impl TufRepository {
    /// Sigstore's public-good instance.
    pub fn public_good() -> Self {
        let url = "https://tuf-repo-cdn.sigstore.dev".to_owned();
        Self { url, root: PUBLIC_GOOD_ROOT.to_vec() }
    }

    /// The trusted root that the repository vouches for now. What is verified is kept in the
    /// folder `cache`; all of it is verified again, from the pinned root on, each time.
    ///
    /// # Errors
    /// When it cannot be had, when one signature, version, time, length or hash is not what it
    /// must be, or when it is no trusted root.
    pub fn trusted_root(
        &self,
        cache: &Path,
        reach: &Reach,
        now: Timestamp,
    ) -> Result<Vouched, TufError> {
        provider::install();
        let cache = Cache::new(cache);
        let places: Box<dyn Repository> = match reach {
            Reach::Repository(download) => Box::new(Mirror::new(&self.url, download.clone())),
            Reach::Kept => Box::new(StoreRepository::new(cache.clone())),
        };
        let updater = Updater::new(places, &self.root).map_err(TufError::pinned)?;
        let mut updater = updater.with_config(limits()).with_store(cache);
        let json = {
            // The library's times are of an older jiff: as text both mean the same.
            let now = now.to_string().parse().map_err(|_| TufError::Silent)?;
            let asked = async {
                updater.refresh(now).await?;
                updater.get_target(TARGET, now).await
            };
            // Both places answer at once, the network by blocking.
            let answered = asked.now_or_never().ok_or(TufError::Silent)?;
            answered.map_err(TufError::of)?
        };
        TrustedRoot::from_json(&json).map_err(TufError::NotATrustedRoot)?;
        let trusted = updater.trusted();
        let timestamp = trusted.timestamp().ok_or(TufError::Silent)?;
        let targets = trusted.targets_role("targets").ok_or(TufError::Silent)?;
        let root = trusted.root();
        let ends = [root.expires, timestamp.expires, targets.expires].into_iter();
        let ends = ends.chain(trusted.snapshot().map(|it| it.expires));
        let end = ends.map(|it| it.as_second()).min().unwrap_or_default();
        Ok(Vouched {
            json,
            root_version: root.version,
            targets_version: targets.version,
            expires: Timestamp::from_second(end).unwrap_or(now),
        })
    }
}

fn limits() -> UpdaterConfig {
    let mut limits = UpdaterConfig::default();
    limits.target_max_length = TRUSTED_ROOT_BYTES_MAX as u64;
    limits
}
