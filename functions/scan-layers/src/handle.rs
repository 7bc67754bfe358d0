//! The function's door.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use advisories::Index;
use bytes::Bytes;
use http::{Request, Response};
use image_function::{ImageFunction, Unready};
use inventory::{Inventories, LayerCache};

use crate::check::ScanLayers;

/// The variable that names the advisory index.
const INDEX: &str = "advisories_file";
/// The variable that names a folder to keep what was read of layers. Without it nothing is written.
const CACHE: &str = "layer_cache";

/// Answers one HTTP request: a sealed question, or a bare one such as `{"image": "…"}`.
pub async fn handle(request: Request<Bytes>) -> Response<Bytes> {
    static FUNCTION: OnceLock<Result<ImageFunction, Unready>> = OnceLock::new();
    let set_up = || {
        ImageFunction::set_up(variable, |images| {
            let inventories = Arc::new(Inventories::with_cache(cache()?));
            Ok(Arc::new(ScanLayers::new(images, inventories, index()?)))
        })
    };
    ImageFunction::answer(FUNCTION.get_or_init(set_up), request).await
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The cache that is named. One that cannot be used is an error: whoever names it counts on it.
fn cache() -> Result<Option<LayerCache>, Unready> {
    let Some(folder) = variable(CACHE).filter(|it| !it.is_empty()) else { return Ok(None) };
    LayerCache::open(Path::new(&folder)).map(Some).map_err(|error| Unready::Check {
        what: format!("layer cache {folder}"),
        source: error.into(),
        remedy: "mount a folder that the function's user owns and others may not write to",
    })
}

/// The index that is named. One that is not there is for the check to report; one that is there
/// and cannot be used is an error.
fn index() -> Result<Option<Arc<Index>>, Unready> {
    let Some(path) = variable(INDEX).filter(|path| Path::new(path).exists()) else {
        return Ok(None);
    };
    let opened = Index::open(Path::new(&path)).map(Arc::new).map(Some);
    opened.map_err(|error| Unready::Check {
        what: format!("advisory index {path}"),
        source: error.into(),
        remedy: "build it anew: faas-validator advisories build --osv … --out functions/scan-layers/assets/advisories.idx",
    })
}
