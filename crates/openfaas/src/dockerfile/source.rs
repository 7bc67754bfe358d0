//! Which Dockerfile faas-cli would build for a function, and with which build arguments.
//!
//! faas-cli lays `build/<fn>/` afresh: the template, into it the handler, into that the copied
//! paths (reference: go-sdk builder.go). So it is found where it will be copied from.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::stack::{Configuration, Function, read_yaml};

/// A larger Dockerfile or template.yml is refused.
const TEXT_BYTES_MAX: u64 = 1 << 20;
/// The build argument that carries the packages of build options.
const ADDITIONAL_PACKAGE: &str = "ADDITIONAL_PACKAGE";

/// The Dockerfile of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// What faas-cli passes as `--build-arg`.
    pub build_args: BTreeMap<String, String>,
}

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
pub enum BuildFileError {
    /// The function names no template, so faas-cli does not build it.
    #[error("function has no lang, so faas-cli builds nothing for it")]
    NoLanguage,
    /// The template's name leads out of the folder of templates.
    #[error("template {0:?} is no folder's name")]
    Template(String),
    /// A file cannot be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is larger than it may be.
    #[error("{0} is larger than 1 MiB")]
    TooLarge(PathBuf),
    /// template.yml is not the YAML that it ought to be.
    #[error("read {path} as YAML")]
    TemplateYaml {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<crate::stack::StackError>,
    },
    /// A build option that the template does not have.
    #[error("template has no build option {0:?}")]
    BuildOption(String),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TemplateFile {
    handler_folder: Option<String>,
    build_options: Option<Vec<BuildOption>>,
}

#[derive(Deserialize)]
struct BuildOption {
    name: String,
    #[serde(default)]
    packages: Option<Vec<String>>,
}

/// Finds the Dockerfile of a function, as faas-cli started in `working_directory` would.
/// `command_line` are its `--build-arg`s, which win over those of stack.yml.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn build_file(
    function: &Function,
    configuration: &Configuration,
    command_line: &BTreeMap<String, String>,
    working_directory: &Path,
) -> Result<BuildFile, BuildFileError> {
    let handler = working_directory.join(&function.handler);
    let mut build_args = function.build_args.clone();
    build_args.extend(command_line.clone());
    let in_handler = handler.join("Dockerfile");
    let path = if function.lang.is_empty() {
        return Err(BuildFileError::NoLanguage);
    } else if function.is_dockerfile() {
        // Copied paths are laid over the handler, at the root of the build folder.
        let copied = configuration.copy.iter().find(|path| is_dockerfile(Path::new(path)));
        copied.map_or(in_handler, |path| working_directory.join(path))
    } else {
        let folder = template_folder(&function.lang, working_directory)?;
        let template = template(&folder.join("template.yml"))?;
        add_packages(&mut build_args, function, &template)?;
        let at_root = template.handler_folder.as_deref().is_some_and(is_root);
        if at_root && in_handler.exists() { in_handler } else { folder.join("Dockerfile") }
    };
    Ok(BuildFile { text: text_of(&path)?, path, build_args })
}

fn template_folder(lang: &str, working_directory: &Path) -> Result<PathBuf, BuildFileError> {
    let mut parts = Path::new(lang).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(name)), None) => Ok(working_directory.join("template").join(name)),
        _ => Err(BuildFileError::Template(lang.to_owned())),
    }
}

fn template(path: &Path) -> Result<TemplateFile, BuildFileError> {
    let text = text_of(path)?;
    read_yaml(&text).map_err(|source| BuildFileError::TemplateYaml {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

/// Always passed, and empty without build options.
fn add_packages(
    build_args: &mut BTreeMap<String, String>,
    function: &Function,
    template: &TemplateFile,
) -> Result<(), BuildFileError> {
    let own = build_args.remove(ADDITIONAL_PACKAGE).unwrap_or_default();
    let mut packages: Vec<&str> = own.split_whitespace().collect();
    let known = template.build_options.as_deref().unwrap_or_default();
    for name in &function.build_options {
        let option = known.iter().find(|option| option.name == *name);
        let option = option.ok_or_else(|| BuildFileError::BuildOption(name.clone()))?;
        packages.extend(option.packages.iter().flatten().map(String::as_str));
    }
    packages.sort_unstable();
    packages.dedup();
    build_args.insert(ADDITIONAL_PACKAGE.to_owned(), packages.join(" "));
    Ok(())
}

fn is_dockerfile(path: &Path) -> bool {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    parts.eq([Component::Normal("Dockerfile".as_ref())])
}

fn is_root(folder: &str) -> bool {
    !folder.is_empty() && Path::new(folder).components().all(|part| part == Component::CurDir)
}

fn text_of(path: &Path) -> Result<String, BuildFileError> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(TEXT_BYTES_MAX + 1).read_to_string(&mut text))
        .map_err(|source| BuildFileError::Read { path: path.to_owned(), source })?;
    if text.len() as u64 > TEXT_BYTES_MAX {
        return Err(BuildFileError::TooLarge(path.to_owned()));
    }
    Ok(text)
}
