//! Images, modelled once ([`Image`]) and fed from many sources ([`Store`]): registries, daemons,
//! layouts, archives, memory. Every byte that leaves this crate has been hashed against its
//! descriptor and counted against the [`Limits`]; nothing is extracted to disk.
//!
//! Everything here blocks: checks run on blocking threads, and the one asynchronous source (the
//! registry) is bridged inside.

mod archive_index;
mod base;
mod config;
mod daemon;
mod descriptor;
mod docker_archive;
mod document;
mod download;
mod error;
mod files;
mod image;
mod layer;
mod layout;
mod ledger;
mod manifest;
mod memory;
mod open;
mod reference;
mod registry;
mod repository;
mod store;
mod transport;

pub use base::ClaimedBase;
pub use config::{Config, History, RuntimeConfig};
pub use daemon::Daemon;
pub use descriptor::{Compression, Descriptor, media_type};
pub use download::{Download, DownloadError};
pub use error::ImageError;
pub use image::{Image, Layer};
pub use layer::LayerReader;
pub use manifest::{Index, Manifest, ManifestKind, RawManifest};
pub use memory::MemoryStore;
pub use open::{Images, Opener, Shelf};
pub use reference::Reference;
pub use registry::{
    Access, Addresses, Certificate, Credential, Credentials, CredentialsError, Proxies,
    ProxiesError, RegistryClient, certificates, next_page,
};
pub use repository::Repository;
pub use store::{Store, Which};
pub use transport::Transport;
pub use verdict::{Digest, DigestError, Limits, PinnedImage, Place, Platform};
