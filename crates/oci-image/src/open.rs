//! How a check gets at the image of a subject.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use verdict::{Limits, PinnedImage, Place, Platform, Subject};

use crate::daemon::Saved;
use crate::docker_archive::DockerArchive;
use crate::error::ImageError;
use crate::files::Files;
use crate::image::Image;
use crate::layout::Layout;
use crate::reference::Reference;
use crate::registry::{Access, RegistryClient, RegistryStore};
use crate::repository::Repository;
use crate::store::{Store, Which};
use crate::transport::Transport;

/// Whoever can open the image that a subject names by digest. A function on a cluster opens it
/// from its registry; the command line has it on its [`Shelf`] since it resolved it.
pub trait Images: Send + Sync {
    /// Opens the image `subject.image`.
    ///
    /// # Errors
    /// When it cannot be reached, is past a limit, or is not what it promises to be.
    fn open(&self, subject: &Subject, limits: &Limits) -> Result<Arc<Image>, ImageError>;

    /// The repository of the image `subject.image`, which itself is not looked at.
    ///
    /// # Errors
    /// When the name is none, or the image is not at hand where it ought to be.
    fn beside(&self, subject: &Subject, limits: &Limits) -> Result<Repository, ImageError> {
        self.repository(&subject.image.repository, limits)
    }

    /// Another repository of a registry, where signatures may be kept.
    ///
    /// # Errors
    /// When the name is none, or no registry can be reached from here.
    fn repository(&self, name: &str, limits: &Limits) -> Result<Repository, ImageError>;
}

/// The name of an image that has none.
const UNNAMED: &str = "localhost/unnamed";

/// Opens images wherever they lie. A name is resolved to a digest here, once.
#[derive(Debug)]
pub struct Opener {
    access: Access,
    client: Arc<RegistryClient>,
}

impl Opener {
    /// An opener with this access.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(access: Access) -> Result<Self, ImageError> {
        let client = Arc::new(RegistryClient::new(access.clone())?);
        Ok(Self { access, client })
    }

    /// Opens the image that a person named, in any notation of [`Transport`].
    ///
    /// # Errors
    /// When it names none, or the image cannot be had or is not what it promises to be.
    pub fn open(
        &self,
        declared: &str,
        platform: &Platform,
        limits: &Limits,
    ) -> Result<Image, ImageError> {
        self.open_at(&declared.parse()?, platform, limits)
    }

    /// Opens the image that somebody named over the network: of a registry, and nowhere else.
    /// Whoever asks a function must not make it read the machine that it runs on.
    ///
    /// # Errors
    /// When it names no image of a registry, or the image cannot be had or is not what it
    /// promises to be.
    pub fn open_published(
        &self,
        declared: &str,
        platform: &Platform,
        limits: &Limits,
    ) -> Result<Image, ImageError> {
        match declared.parse()? {
            Transport::Registry(reference) | Transport::Anywhere(reference) => {
                self.in_registry(&reference, platform, limits)
            }
            Transport::Daemon(_)
            | Transport::Layout(..)
            | Transport::OciArchive(..)
            | Transport::DockerArchive(..) => Err(ImageError::Name {
                text: declared.to_owned(),
                why: "only images of registries can be asked about here".to_owned(),
            }),
        }
    }

    /// Opens the image that lies there.
    ///
    /// # Errors
    /// When the image cannot be had or is not what it promises to be.
    pub fn open_at(
        &self,
        transport: &Transport,
        platform: &Platform,
        limits: &Limits,
    ) -> Result<Image, ImageError> {
        match transport {
            Transport::Registry(reference) => self.in_registry(reference, platform, limits),
            Transport::Daemon(reference) => match self.in_daemon(reference, platform, limits)? {
                Some(image) => Ok(image),
                None => Err(ImageError::NotFound(transport.to_string())),
            },
            Transport::Anywhere(reference) => match self.in_daemon(reference, platform, limits)? {
                Some(image) => Ok(image),
                None => self.in_registry(reference, platform, limits),
            },
            Transport::Layout(path, tag) => {
                from_layout(Files::folder(path)?, tag.as_deref(), UNNAMED, platform, limits)
            }
            Transport::OciArchive(path, tag) => {
                from_layout(Files::tar(path)?, tag.as_deref(), UNNAMED, platform, limits)
            }
            Transport::DockerArchive(path, name) => {
                from_docker_archive(Files::tar(path)?, name.as_deref(), platform, limits)
            }
        }
    }

    fn in_registry(
        &self,
        reference: &Reference,
        platform: &Platform,
        limits: &Limits,
    ) -> Result<Image, ImageError> {
        let store = RegistryStore::new(Arc::clone(&self.client), reference.clone());
        let (name, which) = (reference.name(), reference.which());
        Image::open(Arc::new(store), &name, &which, Place::Registry, platform, limits)
    }

    /// The daemon's image; `None` if there is no daemon, or it has none of that name.
    fn in_daemon(
        &self,
        reference: &Reference,
        platform: &Platform,
        limits: &Limits,
    ) -> Result<Option<Image>, ImageError> {
        let Some(daemon) = &self.access.daemon else { return Ok(None) };
        let Saved::Archive(file) = daemon.save(reference, limits)? else {
            return Ok(None);
        };
        let files = Files::tar_file(file, &format!("docker-daemon:{reference}"))?;
        let name = reference.to_string();
        // A reference by digest is not among the names that the archive lists.
        let name = reference.digest().is_none().then_some(name.as_str());
        let mut image = from_docker_archive(files, name, platform, limits)?;
        image.rename(&reference.name());
        Ok(Some(image))
    }
}

