//! The function's door.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use advisories::Index;
use bytes::Bytes;
use http::{Request, Response};
use image_function::{ImageFunction, Unready};
use inventory::Inventories;

use crate::check::ScanLayers;

/// The variable that names the advisory index.
const INDEX: &str = "advisories_file";

/// Answers one HTTP request: a sealed question, or a bare one such as `{"image": "…"}`.
pub async fn handle(request: Request<Bytes>) -> Response<Bytes> {
    static FUNCTION: OnceLock<Result<ImageFunction, Unready>> = OnceLock::new();
    let set_up = || {
        ImageFunction::set_up(variable, |images| {
            let inventories = Arc::new(Inventories::default());
            Ok(Arc::new(ScanLayers::new(images, inventories, index()?)))
        })
    };
    ImageFunction::answer(FUNCTION.get_or_init(set_up), request).await
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
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
