//! The orchestrator as a function: it asks the checks through the gateway.
//!
//! It is called at `/function/orchestrator`, or at `/async-function/orchestrator` with
//! `X-Callback-Url`: then the gateway's queue brings the answer there, and the question is held
//! to the queue's 256,000 bytes. A sealed question gets a sealed verdict; a bare one a bare
//! verdict, which is for reading and not for acting upon.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use event_bus::{Door, Gateway, Question, Refusal, Surroundings, VerdictLog};
use http::{Request as HttpRequest, Response};
use image_function::{Unready, document, images, unresolved};
use oci_image::Opener;
use openfaas::{Address, GatewayLimits};
use policy::Policy;
use verdict::{Platform, Resolved};

use crate::pipeline::{Asker, Orchestrator};
use crate::resolve::{Resolve, resolve};

/// Where the gateway is on Kubernetes, unless the variable `gateway_url` says otherwise.
const GATEWAY_URL: &str = "http://gateway.openfaas:8080";
/// Who answers, in the envelopes that it sends.
const SOURCE: &str = "/functions/orchestrator";

/// Answers one HTTP request: a sealed question, or a bare one such as `{"image": "…"}`.
pub async fn handle(request: HttpRequest<Bytes>) -> Response<Bytes> {
    static FUNCTION: OnceLock<Result<OrchestratorFunction, Unready>> = OnceLock::new();
    let set_up = || OrchestratorFunction::set_up(|name| std::env::var(name).ok());
    match FUNCTION.get_or_init(set_up) {
        Ok(function) => function.answer(request).await,
        Err(unready) => unready.refusal().response(),
    }
}

/// The orchestrator behind its door.
pub struct OrchestratorFunction {
    door: Door,
    orchestrator: Orchestrator,
}

impl OrchestratorFunction {
    /// Sets it up by what it finds around it. Beside what every function reads: `gateway_url`,
    /// `checks_namespace` (where the checks are deployed, if not in the gateway's default
    /// namespace) and `verdict_log` (a file on a disk that lasts; without it verdicts are
    /// remembered as long as the process lives).
    ///
    /// # Errors
    /// When something is there and cannot be used, and when there is no `validation-key`: no
    /// report could be counted.
    pub fn set_up(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Unready> {
        let said = |name: &str| variable(name).filter(|value| !value.is_empty());
        let surroundings = Surroundings::read(&variable).map_err(Unready::Surroundings)?;
        let standard = document(surroundings.policy_file.as_deref())?;
        let published = Published(images(&surroundings, &standard, &variable)?);
        let limits = surroundings.limits;
        let key = surroundings.key.ok_or_else(no_key)?;
        let log = match said("verdict_log") {
            Some(path) => VerdictLog::open(&PathBuf::from(path))
                .map_err(|error| unready("the verdict log", error, "see that its folder lasts"))?,
            None => VerdictLog::memory(),
        };
        let address = surroundings.gateway_url.as_deref().unwrap_or(GATEWAY_URL);
        let set = "set gateway_url to the gateway's address, such as http://gateway:8080";
        let address =
            Address::parse(address).map_err(|error| unready("gateway_url", error, set))?;
        // No credentials: the function routes take none, and would pass them on.
        let gateway = openfaas::Gateway::new(address, None, GatewayLimits::default())
            .map_err(|error| unready("the gateway client", error, set))?;
        let namespace = said("checks_namespace");
        let bus = Gateway::new(gateway, namespace, key.clone(), limits.check_time_max, log);
        let bare = move |body: &[u8], deadline| {
            resolve(Question::parse(body)?, &published, &standard, deadline)
        };
        Ok(Self {
            door: Door::new(Some(key), Arc::new(bare), limits),
            orchestrator: Orchestrator::new(Arc::new(bus)),
        })
    }

    /// Answers one HTTP request with a verdict.
    pub async fn answer(&self, request: HttpRequest<Bytes>) -> Response<Bytes> {
        let asked = match self.door.read(&request).await {
            Ok(asked) => asked,
            Err(refusal) => return refusal.response(),
        };
        let asker = if asked.nonce.is_some() { Asker::Own } else { Asker::Stranger };
        let verdict = self.orchestrator.validate(asked.request, asker).await;
        self.door.reply(SOURCE, asked.nonce.as_deref(), &verdict)
    }
}

/// Images of registries, and no others: the names come over the network.
struct Published(Arc<Opener>);

impl Resolve for Published {
    fn resolve(
        &self,
        declared: &str,
        platform: &Platform,
        policy: &Policy,
    ) -> Result<Resolved, Refusal> {
        let image = self
            .0
            .open_published(declared, platform, &policy.limits)
            .map_err(|error| unresolved(&error))?;
        Ok(image.resolved())
    }
}

fn no_key() -> Unready {
    let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
    unready(
        "secret validation-key",
        missing,
        "make the secret validation-key, and deploy the orchestrator and every check with it",
    )
}

fn unready(
    what: &str,
    source: impl std::error::Error + Send + Sync + 'static,
    remedy: &'static str,
) -> Unready {
    Unready::Check { what: what.to_owned(), source: Box::new(source), remedy }
}
