//! A scripted registry that holds an image and what is attached to it, and lists that as real
//! registries do, each in its own way.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::scripted::{Answer, ScriptedRegistry, answers_of};
use crate::bundle::Artifact;
use crate::image::{Beside, BuiltImage, digest};

/// How a registry lists what is about a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// All at once, as it is.
    Api,
    /// So many at a time, with a link to the next page.
    Pages(usize),
    /// With the configuration's media type for the artifact type (go-containerregistry).
    ByConfig,
    /// It has no such list (404): clients keep one under the tag `sha256-<hex>`.
    Missing,
    /// Its list is always empty (as GHCR's was): clients keep one under the tag.
    Empty,
    /// It fails, and asks to be tried again at once.
    Failing(u16),
}

/// An image in a repository, and what is attached to it.
pub struct AttachedRepository {
    repository: String,
    subject: String,
    answers: BTreeMap<String, Answer>,
    artifacts: Vec<Artifact>,
}

impl AttachedRepository {
    /// This image under the tag `1`.
    pub fn of(image: &BuiltImage, repository: &str) -> Self {
        let answers = answers_of(image, repository, "1");
        let (repository, subject) = (repository.to_owned(), image.digest());
        Self { repository, subject, answers, artifacts: Vec::new() }
    }

    /// And this manifest under its tag.
    #[must_use]
    pub fn tagged(mut self, beside: impl Into<Beside>) -> Self {
        let beside = beside.into();
        let by_digest = digest(&beside.manifest);
        let answer = Answer::bytes(beside.manifest).header("content-type", &beside.media_type);
        self.put("manifests", &by_digest, answer.clone());
        self.put("manifests", &beside.tag, answer);
        self.put_blobs(beside.blobs);
        self
    }

    /// And this manifest, which is about the image.
    #[must_use]
    pub fn referrer(mut self, artifact: Artifact) -> Self {
        let answer = Answer::bytes(artifact.manifest.clone())
            .header("content-type", "application/vnd.oci.image.manifest.v1+json");
        self.put("manifests", &artifact.digest(), answer);
        self.put_blobs(artifact.blobs.clone());
        self.artifacts.push(artifact);
        self
    }

    /// And this answer for that path of the repository (`manifests/x`).
    #[must_use]
    pub fn answering(mut self, path: &str, answer: Answer) -> Self {
        self.answers.insert(format!("/v2/{}/{path}", self.repository), answer);
        self
    }

    /// All answers, by path.
    pub fn answers(mut self, listing: Listing) -> BTreeMap<String, Answer> {
        let (path, tag) = (format!("referrers/{}", self.subject), self.subject.replace(':', "-"));
        let listed = |artifact: &Artifact| match listing {
            Listing::ByConfig => artifact.listed(Some("application/vnd.oci.empty.v1+json")),
            _ => artifact.listed(artifact.artifact_type.as_deref()),
        };
        let all: Vec<Value> = self.artifacts.iter().map(listed).collect();
        match listing {
            Listing::Api | Listing::ByConfig => self.list(&path, &all),
            Listing::Pages(size) => self.list_pages(&path, &all, size),
            Listing::Missing => self.list(&format!("manifests/{tag}"), &all),
            Listing::Empty => {
                self.list(&path, &[]);
                self.list(&format!("manifests/{tag}"), &all);
            }
            Listing::Failing(status) => {
                let path = format!("/v2/{}/{path}", self.repository);
                let answer = Answer::status(status).header("retry-after", "0");
                self.answers.insert(path, answer);
            }
        }
        self.answers
    }

    /// Serves it.
    pub fn serve(self, listing: Listing) -> ScriptedRegistry {
        ScriptedRegistry::serving(self.answers(listing))
    }

    fn put(&mut self, kind: &str, name: &str, answer: Answer) {
        self.answers.insert(format!("/v2/{}/{kind}/{name}", self.repository), answer);
    }

    fn put_blobs(&mut self, blobs: Vec<Vec<u8>>) {
        for blob in blobs {
            self.put("blobs", &digest(&blob), Answer::bytes(blob));
        }
    }

    fn list(&mut self, path: &str, listed: &[Value]) {
        let path = format!("/v2/{}/{path}", self.repository);
        self.answers.insert(path, index(listed));
    }

    fn list_pages(&mut self, path: &str, listed: &[Value], size: usize) {
        let path = format!("/v2/{}/{path}", self.repository);
        let page_path = |page: usize| match page {
            0 => path.clone(),
            page => format!("{path}?page={page}"),
        };
        let pages: Vec<&[Value]> = listed.chunks(size).collect();
        for (number, page) in pages.iter().enumerate() {
            let mut answer = index(page);
            if number + 1 < pages.len() {
                let link = format!("<{}>; rel=\"next\"", page_path(number + 1));
                answer = answer.header("link", &link);
            }
            self.answers.insert(page_path(number), answer);
        }
    }
}

fn index(manifests: &[Value]) -> Answer {
    let media_type = "application/vnd.oci.image.index.v1+json";
    let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests});
    Answer::bytes(index.to_string()).header("content-type", media_type)
}
