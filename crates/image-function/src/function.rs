//! A function that looks into images.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use event_bus::{Check, Door, Question, Refusal, Surroundings};
use http::{Request as HttpRequest, Response};
use jiff::Timestamp;
use oci_image::{Access, Addresses, Credentials, ImageError, Images, Opener, Proxies};
use policy::{Permission, Policy};
use verdict::{PolicyDocument, Request};

use crate::unready::Unready;

/// A function that looks into images: its check, and the door that questions come in at.
pub struct ImageFunction {
    check: Arc<dyn Check>,
    door: Door,
}

impl ImageFunction {
    /// Sets the function up by what it finds around it; `variable` looks a variable up, `check`
    /// makes the check of the way to images.
    ///
    /// # Errors
    /// When something is there and cannot be used: what is set wrongly is not ignored.
    pub fn set_up(
        variable: impl Fn(&str) -> Option<String>,
        check: impl FnOnce(Arc<dyn Images>) -> Result<Arc<dyn Check>, Unready>,
    ) -> Result<Self, Unready> {
        let surroundings = Surroundings::read(&variable).map_err(Unready::Surroundings)?;
        let document = document(surroundings.policy_file.as_deref())?;
        let opener = images(&surroundings, &document, variable)?;
        let check = check(Arc::<Opener>::clone(&opener))?;
        let bare = move |body: &[u8], deadline| bare(body, deadline, &opener, &document);
        let door = Door::new(surroundings.key, Arc::new(bare), surroundings.limits);
        Ok(Self { check, door })
    }

    /// Answers one HTTP request, also if the function could not be set up.
    pub async fn answer(
        function: &Result<Self, Unready>,
        request: HttpRequest<Bytes>,
    ) -> Response<Bytes> {
        match function {
            Ok(function) => {
                event_bus::door::answer(Arc::clone(&function.check), request, &function.door).await
            }
            Err(unready) => unready.refusal().response(),
        }
    }
}

/// The way to images of a function with these surroundings and this policy of its own, through
/// the proxies that its variables name.
///
/// # Errors
/// When the policy, the secret `registry-auth` or a proxy's variable cannot be used.
pub fn images(
    surroundings: &Surroundings,
    document: &PolicyDocument,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Arc<Opener>, Unready> {
    let policy = Policy::parse(document).map_err(Unready::Policy)?;
    let mut credentials = Credentials::default();
    if let Some(path) = &surroundings.registry_auth {
        let json = std::fs::read(path).map_err(Unready::RegistryAuth)?;
        credentials.add(&json).map_err(Unready::Credentials)?;
    }
    let addresses = match policy.sources.private_addresses {
        Permission::Allowed => Addresses::Any,
        Permission::Refused => Addresses::Public,
    };
    let proxies = Proxies::read(variable).map_err(Unready::Proxies)?;
    let insecure_registries = policy.sources.insecure_registries;
    let access =
        Access { credentials, insecure_registries, addresses, proxies, ..Access::default() };
    Opener::new(access).map(Arc::new).map_err(Unready::Images)
}

/// The policy of questions that bring none: the file's, or the careful default.
///
/// # Errors
/// When the file cannot be used.
pub fn document(path: Option<&Path>) -> Result<PolicyDocument, Unready> {
    match path {
        Some(path) => policy::load(path).map_err(Unready::Policy),
        None => Ok(PolicyDocument { body: "{}\n".to_owned(), files: Default::default() }),
    }
}

/// Reads a bare question, and resolves its image to a digest. It blocks.
fn bare(
    body: &[u8],
    deadline: Timestamp,
    opener: &Opener,
    standard: &PolicyDocument,
) -> Result<Request, Refusal> {
    let question = Question::parse(body)?;
    let document = question.policy.as_ref().unwrap_or(standard);
    let policy = Policy::parse(document)
        .map_err(|error| Refusal::question(error.to_string(), error.remedy()))?;
    let image = opener
        .open_published(&question.image, &question.platform, &policy.limits)
        .map_err(|error| unresolved(&error))?;
    Ok(question.resolved(image.resolved(), standard, policy.limits, deadline))
}

/// What a question is told whose image cannot be had.
pub fn unresolved(error: &ImageError) -> Refusal {
    let causes = verdict::causes(error);
    let separator = if causes.is_empty() { "" } else { ": " };
    let told = format!("{error}{separator}{causes}");
    match error {
        ImageError::Name { .. } => Refusal::question(told, error.remedy()),
        _ => Refusal::subject(told, error.remedy()),
    }
}
