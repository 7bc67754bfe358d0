//! Random stacks of layers, squashed here and unpacked by umoci (Debian): the same files, the same
//! layer for each, and the same modes that give power away. umoci knows nothing of us, and extracts
//! for real.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use inventory::take;
use oci_image::{Access, Limits, Opener, Platform};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;
use testkit::image::{ImageBuilder, LayerBuilder};

/// What a layer does. Every file is metadata of a distribution of its own, whatever its name; only
/// names ending in `.egg-info` show it.
#[derive(Debug, Clone)]
enum Act {
    File(String, u32),
    Folder(String),
    Symlink(String, String),
    HardLink(String, String),
    /// A hard link to a file whose name then is another's.
    Moved(String, String),
    Whiteout(String),
    Opaque(String),
    /// A link, and an opaque mark through it.
    OpaqueThrough(String, String),
}

/// Path to version, and the layer that it belongs to; and the paths of files that run as who owns
/// them, once all layers lie.
type View = (BTreeMap<String, (String, u32)>, BTreeSet<String>);

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "p.egg-info", "q.egg-info"]).prop_map(str::to_owned)
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(name(), 1..4).prop_map(|parts| parts.join("/"))
}

/// A name as a tar may have it: builders write `a`, `./a` and `/a` for the same.
fn written() -> impl Strategy<Value = String> {
    let front = prop::sample::select(vec!["", "", "./", "/", ".//", "/./"]);
    (front, path()).prop_map(|(front, path)| format!("{front}{path}"))
}

fn act() -> impl Strategy<Value = Act> {
    let target = prop_oneof![
        path(),
        path().prop_map(|it| format!("/{it}")),
        path().prop_map(|it| format!("../{it}")),
        path().prop_map(|it| format!("./{it}/..")),
    ];
    let target = target.boxed();
    let mode = prop::sample::select(vec![0o644, 0o644, 0o4755]);
    prop_oneof![
        6 => (written(), mode).prop_map(|(path, mode)| Act::File(path, mode)),
        2 => written().prop_map(Act::Folder),
        3 => (written(), target.clone()).prop_map(|(path, target)| Act::Symlink(path, target)),
        3 => (written(), written()).prop_map(|(path, target)| Act::HardLink(path, target)),
        1 => (written(), written()).prop_map(|(path, target)| Act::Moved(path, target)),
        1 => (written(), target).prop_map(|(path, target)| Act::OpaqueThrough(path, target)),
        3 => written().prop_map(Act::Whiteout),
        2 => written().prop_map(Act::Opaque),
    ]
}

/// Marks go first: umoci applies them as they come, and the specification before all else.
fn layer(index: usize, acts: &[Act]) -> LayerBuilder {
    let is_mark = |it: &&Act| matches!(it, Act::Whiteout(_) | Act::Opaque(_));
    let marks = acts.iter().filter(is_mark);
    let others = acts.iter().filter(|it| !is_mark(it));
    let content = |at: usize| format!("Name: n\nVersion: {index}.{at}\n");
    marks.chain(others).enumerate().fold(LayerBuilder::new(), |layer, (at, act)| match act {
        Act::File(path, mode) => layer.file_with(path, content(at), *mode, 0, 0),
        Act::Moved(path, target) => layer.hardlink(path, target).file(target, content(at)),
        Act::OpaqueThrough(path, target) => layer.symlink(path, target).opaque(path),
        Act::Folder(path) => layer.dir(path),
        Act::Symlink(path, target) => layer.symlink(path, target),
        Act::HardLink(path, target) => layer.hardlink(path, target),
        Act::Whiteout(path) => layer.whiteout(path),
        Act::Opaque(path) => layer.dir(path).opaque(path),
    })
}

fn layout(folder: &Path, layers: &[Vec<Act>]) -> String {
    let layers = layers.iter().enumerate().map(|(index, acts)| layer(index, acts));
    let image = layers.fold(ImageBuilder::new(), ImageBuilder::layer).build();
    image.write_layout(folder, "1", &[]);
    folder.display().to_string()
}

fn ours(layout: &str) -> Result<View, String> {
    let opener = Opener::new(Access::default()).unwrap();
    let declared = format!("oci:{layout}:1");
    let image = opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap();
    let inventory = take(&image).map_err(|error| error.to_string())?;
    if !inventory.notes.is_empty() {
        return Err(format!("{:?}", inventory.notes));
    }
    let packages = inventory.packages.into_iter();
    let powerful = inventory.files.into_iter().map(|it| it.path).collect();
    Ok((packages.map(|it| (it.path, (it.version, it.layer.index))).collect(), powerful))
}

/// Path to version, as umoci extracts it, and what runs as who owns it; `None` if it refuses to.
fn unpacked(layout: &str) -> Option<(BTreeMap<String, String>, BTreeSet<String>)> {
    let folder = TempDir::new().unwrap();
    let rootfs = folder.path().join("rootfs");
    let mut umoci = Command::new("umoci");
    umoci.args(["raw", "unpack", "--rootless", "--image", &format!("{layout}:1")]).arg(&rootfs);
    let output = umoci.output().unwrap();
    output.status.success().then(|| {
        let (mut found, mut powerful) = (BTreeMap::new(), BTreeSet::new());
        walk(&rootfs, "", &mut found, &mut powerful);
        (found, powerful)
    })
}

fn walk(
    folder: &Path,
    prefix: &str,
    found: &mut BTreeMap<String, String>,
    powerful: &mut BTreeSet<String>,
) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), found, powerful);
            continue;
        }
        if kind.is_file() && entry.metadata().unwrap().permissions().mode() & 0o4000 != 0 {
            powerful.insert(path.clone());
        }
        if kind.is_file() && path.ends_with(".egg-info") {
            let text = fs::read_to_string(entry.path()).unwrap();
            let version = text.lines().find_map(|it| it.strip_prefix("Version: ")).unwrap();
            found.insert(path, version.to_owned());
        }
    }
}

/// umoci's views of the stack, layer by layer, and so the layer that each file belongs to.
fn theirs(layers: &[Vec<Act>]) -> Option<View> {
    let (mut view, mut powerful) = View::default();
    for top in 1..=layers.len() {
        let folder = TempDir::new().unwrap();
        let files;
        (files, powerful) = unpacked(&layout(folder.path(), &layers[..top]))?;
        let index = u32::try_from(top - 1).unwrap();
        let since = |path: &String, version: &String| match view.get(path) {
            Some((before, since)) if before == version => *since,
            _ => index,
        };
        let now = files.into_iter().map(|(path, version)| {
            let since = since(&path, &version);
            (path, (version, since))
        });
        view = now.collect();
    }
    Some((view, powerful))
}

#[test]
fn random_layers_are_squashed_as_umoci_unpacks_them() {
    let cases = std::env::var("UMOCI_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(48);
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let compared = Cell::new(0_u32);
    let acts = prop::collection::vec(act(), 1..7);
    let stack = prop::collection::vec(acts, 1..4);
    let outcome = runner.run(&stack, |layers| {
        let folder = TempDir::new().unwrap();
        let ours = ours(&layout(folder.path(), &layers));
        // What umoci refuses (a file amid a path, a hard link to nothing) has no truth.
        if let Some(theirs) = theirs(&layers) {
            compared.set(compared.get() + 1);
            prop_assert_eq!(ours, Ok(theirs));
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(compared.get() > cases / 8, "only {} stacks could be compared", compared.get());
}
