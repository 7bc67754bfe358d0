//! How much of anything from outside is taken in.

use serde::{Deserialize, Serialize};

/// Bounds on what is read of one image. Past one, the answer is `undecided` and names it.
/// Sizes are bytes, times milliseconds. The defaults suit functions of up to a few gigabytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A manifest or an index.
    pub manifest_bytes_max: u64,
    /// The image configuration.
    pub config_bytes_max: u64,
    /// One layer as it is stored (compressed).
    pub layer_bytes_max: u64,
    /// How many layers an image may have.
    pub layers_max: u32,
    /// Entries (files, folders, links, whiteouts) of all layers together.
    pub entries_max: u64,
    /// The length of one path.
    pub path_bytes_max: u32,
    /// The folders in one path.
    pub path_depth_max: u32,
    /// Inflated over stored size of one layer, looked at once 16 MiB have been inflated.
    pub compression_ratio_max: u32,
    /// All layers together, inflated.
    pub inflated_bytes_max: u64,
    /// One file that must be held whole to be read (a package database, a package's metadata).
    pub file_bytes_max: u64,
    /// All signatures and attestations fetched for one image.
    pub signature_bytes_max: u64,
    /// How many signatures are looked at for one image.
    pub signatures_max: u32,
    /// One check of one image.
    pub check_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1 << 20;
        Self {
            manifest_bytes_max: 4 * MIB,
            config_bytes_max: 8 * MIB,
            layer_bytes_max: 4096 * MIB,
            layers_max: 256,
            entries_max: 1_000_000,
            path_bytes_max: 4096,
            path_depth_max: 128,
            compression_ratio_max: 200,
            inflated_bytes_max: 4096 * MIB,
            file_bytes_max: 64 * MIB,
            signature_bytes_max: 8 * MIB,
            signatures_max: 64,
            check_ms_max: 120_000,
        }
    }
}
