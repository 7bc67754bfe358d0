//! Our stack.yml, and the images of its functions as they get to the provider.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use openfaas::stack::{Function, Selection, StackFile};
use testkit::build_folder::{self, Recipe};
use testkit::image::{ImageBuilder, LayerBuilder};

use super::program;
use super::surroundings::{Surroundings, run};

/// Our stack.yml.
pub(crate) struct Stack {
    /// The functions, by name.
    pub(crate) functions: BTreeMap<String, Function>,
    copy: Vec<String>,
}

impl Stack {
    /// Reads it as faas-cli does here.
    pub(crate) fn ours() -> Self {
        let text = std::fs::read_to_string(build_folder::workspace().join("stack.yml")).unwrap();
        let variable = |name: &str| std::env::var(name).ok();
        let stack = StackFile::of(text).stack(Some(&variable), &Selection::All).unwrap();
        Self { functions: stack.functions, copy: stack.configuration.copy }
    }

    /// How a function is built.
    pub(crate) fn recipe(&self, function: &Function) -> Recipe {
        Recipe {
            project: build_folder::workspace(),
            lang: function.lang.clone(),
            handler: function.handler.clone(),
            copy: self.copy.clone(),
        }
    }

    /// Copies what a build of the stack reads to another folder.
    pub(crate) fn copy_sources(&self, to: &Path) {
        let ours = build_folder::workspace();
        std::fs::create_dir_all(to).unwrap();
        let handlers = self.functions.values().map(|it| it.handler.as_str());
        let copied = self.copy.iter().map(String::as_str);
        for path in handlers.chain(copied).chain(["stack.yml", "template"]) {
            let target = to.join(path);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            run(Command::new("cp").arg("-a").arg(ours.join(path)).arg(target));
        }
    }

    /// Builds every function and hands its image to the provider's containerd: the bytes that a
    /// registry would have given it.
    pub(crate) fn import(&self, surroundings: &Surroundings) {
        let folder = tempfile::tempdir().unwrap();
        for (name, function) in &self.functions {
            let archive = folder.path().join(format!("{name}.tar"));
            self.image(name, function).write_docker_archive(&archive, &function.image_name());
            import(surroundings, &archive);
        }
    }
}

impl Stack {
    /// The image that the template's Dockerfile makes of a function.
    fn image(&self, name: &str, function: &Function) -> testkit::image::BuiltImage {
        let built = build_folder::built(name, &self.recipe(function));
        let temporary_folder = tempfile::tempdir().unwrap();
        let mut temporary = tar::Header::new_gnu();
        temporary.set_entry_type(tar::EntryType::Directory);
        temporary.set_mode(0o1777);
        let program = std::fs::read(&built.binary).unwrap();
        let mut layer = LayerBuilder::new()
            .dir("function")
            .file_with("function/main", program, 0o755, 0, 0)
            .dir("function/assets")
            .entry(temporary, "tmp/", b"");
        if name == "scan-layers" {
            let index = program::advisories(temporary_folder.path());
            layer = layer.file("function/assets/advisories.idx", std::fs::read(index).unwrap());
        }
        for (path, content) in built.assets.iter().flat_map(|assets| files(assets, assets)) {
            layer = layer.file(&format!("function/assets/{path}"), content);
        }
        ImageBuilder::new()
            .run("User", "10001:10001")
            .run("Env", vec!["fprocess=/function/main"])
            .run("Entrypoint", vec!["/function/main"])
            .layer(layer)
            .build()
    }
}

/// Hands an archive to containerd, where the provider looks before it pulls.
fn import(surroundings: &Surroundings, archive: &Path) {
    run(Command::new("ctr")
        .arg("--address")
        .arg(&surroundings.containerd)
        .args(["--namespace", "openfaas-fn", "images", "import"])
        .arg(archive));
}

/// Every file below a folder, by its path from `root`.
fn files(root: &Path, folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| match path.is_dir() {
        true => files(root, &path),
        false => {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            vec![(name, std::fs::read(&path).unwrap())]
        }
    };
    entries.flat_map(read).collect()
}
