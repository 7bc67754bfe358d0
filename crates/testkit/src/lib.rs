//! What tests stand on: images and signatures built in code, real registries and containers, a
//! gateway kept to the observable contract. Never a dependency of the product.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot get its service fails"
)]

pub mod build_folder;
pub mod bundle;
pub mod container;
pub mod dockerd;
pub mod gateway;
pub mod image;
pub mod notation;
pub mod program;
pub mod registry;
pub mod revocation;
pub mod signer;
pub mod sigstore;
pub mod tuf;