impl Images for Opener {
    /// Opens `subject.image` by digest from its registry: the only place that a subject which
    /// came over the network may name.
    fn open(&self, subject: &Subject, limits: &Limits) -> Result<Arc<Image>, ImageError> {
        let reference: Reference = subject.image.to_string().parse()?;
        self.in_registry(&reference, &subject.platform, limits).map(Arc::new)
    }

    fn repository(&self, name: &str, limits: &Limits) -> Result<Repository, ImageError> {
        let reference: Reference = name.parse()?;
        let store = RegistryStore::new(Arc::clone(&self.client), reference.clone());
        Ok(Repository::new(Arc::new(store), &reference.name(), limits))
    }
}

fn from_layout(
    files: Files,
    tag: Option<&str>,
    repository: &str,
    platform: &Platform,
    limits: &Limits,
) -> Result<Image, ImageError> {
    let layout = Layout::open(files, limits.manifest_bytes_max)?;
    let which = layout.choose(tag)?;
    local(Arc::new(layout), repository, &which, platform, limits)
}

fn from_docker_archive(
    files: Files,
    name: Option<&str>,
    platform: &Platform,
    limits: &Limits,
) -> Result<Image, ImageError> {
    let archive = DockerArchive::open(files.clone(), name, limits)?;
    let repository = archive.repository().unwrap_or(UNNAMED).to_owned();
    // Since Docker 25 an OCI layout lies beside the list, with the manifest as the image was
    // pulled or pushed: its digest is the one that the registry knows.
    if files.open("index.json")?.is_some() {
        let bytes_max = limits.manifest_bytes_max;
        let layout = Layout::open(files, bytes_max)?;
        let Some(which) = layout.with_config(&archive.config(), bytes_max)? else {
            // Which of the two is loaded depends on the daemon.
            let text = "archive's manifest.json and index.json name different images";
            return Err(ImageError::Confused(text.to_owned()));
        };
        return local(Arc::new(layout), &repository, &which, platform, limits);
    }
    let which = archive.which();
    local(Arc::new(archive), &repository, &which, platform, limits)
}

fn local(
    store: Arc<dyn Store>,
    repository: &str,
    which: &Which,
    platform: &Platform,
    limits: &Limits,
) -> Result<Image, ImageError> {
    Image::open(store, repository, which, Place::Local, platform, limits)
}

/// Images that have been resolved in this process, by digest.
#[derive(Debug, Default)]
pub struct Shelf {
    images: Mutex<BTreeMap<PinnedImage, Arc<Image>>>,
    opener: Option<Arc<Opener>>,
}

impl Shelf {
    /// An empty shelf that reaches repositories through this opener.
    pub fn beside(opener: Arc<Opener>) -> Self {
        Self { images: Mutex::default(), opener: Some(opener) }
    }

    /// Puts an image on the shelf.
    pub fn put(&self, image: Arc<Image>) {
        let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        images.insert(image.pinned().clone(), image);
    }

    /// The image of this name and digest, if it is there.
    pub fn get(&self, image: &PinnedImage) -> Option<Arc<Image>> {
        let images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        images.get(image).cloned()
    }
}

impl Images for Shelf {
    fn open(&self, subject: &Subject, _limits: &Limits) -> Result<Arc<Image>, ImageError> {
        self.get(&subject.image).ok_or_else(|| ImageError::NotFound(subject.image.to_string()))
    }

    fn beside(&self, subject: &Subject, limits: &Limits) -> Result<Repository, ImageError> {
        self.open(subject, limits).map(|image| image.repository())
    }

    fn repository(&self, name: &str, limits: &Limits) -> Result<Repository, ImageError> {
        let opener = self.opener.as_ref().ok_or_else(|| ImageError::NotFound(name.to_owned()))?;
        opener.repository(name, limits)
    }
}
