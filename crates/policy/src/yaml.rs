//! From YAML to types in two steps: to a tree that knows where everything stands, and from the tree
//! to types.
//!
//! A YAML deserializer is compiled once more for each type that it fills, and in a function those
//! were 400 KB (docs/decisions/011). Here it fills one type, [`Node`]; what fills all others is
//! [`typed`], which has no more to do than to look at a tree.

mod fault;
mod node;
mod typed;

use serde::de::DeserializeOwned;
use serde_saphyr::Options;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};

pub(crate) use fault::{Fault, What};
use node::Node;
use typed::Typed;

/// A document of YAML as a `T`; an empty one is an empty mapping.
pub(crate) fn read<T: DeserializeOwned>(yaml: &str) -> Result<T, Fault> {
    let root: Node = serde_saphyr::from_str_with_options(yaml, options(1))?;
    T::deserialize(Typed::root(&root, yaml))
}

/// How YAML is read, and how much of it.
pub(crate) fn options(documents_max: usize) -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_nodes: 100_000,
            max_events: 400_000,
            max_documents: documents_max,
            max_aliases: 1_000,
            max_anchors: 1_000,
            // Any number of lines may be commented out: it is 32 by itself.
            max_buffered_comment_events: 100_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 8,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Merge,
        with_snippet: false,
    }
}
