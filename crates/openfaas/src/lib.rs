#![doc = include_str!("../README.md")]

mod address;
mod credentials;
mod gateway;
mod http_client;
mod name;
mod provider;

pub mod dockerfile;
pub mod stack;

pub use address::{Address, AddressError};
pub use credentials::{ConfigPath, Credentials, CredentialsError};
pub use gateway::{Call, Deployed, Gateway, GatewayError, GatewayLimits, Reply};
pub use http_client::BuildError;
pub use name::{FunctionName, NameError};
pub use provider::{Deployment, Resources, Secret, Status};
