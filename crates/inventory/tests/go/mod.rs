//! The machine's Go, with nothing of the home.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// What Go says, asked in a folder. It keeps what it fetches and compiles below `home`.
pub(crate) fn go(home: &Path, folder: &Path, settings: &[(&str, &str)], asked: &[&str]) -> String {
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("go")
        .args(asked)
        .current_dir(folder)
        .env("PATH", format!("{path}:/usr/local/go/bin"))
        .env("GOCACHE", home.join("cache"))
        .env("GOPATH", home.join("path"))
        .envs([("CGO_ENABLED", "0"), ("GOTOOLCHAIN", "local")])
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{asked:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What `go version -m` wrote of a program, as names and versions.
pub(crate) fn modules(text: &str) -> BTreeSet<String> {
    let mut lines = text.lines();
    let toolchain = lines.next().unwrap().rsplit_once(": go").unwrap().1;
    let mut said = vec![format!("stdlib {toolchain}")];
    for line in lines {
        match line.trim().split('\t').collect::<Vec<&str>>()[..] {
            ["mod" | "dep", name, version, ..] => said.push(format!("{name} {version}")),
            // A folder is the module in a version that nobody knows.
            ["=>", folder, ..] if folder.starts_with('.') => {
                let replaced = said.pop().unwrap();
                said.push(format!("{} (devel)", replaced.split_once(' ').unwrap().0));
            }
            ["=>", name, version, ..] => {
                said.pop();
                said.push(format!("{name} {version}"));
            }
            _ => {}
        }
    }
    said.into_iter().collect()
}
