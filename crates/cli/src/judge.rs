//! Images judged in this process: the same checks and the same orchestrator that run on a
//! cluster, over the embedded bus. No server, no cluster, no daemon is needed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use event_bus::{Check, Embedded, Question, VerdictLog};
use inventory::{Inventories, LayerCache};
use jiff::{SignedDuration, Timestamp};
use oci_image::{Image, ImageError, Images, Opener, Shelf};
use orchestrator::{Asker, Orchestrator};
use policy::Policy;
use tokio::runtime::Runtime;
use verdict::{
    Digest, Finding, Phase, PinnedImage, Platform, PolicyDocument, Request, Role, Verdict,
};
use verify_signature::VerifySignature;

use crate::answer::Answer;
use crate::bases::{self, Used, UsedImages};
use crate::failure::Failure;
use crate::layer_cache;
use crate::round::Judging;
use crate::stack::Named;
use crate::{advisory_index, surroundings};

/// The policy of who has none: the careful one.
const DEFAULT_POLICY: &str = include_str!("../../../policy.yml");
/// How many checks run at once: each of an image's three, for two images.
const CHECKS_AT_ONCE: usize = 6;

/// Judges images by one policy.
pub(crate) struct Judge {
    document: PolicyDocument,
    policy: Policy,
    opener: Arc<Opener>,
    shelf: Arc<Shelf>,
    used: UsedImages,
    orchestrator: Orchestrator,
    runtime: Runtime,
}

/// An image to be judged, as it was named.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// The image, in any notation of `containers-transports(5)`.
    pub(crate) image: String,
    /// The function that it is of, if it is one's.
    pub(crate) function: Option<String>,
    /// That function's namespace.
    pub(crate) namespace: Option<String>,
    /// Whether the function's build makes it or uses it.
    pub(crate) role: Role,
    /// The image that it is built on, if somebody said.
    pub(crate) base: Option<PinnedImage>,
    /// The images that its build uses, of which one may be its base.
    pub(crate) used: Vec<Used>,
    /// The function's entry in stack.yml.
    pub(crate) entry: Option<serde_json::Value>,
    /// What was seen of the running function; with it the runtime phase is judged.
    pub(crate) snapshot: Option<serde_json::Value>,
}

impl Candidate {
    /// An image, and nothing more said.
    pub(crate) fn image(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            function: None,
            namespace: None,
            role: Role::Made,
            base: None,
            used: Vec::new(),
            entry: None,
            snapshot: None,
        }
    }

    /// The question that it comes to.
    pub(crate) fn question(&self, platform: &Platform) -> Question {
        Question {
            function: self.function.clone(),
            namespace: self.namespace.clone(),
            platform: platform.clone(),
            role: self.role,
            base: self.base.clone(),
            phase: if self.snapshot.is_some() { Phase::Runtime } else { Phase::Build },
            deployment: self.entry.clone(),
            snapshot: self.snapshot.clone(),
            ..Question::about(self.image.clone())
        }
    }
}

impl Judge {
    /// Sets everything up: policy, advisory index, credentials, what is kept of layers; the
    /// folder of secrets by which the policy names keys, if there is one.
    pub(crate) fn new(
        policy: Option<&Path>,
        advisories: Option<&Path>,
        cache: Option<LayerCache>,
        secrets: Option<&Path>,
    ) -> Result<Self, Failure> {
        Self::with(policy, |shelf| checks(shelf, advisories, cache, secrets))
    }

    /// The same by what was typed.
    pub(crate) fn by(judging: &crate::arguments::Judging) -> Result<Self, Failure> {
        let cache = layer_cache::open(judging.no_cache);
        let secrets = judging.secrets.as_deref();
        Self::new(judging.policy.as_deref(), judging.advisories.as_deref(), cache, secrets)
    }

    /// The same without checks: for who only wants to look into images.
    pub(crate) fn for_inventory(policy: Option<&Path>) -> Result<Self, Failure> {
        Self::with(policy, |_| Ok(Vec::new()))
    }

    /// The same with one check, which asks who signed an image.
    pub(crate) fn for_signatures(document: PolicyDocument) -> Result<Self, Failure> {
        Self::of(None, document, |shelf| {
            let images: Arc<dyn Images> = Arc::<Shelf>::clone(shelf);
            Ok(vec![Arc::new(VerifySignature::new(images))])
        })
    }

    fn with(
        path: Option<&Path>,
        checks: impl FnOnce(&Arc<Shelf>) -> Result<Vec<Arc<dyn Check>>, Failure>,
    ) -> Result<Self, Failure> {
        Self::of(path, document(path)?, checks)
    }

    fn of(
        path: Option<&Path>,
        document: PolicyDocument,
        checks: impl FnOnce(&Arc<Shelf>) -> Result<Vec<Arc<dyn Check>>, Failure>,
    ) -> Result<Self, Failure> {
        let parsed = Policy::parse(&document).map_err(|error| unusable(path, &error))?;
        let access = surroundings::access(parsed.sources.insecure_registries.clone())?;
        let opener = Opener::new(access).map_err(|error| {
            Failure::usage("images cannot be reached", error.remedy()).because(&error)
        })?;
        let opener = Arc::new(opener);
        let shelf = Arc::new(Shelf::beside(Arc::clone(&opener)));
        let checks = checks(&shelf)?;
        let time_max = Duration::from_millis(parsed.limits.check_ms_max);
        let bus = Embedded::new(checks, CHECKS_AT_ONCE, time_max, VerdictLog::memory());
        let runtime = Runtime::new().map_err(|error| {
            Failure::usage("the checks cannot be started", "see that threads may be made")
                .because(&error)
        })?;
        let orchestrator = Orchestrator::new(Arc::new(bus));
        let used = UsedImages::default();
        Ok(Self { document, policy: parsed, opener, shelf, used, orchestrator, runtime })
    }

