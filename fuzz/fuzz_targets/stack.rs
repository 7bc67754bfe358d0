//! stack.yml: substitution, then YAML.
#![no_main]

use openfaas::stack::{Selection, StackFile};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let variable = |name: &str| (name.len() < 4).then(|| "a/b.c".to_owned());
    StackFile::of(text).stack(Some(&variable), &Selection::All).ok();
});
