//! `policy import`: the policy of another program, as policy.yml.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ::policy::import::{cluster_image_policies, to_yaml};
use verdict::causes;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::print;

const FILE_BYTES_MAX: u64 = 1 << 20;

/// Prints what the ClusterImagePolicies in a file come to.
pub(super) fn cluster_image_policy(path: &Path) -> Result<Exit, Failure> {
    let what = || format!("{} cannot be imported", path.display());
    let mut yaml = String::new();
    let read =
        File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut yaml));
    read.map_err(|error| Failure::usage(what(), "name a readable file").because(&error))?;
    let signatures = cluster_image_policies(&yaml)
        .map_err(|error| Failure::usage(what(), error.remedy()).because(&error))?;
    let (yaml, faults) = to_yaml(&signatures).map_err(|error| {
        Failure::usage(what(), "report it: the policy cannot be written").because(&error)
    })?;
    for fault in &faults {
        let why = match causes(fault) {
            causes if causes.is_empty() => fault.to_string(),
            causes => format!("{fault}: {causes}"),
        };
        Failure::usage(format!("{}: {why}", path.display()), fault.remedy()).show();
    }
    if !faults.is_empty() {
        return Ok(Exit::Usage);
    }
    print(&format!(
        "# By `faas-validator policy import cluster-image-policy`. Regular expressions cover the\n\
         # whole text here; policy-controller takes one that covers a part of it.\n{yaml}"
    ))?;
    Ok(Exit::Accepted)
}