    /// Finds the image and reads what it declares of itself.
    pub(crate) fn open(&self, image: &str, platform: &Platform) -> Result<Arc<Image>, ImageError> {
        let image = Arc::new(self.opener.open(image, platform, &self.policy.limits)?);
        self.shelf.put(Arc::clone(&image));
        Ok(image)
    }

    /// The same for an image that builds use: of several that ask, all get the same.
    fn open_used(&self, image: &str, platform: &Platform) -> Result<Arc<Image>, ImageError> {
        self.used.open((image, platform), || self.open(image, platform))
    }

    /// The image to be judged.
    pub(crate) fn open_candidate(
        &self,
        candidate: &Candidate,
        platform: &Platform,
    ) -> Result<Arc<Image>, ImageError> {
        match candidate.role {
            Role::Made => self.open(&candidate.image, platform),
            Role::Used => self.open_used(&candidate.image, platform),
        }
    }

    /// The request that asks about an image that was opened.
    pub(crate) fn request(
        &self,
        candidate: &Candidate,
        platform: &Platform,
        image: &Image,
    ) -> Request {
        let mut question = candidate.question(platform);
        if question.base.is_none() {
            // Why one cannot be opened is told when it is judged itself.
            let used = candidate.used.iter().filter_map(|(it, of)| self.open_used(it, of).ok());
            question.base = bases::lowest_of(image, used);
        }
        let limits = self.policy.limits;
        let time = SignedDuration::from_millis(limits.check_ms_max.try_into().unwrap_or(i64::MAX));
        let deadline = Timestamp::now().saturating_add(time).unwrap_or(Timestamp::MAX);
        question.resolved(image.resolved(), &self.document, limits, deadline)
    }

    /// The images that were opened.
    pub(crate) fn images(&self) -> Arc<dyn Images> {
        Arc::<Shelf>::clone(&self.shelf)
    }

    /// The digest of the configuration of an image that was opened before.
    pub(crate) fn configuration(&self, image: &PinnedImage) -> Option<Digest> {
        self.shelf.get(image).map(|image| image.config_digest())
    }

    /// Judges an image. An error is one that could not even be resolved to a digest: there is
    /// nothing yet that a verdict could be about.
    pub(crate) fn judge(
        &self,
        candidate: &Candidate,
        platform: &Platform,
    ) -> Result<Verdict, ImageError> {
        let image = self.open_candidate(candidate, platform)?;
        let request = self.request(candidate, platform, &image);
        Ok(self.runtime.block_on(self.orchestrator.validate(request, Asker::Own)))
    }
}

impl Judging for Judge {
    fn answer(&self, candidate: &Candidate, platform: &Platform) -> Answer {
        match self.judge(candidate, platform) {
            Ok(verdict) => Answer::Judged(Box::new(verdict)),
            Err(error) => {
                let (function, on_undecided) =
                    (candidate.function.as_deref(), self.policy.on_undecided);
                Answer::unresolved(function, &candidate.image, error.finding(), on_undecided)
            }
        }
    }

    fn unresolved(&self, named: &Named, finding: Finding) -> Answer {
        let function = Some(named.function.as_str());
        Answer::unresolved(function, &named.written, finding, self.policy.on_undecided)
    }
}

/// What a policy means.
pub(crate) fn parsed(document: &PolicyDocument) -> Result<Policy, Failure> {
    Policy::parse(document).map_err(|error| unusable(None, &error))
}

/// Reads the policy; without one, policy.yml of the working folder, or else the careful default.
pub(crate) fn document(path: Option<&Path>) -> Result<PolicyDocument, Failure> {
    let found = path.or(Some(Path::new("policy.yml")).filter(|path| path.exists()));
    match found {
        Some(path) => policy::load(path).map_err(|error| unusable(Some(path), &error)),
        None => Ok(PolicyDocument { body: DEFAULT_POLICY.to_owned(), files: Default::default() }),
    }
}

fn unusable(path: Option<&Path>, error: &policy::PolicyError) -> Failure {
    let name = path.map_or("policy.yml".to_owned(), |path| path.display().to_string());
    Failure::usage(format!("the policy {name} cannot be used"), error.remedy()).because(error)
}

fn checks(
    shelf: &Arc<Shelf>,
    advisories: Option<&Path>,
    cache: Option<LayerCache>,
    secrets: Option<&Path>,
) -> Result<Vec<Arc<dyn Check>>, Failure> {
    let images: Arc<dyn Images> = Arc::<Shelf>::clone(shelf);
    let inventories = Arc::new(Inventories::with_cache(cache));
    let index = advisory_index::open(advisories)?;
    let signatures = VerifySignature::new(Arc::clone(&images));
    let signatures = match secrets {
        Some(folder) => signatures.with_secrets(folder),
        None => signatures,
    };
    Ok(vec![
        Arc::new(scan_layers::ScanLayers::new(
            Arc::clone(&images),
            Arc::clone(&inventories),
            index,
        )),
        Arc::new(signatures),
        Arc::new(check_policy::CheckPolicy::new(images, inventories)),
        Arc::new(check_runtime::CheckRuntime::default()),
    ])
}
