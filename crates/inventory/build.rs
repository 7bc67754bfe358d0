//! Gives the crate its own revision: a hash of its sources. Layers that were read by other
//! sources are read again (docs/decisions/043).
#![allow(clippy::expect_used, reason = "a build that cannot read its sources ends")]
#![allow(clippy::print_stdout, reason = "this is how a build script answers cargo")]

use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};

fn main() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    below(&sources, &mut files);
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        let name = file.strip_prefix(&sources).expect("a path below src");
        hasher.write(name.as_os_str().as_encoded_bytes());
        let text = fs::read(&file).expect("a source");
        hasher.write_usize(text.len());
        hasher.write(&text);
    }
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rustc-env=INVENTORY_REVISION={:016x}", hasher.finish());
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { below(&path, files) } else { files.push(path) }
    }
}
