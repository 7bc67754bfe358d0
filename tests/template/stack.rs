//! stack.yml, as far as the tests of its functions need it.

use std::collections::BTreeMap;

use serde::Deserialize;
use testkit::build_folder::{self, BuiltFunction, Recipe};

#[derive(Deserialize)]
pub(crate) struct Stack {
    pub(crate) functions: BTreeMap<String, Entry>,
    pub(crate) configuration: Configuration,
}

#[derive(Deserialize)]
pub(crate) struct Entry {
    pub(crate) lang: String,
    pub(crate) handler: String,
    pub(crate) image: String,
    pub(crate) secrets: Vec<String>,
    pub(crate) readonly_root_filesystem: bool,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) limits: BTreeMap<String, String>,
    pub(crate) requests: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(crate) struct Configuration {
    pub(crate) copy: Vec<String>,
    pub(crate) templates: Vec<BTreeMap<String, String>>,
}

pub(crate) fn stack() -> Stack {
    let text = std::fs::read_to_string(build_folder::workspace().join("stack.yml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// A function of the stack, built as faas-cli builds it.
pub(crate) fn built(name: &str) -> BuiltFunction {
    built_for(build_folder::TARGET, name)
}

/// A function of the stack, built for one of the two targets.
pub(crate) fn built_for(triple: &str, name: &str) -> BuiltFunction {
    let stack = stack();
    let entry = &stack.functions[name];
    let recipe = Recipe {
        project: build_folder::workspace(),
        lang: entry.lang.clone(),
        handler: entry.handler.clone(),
        copy: stack.configuration.copy,
    };
    build_folder::built_for(triple, name, &recipe)
}
