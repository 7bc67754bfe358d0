//! The function's door.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Request, Response};
use image_function::{ImageFunction, Unready};

use crate::authorities::secrets_folder;
use crate::check::VerifySignature;

/// Answers one HTTP request: a sealed question, or a bare one such as `{"image": "…"}`.
pub async fn handle(request: Request<Bytes>) -> Response<Bytes> {
    static FUNCTION: OnceLock<Result<ImageFunction, Unready>> = OnceLock::new();
    let set_up = || {
        let variable = |name: &str| std::env::var(name).ok();
        let secrets = secrets_folder(variable);
        ImageFunction::set_up(variable, |images| {
            Ok(Arc::new(VerifySignature::new(images).with_secrets(secrets)))
        })
    };
    ImageFunction::answer(FUNCTION.get_or_init(set_up), request).await
}

/// Evaluates the user's Rego if this process was started for that, and then does not return. The
/// template calls it first of all; without it every rule over an attestation is `undecided`.
pub fn before_serving() {
    policy::rego::answer_if_asked(std::env::args_os());
}
