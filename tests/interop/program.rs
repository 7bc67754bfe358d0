//! Our own program `faas-validator`, built from what is here.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use testkit::build_folder;

use super::surroundings::run;

/// Builds it.
pub(crate) fn built() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let built = run(Command::new(cargo)
        .args(["build", "--quiet", "--package", "cli", "--message-format", "json"])
        .current_dir(build_folder::workspace()));
    let executable = built.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        Some(message["executable"].as_str()?.to_owned())
    });
    executable.unwrap_or_else(|| panic!("cargo names no program:\n{built}")).into()
}

/// Compiles the advisories of `make demo` into a folder; gives the index.
pub(crate) fn advisories(folder: &Path) -> PathBuf {
    let index = folder.join("advisories.idx");
    run(Command::new(built())
        .args(["advisories", "build", "--osv"])
        .arg(build_folder::workspace().join("demo/osv"))
        .arg("--out")
        .arg(&index));
    index
}
