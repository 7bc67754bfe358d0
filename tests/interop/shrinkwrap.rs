//! `faas-cli build --shrinkwrap` against the build folder of testkit: file for file.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use testkit::build_folder;

use super::faas_cli::FaasCli;
use super::stack::Stack;

/// Fails when the two lay different folders for any function of the stack.
///
/// faas-cli writes to `./build`, so it works in a copy of what the stack names.
pub(crate) fn holds(stack: &Stack) {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    stack.copy_sources(&project);
    let faas_cli = FaasCli::offline();
    faas_cli.run(&project, &["build", "-f", "stack.yml", "--shrinkwrap"]);
    for (name, function) in &stack.functions {
        let ours = folder.path().join("ours").join(name);
        let recipe = build_folder::Recipe { project: project.clone(), ..stack.recipe(function) };
        build_folder::lay(&recipe, &ours);
        let (theirs, ours) = (files(&project.join("build").join(name)), files(&ours));
        let differ: Vec<&String> = theirs
            .keys()
            .chain(ours.keys())
            .filter(|path| theirs.get(*path) != ours.get(*path))
            .collect();
        assert!(
            differ.is_empty(),
            "{name}: these differ between faas-cli and testkit: {differ:#?}"
        );
        assert!(theirs.contains_key("function/Cargo.toml"), "{name}: {:?}", theirs.keys());
    }
}

/// Every file by its path: its bytes and whether it may be executed.
fn files(root: &Path) -> BTreeMap<String, (Vec<u8>, bool)> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let executable = path.metadata().unwrap().permissions().mode() & 0o111 != 0;
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, (std::fs::read(&path).unwrap(), executable));
        }
    }
    files
}
