//! Registries (OCI distribution-spec), over HTTP. Why not through oci-client's own transport:
//! docs/decisions/030-registry-transport.md.

mod access;
mod addresses;
mod auth;
mod client;
pub(crate) mod connection;
mod credentials;
mod download;
mod proxies;
mod question;
mod referrers;
mod store;

pub use access::{Access, Addresses, Certificate, certificates};
pub(crate) use addresses::Guard;
pub use client::RegistryClient;
pub use credentials::{Credential, Credentials, CredentialsError};
pub use proxies::{Proxies, ProxiesError};
pub use referrers::next_page;
pub(crate) use store::RegistryStore;
