//! A runtime of .NET is the one that `dotnet --list-runtimes` lists, and its packages are those of its
//! own notes. Fetches Microsoft's runtime for Linux as PyPI has it (`dotnetcore2`, MIT).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod trees;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use inventory::Ecosystem;
use serde_json::Value;

use self::trees::{golden, inventory_of, run};

const WHEEL: &str = "dotnetcore2==3.1.23";

#[test]
fn a_runtime_of_dotnet_is_the_one_that_dotnet_lists() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fixtures/dotnetcore2-3.1.23");
    if !folder.exists() {
        let fresh = folder.with_extension(format!("fresh{}", std::process::id()));
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "install"]);
        pip.args(["--quiet", "--no-deps", "--root-user-action=ignore", WHEEL, "--target"]);
        run(pip.arg(&fresh));
        fs::rename(&fresh, &folder).unwrap();
    }
    let program = folder.join("dotnetcore2/bin/dotnet");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    // `NAME VERSION [FOLDER]`
    let listed = run(Command::new(&program).arg("--list-runtimes"));
    let listed = String::from_utf8(listed).unwrap();
    let listed: Vec<&str> = listed.split_whitespace().take(2).collect();
    assert_eq!(listed, ["Microsoft.NETCore.App", "3.1.23"]);

    let inventory = inventory_of(&folder, "nothing");
    let of = |ecosystem| -> BTreeSet<String> {
        let packages = inventory.packages.iter().filter(|it| it.ecosystem == ecosystem);
        packages.map(|it| format!("{} {}", it.name, it.version)).collect()
    };
    assert_eq!(of(Ecosystem::Binary), BTreeSet::from([format!("dotnet-runtime {}", listed[1])]));
    let notes =
        "dotnetcore2/bin/shared/Microsoft.NETCore.App/3.1.23/Microsoft.NETCore.App.deps.json";
    let notes: Value = serde_json::from_slice(&fs::read(folder.join(notes)).unwrap()).unwrap();
    let libraries = notes["libraries"].as_object().unwrap().iter();
    let packages = libraries.filter(|(_, it)| it["type"] == "package");
    let noted: BTreeSet<String> = packages.map(|(key, _)| key.replace('/', " ")).collect();
    assert!(noted.len() > 5, "{noted:?}");
    assert_eq!(of(Ecosystem::Nuget), noted);
    insta::assert_snapshot!("dotnet", golden(&inventory));
}
