//! `cache`: what is kept of layers that were read before, and where it is found.

use std::path::PathBuf;

use inventory::{LayerCache, Stored};
use serde_json::json;

use crate::arguments::{Cache, Output};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{json as print_json, print};
use crate::surroundings;

/// The folder's name in the user's folder of caches.
const FOLDER: &str = "faas-validator";

/// Runs one of the subcommands.
pub(crate) fn run(command: &Cache) -> Result<Exit, Failure> {
    let cache = named()?;
    let (stored, output, verb) = match command {
        Cache::Info { output } => (cache.stored(), output, "keeps"),
        Cache::Clear { output } => (cache.clear(), output, "kept, and keeps no more,"),
    };
    let stored = stored.map_err(|error| unusable(&error))?;
    match output {
        Output::Json => print_json(&said(&cache, &stored))?,
        Output::Table => print(&format!(
            "{} {verb} {} layers in {} of {} bytes\n",
            cache.folder().display(),
            stored.layers,
            stored.bytes,
            stored.bytes_max
        ))?,
    }
    Ok(Exit::Accepted)
}

/// The cache, if it is wanted and can be used. Without one every layer is read, and that is all:
/// the person is told why there is none.
pub(crate) fn open(no_cache: bool) -> Option<LayerCache> {
    if no_cache {
        return None;
    }
    match LayerCache::open(&folder()?) {
        Ok(cache) => Some(cache),
        Err(error) => {
            let why = std::error::Error::source(&error).map(|it| format!(": {it}"));
            let why = why.unwrap_or_default();
            surroundings::note(&format!("layers are read without a cache: {error}{why}"));
            None
        }
    }
}

fn named() -> Result<LayerCache, Failure> {
    let Some(folder) = folder() else {
        let remedy = "set XDG_CACHE_HOME or HOME";
        return Err(Failure::usage("there is no folder for a cache", remedy));
    };
    LayerCache::open(&folder).map_err(|error| unusable(&error))
}

fn unusable(error: &inventory::CacheError) -> Failure {
    let remedy = "make it a folder that is yours and that only you may write to, or name another \
                  in XDG_CACHE_HOME";
    Failure::usage("the cache of layers cannot be used", remedy).because(error)
}

/// By the XDG base directory specification; a relative path is to be ignored.
pub(crate) fn folder() -> Option<PathBuf> {
    let named = surroundings::variable("XDG_CACHE_HOME").map(PathBuf::from);
    let caches = named.filter(|it| it.is_absolute());
    let caches = caches.or_else(|| surroundings::home().map(|home| home.join(".cache")));
    caches.map(|caches| caches.join(FOLDER))
}

fn said(cache: &LayerCache, stored: &Stored) -> serde_json::Value {
    json!({
        "folder": cache.folder().display().to_string(),
        "layers": stored.layers,
        "bytes": stored.bytes,
        "bytes_max": stored.bytes_max,
    })
}
