//! A repository: manifests and small blobs by name or digest, verified as they come. What is
//! attached to an image lies in one, beside the image or elsewhere.

use std::io;
use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use verdict::{Digest, Limits, Place, Platform};

use crate::descriptor::Descriptor;
use crate::error::ImageError;
use crate::image::Image;
use crate::manifest::RawManifest;
use crate::store::{Store, Which};

/// A repository, read under limits.
#[derive(Clone)]
pub struct Repository {
    store: Arc<dyn Store>,
    name: String,
    limits: Limits,
}

impl Repository {
    /// The repository of this name (`ghcr.io/acme/fn`), whose bytes lie in `store`.
    pub fn new(store: Arc<dyn Store>, name: &str, limits: &Limits) -> Self {
        Self { store, name: name.to_owned(), limits: *limits }
    }

    /// Its name, with the registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A manifest or index in it; `None` if there is none of that name.
    ///
    /// # Errors
    /// When the store does not answer, or the bytes are not of the digest asked for.
    pub fn manifest(&self, which: &Which) -> Result<Option<RawManifest>, ImageError> {
        find_manifest(&*self.store, which, &self.name, &self.limits)
    }

    /// The manifest of this descriptor; no more of it is read than the descriptor promises.
    ///
    /// # Errors
    /// When it is larger than manifests may be, is not there, or is not what it promises to be.
    pub fn described(&self, descriptor: &Descriptor) -> Result<RawManifest, ImageError> {
        let (what, max) = (format!("manifest {}", descriptor.digest), descriptor.size);
        if max > self.limits.manifest_bytes_max {
            let (limit, max) = ("manifest_bytes_max", self.limits.manifest_bytes_max);
            return Err(ImageError::Limit { what, limit, max });
        }
        let limits = Limits { manifest_bytes_max: max, ..self.limits };
        let which = Which::Digest(descriptor.digest);
        match find_manifest(&*self.store, &which, &self.name, &limits) {
            Ok(Some(raw)) if raw.bytes.len() as u64 == max => Ok(raw),
            Ok(Some(raw)) => {
                let found = raw.bytes.len() as u64;
                Err(ImageError::WrongSize { what, expected: max, found })
            }
            Ok(None) => Err(ImageError::NotFound(what)),
            Err(ImageError::Limit { .. }) => {
                Err(ImageError::WrongSize { what, expected: max, found: max.saturating_add(1) })
            }
            Err(error) => Err(error),
        }
    }

    /// An image in it.
    ///
    /// # Errors
    /// As [`Image::open`].
    pub(crate) fn image(
        &self,
        which: &Which,
        place: Place,
        platform: &Platform,
    ) -> Result<Image, ImageError> {
        Image::open(Arc::clone(&self.store), &self.name, which, place, platform, &self.limits)
    }

    /// A small blob in it, whole and verified, such as a signature's payload.
    ///
    /// # Errors
    /// When it is larger than `bytes_max`, is not there, or is not what it promises to be.
    pub fn small_blob(
        &self,
        descriptor: &Descriptor,
        what: &str,
        bytes_max: (u64, &'static str),
    ) -> Result<Vec<u8>, ImageError> {
        let time = Duration::from_millis(self.limits.check_ms_max);
        read_verified(&*self.store, descriptor, what, bytes_max, time)
    }

    /// The manifests that say of themselves that they are about this one, as the repository lists
    /// them; `None` if it keeps no such list. The list itself proves nothing.
    ///
    /// # Errors
    /// When the store does not answer, or lists more than is ever read.
    pub fn referrers(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, ImageError> {
        self.store.referrers(subject, &self.limits)
    }
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Repository({})", self.name)
    }
}

pub(crate) fn find_manifest(
    store: &dyn Store,
    which: &Which,
    name: &str,
    limits: &Limits,
) -> Result<Option<RawManifest>, ImageError> {
    let max = limits.manifest_bytes_max;
    let Some(raw) = store.manifest(which, max)? else { return Ok(None) };
    if raw.bytes.len() as u64 > max {
        let what = format!("manifest of {name}");
        return Err(ImageError::Limit { what, limit: "manifest_bytes_max", max });
    }
    match which {
        Which::Digest(expected) if raw.digest() != *expected => Err(ImageError::WrongDigest {
            what: format!("manifest of {name}"),
            expected: *expected,
            found: raw.digest(),
        }),
        _ => Ok(Some(raw)),
    }
}

pub(crate) fn read_verified(
    store: &dyn Store,
    descriptor: &Descriptor,
    what: &str,
    (max, limit): (u64, &'static str),
    time: Duration,
) -> Result<Vec<u8>, ImageError> {
    if descriptor.size > max {
        return Err(ImageError::Limit { what: what.to_owned(), limit, max });
    }
    let begun = Instant::now();
    let mut source = store.blob(descriptor)?.take(descriptor.size.saturating_add(1));
    let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
    loop {
        // A source may drip.
        if begun.elapsed() > time {
            let max = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            return Err(ImageError::Limit { what: what.to_owned(), limit: "check_ms_max", max });
        }
        match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ImageError::from_io(error, what)),
        }
    }
    let (expected, found) = (descriptor.size, bytes.len() as u64);
    if found != expected {
        return Err(ImageError::WrongSize { what: what.to_owned(), expected, found });
    }
    let (expected, found) = (descriptor.digest, Digest::of(&bytes));
    if found != expected {
        return Err(ImageError::WrongDigest { what: what.to_owned(), expected, found });
    }
    Ok(bytes)
}
