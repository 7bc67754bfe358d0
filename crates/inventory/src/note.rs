//! What could not be read.

use serde::{Deserialize, Serialize};

use crate::package::LayerRef;

/// A file that would have shown packages and could not be read. The inventory lacks what it
/// holds, so whoever judges by it must not call the image clean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Note {
    /// Its path from the image's root, without a leading `/`.
    pub path: String,
    /// Why it could not be read.
    pub reason: String,
    /// The layer that wrote it.
    pub layer: LayerRef,
}
