//! The build folder of a function as `faas-cli build --shrinkwrap` lays it, and what the
//! template's Dockerfile then does in it. The functions of this repository are built once, into
//! `target/functions/`, for all tests and benchmarks.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::container::Bundle;

/// The target that functions are built for where tests run.
pub const TARGET: &str = "x86_64-unknown-linux-musl";
/// The target of the other architecture that functions are built for.
pub const TARGET_ARM64: &str = "aarch64-unknown-linux-musl";
/// The steps of the template's Dockerfile, word by word: how the handler becomes a dependency.
pub const ADD_HANDLER: &str =
    "cargo add --quiet --manifest-path main/Cargo.toml --path function --rename handler";
/// … and how the program is built.
pub const BUILD: &str =
    "cargo build --profile function --locked --target x86_64-unknown-linux-musl --package main";

/// What faas-cli leaves out of a handler's folder.
const LEFT_OUT: [&str; 2] = ["build", "template"];
/// Where faas-cli lays the handler, unless template.yml says otherwise.
const HANDLER_FOLDER: &str = "function";

/// What stack.yml says of how a function is built.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Where stack.yml is.
    pub project: PathBuf,
    /// The template's name.
    pub lang: String,
    /// The handler's folder, from the project.
    pub handler: String,
    /// `configuration.copy`, from the project.
    pub copy: Vec<String>,
}

/// A function's program and what is laid beside it in the image.
#[derive(Debug, Clone)]
pub struct BuiltFunction {
    /// The program, a static binary.
    pub binary: PathBuf,
    /// The handler's `assets/`, if it has any.
    pub assets: Option<PathBuf>,
    dockerfile: String,
}

/// The repository that the tests are of.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Where functions are built, in this one place: `target/functions/` of the repository.
pub fn functions_target() -> PathBuf {
    workspace().join("target/functions")
}

/// Lays the build folder at `folder`, anew.
pub fn lay(recipe: &Recipe, folder: &Path) {
    let handler = folder.join(HANDLER_FOLDER);
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
    // 1. An empty folder that only its owner sees.
    fs::create_dir_all(&handler).unwrap();
    fs::set_permissions(&handler, fs::Permissions::from_mode(0o700)).unwrap();
    // 2. The template, hidden files and sample handler included.
    copy(&recipe.project.join("template").join(&recipe.lang), folder);
    // 3. What is in the handler's folder, over the sample.
    for entry in entries(&recipe.project.join(&recipe.handler)) {
        let name = entry.file_name().unwrap();
        if !LEFT_OUT.iter().any(|left_out| name == *left_out) {
            copy(&entry, &handler.join(name));
        }
    }
    // 4. What is copied besides, inside the handler's folder and not beside it.
    for path in &recipe.copy {
        let from = recipe.project.join(path).canonicalize().unwrap();
        assert!(from.starts_with(&recipe.project), "{path} is not below the project");
        copy(&from, &handler.join(path));
    }
}

/// Does in a laid folder what the Dockerfile does for one of the two targets, and returns the
/// program, for the moment at its place in `target`.
pub fn build(folder: &Path, target: &Path, triple: &str) -> PathBuf {
    fs::rename(folder.join("workspace.toml"), folder.join("Cargo.toml")).unwrap();
    let lock = folder.join(HANDLER_FOLDER).join("Cargo.lock");
    fs::rename(lock, folder.join("Cargo.lock")).unwrap();
    for step in [ADD_HANDLER, BUILD] {
        let step = step.replace(TARGET, triple);
        let mut words = step.split(' ');
        assert_eq!(words.next(), Some("cargo"));
        let output = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(words)
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", target)
            // As the Dockerfile sets it. Where it has Alpine's headers, Debian has musl's aside.
            .env("CC_aarch64_unknown_linux_musl", "clang")
            .env(
                "CFLAGS_aarch64_unknown_linux_musl",
                "-nostdlibinc -isystem /usr/include/x86_64-linux-musl",
            )
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .output()
            .unwrap();
        assert!(output.status.success(), "{step}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    target.join(triple).join("function/main")
}

/// Builds a function, unless it was built of the very same files before. All are built in one
/// place, one after the other, so that what they share is compiled once.
pub fn built(name: &str, recipe: &Recipe) -> BuiltFunction {
    built_for(TARGET, name, recipe)
}

/// Builds a function for one of the two targets, as [`built`] does.
pub fn built_for(triple: &str, name: &str, recipe: &Recipe) -> BuiltFunction {
    let target = functions_target();
    fs::create_dir_all(&target).unwrap();
    let one_at_a_time = File::create(target.join("lock")).unwrap();
    one_at_a_time.lock().unwrap();

    let folder = target.join("build");
    lay(recipe, &folder);
    let dockerfile = fs::read_to_string(folder.join("Dockerfile")).unwrap();
    let assets = Some(recipe.project.join(&recipe.handler).join("assets"));
    let assets = assets.filter(|assets| assets.is_dir());
    let bin = target.join("bin").join(if triple == TARGET { "" } else { triple });
    fs::create_dir_all(&bin).unwrap();
    let (binary, mark) = (bin.join(name), bin.join(format!("{name}.of")));
    let source = digest(&folder);
    if !binary.exists() || fs::read_to_string(&mark).ok().as_ref() != Some(&source) {
        let built = build(&folder, &target, triple);
        // Another name first: the old program may be running.
        let new = binary.with_extension("new");
        fs::copy(built, &new).unwrap();
        fs::rename(new, &binary).unwrap();
        fs::write(mark, source).unwrap();
    }
    BuiltFunction { binary, assets, dockerfile }
}

impl BuiltFunction {
    /// The image that the Dockerfile makes, as a container of it would run: its files, its
    /// numeric user, its entry point; the root is read-only.
    pub fn bundle(&self) -> Bundle {
        let entry = self.instruction("ENTRYPOINT");
        let program: Vec<String> = serde_json::from_str(entry).unwrap();
        let program: Vec<&str> = program.iter().map(String::as_str).collect();
        let (user, _) = self.instruction("USER").split_once(':').unwrap();
        let mut bundle =
            Bundle::new(&program).user(user.parse().expect("the user must be a number"));
        bundle = bundle.copy(&self.binary, program[0]).folder("/tmp", 0o1777);
        for asset in self.assets.iter().flat_map(|assets| entries(assets)) {
            let name = asset.file_name().unwrap().to_str().unwrap();
            bundle = bundle.copy(&asset, &format!("/function/assets/{name}"));
        }
        bundle
    }

    fn instruction(&self, name: &str) -> &str {
        let mut said = self.dockerfile.lines().filter_map(|line| line.strip_prefix(name));
        said.next_back().unwrap_or_else(|| panic!("the Dockerfile has no {name}")).trim()
    }
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Copies a file or a folder; links are followed, as faas-cli does. Times are kept, so that
/// cargo compiles nothing twice.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in entries(from) {
            copy(&entry, &to.join(entry.file_name().unwrap()));
        }
        return;
    }
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
    let modified = from.metadata().unwrap().modified().unwrap();
    File::options().append(true).open(to).unwrap().set_modified(modified).unwrap();
}

/// Of all files in a folder and their names.
fn digest(folder: &Path) -> String {
    fn add(hash: &mut Sha256, path: &Path) {
        if path.is_dir() {
            entries(path).iter().for_each(|entry| add(hash, entry));
            return;
        }
        let bytes = fs::read(path).unwrap();
        hash.update(path.to_str().unwrap());
        hash.update([0]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    let mut hash = Sha256::new();
    add(&mut hash, folder);
    hex::encode(hash.finalize())
}
