//! Package databases and metadata: any bytes are packages or trouble. The first byte says which.
#![no_main]

use libfuzzer_sys::fuzz_target;

const PATHS: &[&str] = &[
    "lib/apk/db/installed",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d/a",
    "node_modules/a/package.json",
    "a.dist-info/METADATA",
    "etc/os-release",
    "go.mod",
    "Cargo.lock",
    "lib/a-1.0.jar",
    "go/VERSION",
    "jre/release",
    "usr/bin/program",
    "usr/bin/redis-server",
    "usr/lib/libpython3.11.so.1.0",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "requirements.txt",
    "poetry.lock",
    "pylock.toml",
    "Pipfile.lock",
    "conda-meta/a.json",
    "specifications/a.gemspec",
    "Gemfile.lock",
    "composer/installed.json",
    "composer.lock",
    "a.deps.json",
    "packages.lock.json",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpmmanifest/container-manifest-2",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, mut content)) = bytes.split_first() else { return };
    let path = PATHS[usize::from(*first) % PATHS.len()];
    assert!(inventory::read_file(path.as_bytes(), &mut content).is_some());
});
