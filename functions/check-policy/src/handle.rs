//! The function's door.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Request, Response};
use image_function::{ImageFunction, Unready};
use inventory::Inventories;

use crate::check::CheckPolicy;

/// Answers one HTTP request: a sealed question, or a bare one such as `{"image": "…"}`.
pub async fn handle(request: Request<Bytes>) -> Response<Bytes> {
    static FUNCTION: OnceLock<Result<ImageFunction, Unready>> = OnceLock::new();
    let set_up = || {
        let variable = |name: &str| std::env::var(name).ok();
        ImageFunction::set_up(variable, |images| {
            Ok(Arc::new(CheckPolicy::new(images, Arc::new(Inventories::default()))))
        })
    };
    ImageFunction::answer(FUNCTION.get_or_init(set_up), request).await
}

/// Evaluates the user's Rego if this process was started for that, and then does not return. The
/// template calls it first of all; without it every evaluation is `undecided`.
pub fn before_serving() {
    policy::rego::answer_if_asked(std::env::args_os());
}
