//! A TUF repository (TUF specification 1.0, consistent snapshots): its metadata, signed with the
//! tests' own keys, and a server of its files on loopback.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::registry::{Answer, ScriptedRegistry};
use crate::signer::Signer;

/// A day that no test reaches.
pub const FAR: &str = "2999-01-01T00:00:00Z";
/// A day that is over.
pub const PAST: &str = "2020-01-01T00:00:00Z";

/// What a repository says, and by whom. Each test changes what it is about.
#[derive(Debug, Clone)]
pub struct TufAuthor {
    /// The names of the keys that the root gives to each role, and how many must sign.
    pub roles: BTreeMap<&'static str, (Vec<String>, usize)>,
    /// The names of the keys that sign, where they are others.
    pub signers: BTreeMap<&'static str, Vec<String>>,
    /// The version of each role's metadata; the root's is the newest of those that are published.
    pub versions: BTreeMap<&'static str, u64>,
    /// Until when each role's metadata holds.
    pub expires: BTreeMap<&'static str, &'static str>,
    /// The files, by name.
    pub targets: BTreeMap<String, Vec<u8>>,
}

/// A repository that is served.
pub struct TufServer {
    files: Arc<Mutex<BTreeMap<String, Answer>>>,
    server: ScriptedRegistry,
}

impl TufAuthor {
    /// One with a key for each role, and these bytes as `trusted_root.json`.
    pub fn new(trusted_root: &[u8]) -> Self {
        let names = ["root", "timestamp", "snapshot", "targets"];
        Self {
            roles: names.iter().map(|role| (*role, (vec![format!("tuf {role}")], 1))).collect(),
            signers: BTreeMap::new(),
            versions: names.iter().map(|role| (*role, 1)).collect(),
            expires: names.iter().map(|role| (*role, FAR)).collect(),
            targets: BTreeMap::from([("trusted_root.json".to_owned(), trusted_root.to_vec())]),
        }
    }

    /// The same with another version of a role's metadata.
    #[must_use]
    pub fn version(mut self, role: &'static str, version: u64) -> Self {
        self.versions.insert(role, version);
        self
    }

    /// The same with metadata that holds until then.
    #[must_use]
    pub fn until(mut self, role: &'static str, expires: &'static str) -> Self {
        self.expires.insert(role, expires);
        self
    }

    /// The same with a role's metadata signed by these keys, whoever the root names.
    #[must_use]
    pub fn signed_by(mut self, role: &'static str, signers: &[&str]) -> Self {
        self.signers.insert(role, signers.iter().map(|it| (*it).to_owned()).collect());
        self
    }

    /// The same with these keys for a role, of which so many must sign; all of them do.
    #[must_use]
    pub fn keys(mut self, role: &'static str, keys: &[&str], threshold: usize) -> Self {
        let keys = keys.iter().map(|it| (*it).to_owned()).collect();
        self.roles.insert(role, (keys, threshold));
        self
    }

    /// The root of this version, whose successors this author's keys may sign.
    pub fn root(&self, version: u64) -> Vec<u8> {
        let mut keys = serde_json::Map::new();
        let mut roles = serde_json::Map::new();
        for (role, (names, threshold)) in &self.roles {
            for name in names {
                keys.insert(key_id(name), key(name));
            }
            let ids: Vec<String> = names.iter().map(|name| key_id(name)).collect();
            roles.insert((*role).to_owned(), json!({"keyids": ids, "threshold": threshold}));
        }
        let body = json!({"consistent_snapshot": true, "keys": keys, "roles": roles});
        self.signed("root", version, body)
    }

    /// All files, by path: roots from version 2 on, the other metadata, and the targets.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for version in 2..=self.versions["root"] {
            files.insert(format!("{version}.root.json"), self.root(version));
        }
        let listed: serde_json::Map<String, Value> = self
            .targets
            .iter()
            .map(|(name, bytes)| {
                let of = json!({"length": bytes.len(), "hashes": {"sha256": sha256(bytes)}});
                (name.clone(), of)
            })
            .collect();
        for (name, bytes) in &self.targets {
            files.insert(format!("targets/{}.{name}", sha256(bytes)), bytes.clone());
        }
        let version = |role: &str| self.versions[role];
        let targets = self.signed("targets", version("targets"), json!({"targets": listed}));
        let meta = |name: &str, bytes: &[u8], version: u64| {
            let of = json!({"version": version, "length": bytes.len(), "hashes": {"sha256": sha256(bytes)}});
            json!({"meta": {name: of}})
        };
        let pinned = meta("targets.json", &targets, version("targets"));
        let snapshot = self.signed("snapshot", version("snapshot"), pinned);
        let pinned = meta("snapshot.json", &snapshot, version("snapshot"));
        let timestamp = self.signed("timestamp", version("timestamp"), pinned);
        files.insert(format!("{}.targets.json", version("targets")), targets);
        files.insert(format!("{}.snapshot.json", version("snapshot")), snapshot);
        files.insert("timestamp.json".to_owned(), timestamp);
        files
    }

    fn signed(&self, role: &'static str, version: u64, mut body: Value) -> Vec<u8> {
        body["_type"] = json!(role);
        body["spec_version"] = json!("1.0.31");
        body["version"] = json!(version);
        body["expires"] = json!(self.expires[role]);
        let signers = self.signers.get(role).unwrap_or(&self.roles[role].0);
        let text = canonical(&body);
        let signature = |name: &String| {
            let signature = Signer::new(name).signature(text.as_bytes());
            json!({"keyid": key_id(name), "sig": hex::encode(signature)})
        };
        let signatures: Vec<Value> = signers.iter().map(signature).collect();
        json!({"signed": body, "signatures": signatures}).to_string().into_bytes()
    }
}

impl TufServer {
    /// Serves what an author publishes.
    pub fn start(author: &TufAuthor) -> Self {
        Self::of_files(author.files())
    }

    /// Serves these files, by path.
    pub fn of_files(published: BTreeMap<String, Vec<u8>>) -> Self {
        let files = Arc::new(Mutex::new(BTreeMap::new()));
        let served = files.clone();
        let server = ScriptedRegistry::start(move |seen| {
            let files: std::sync::MutexGuard<'_, BTreeMap<String, Answer>> =
                served.lock().unwrap_or_else(PoisonError::into_inner);
            files.get(&seen.path).cloned().unwrap_or_else(|| Answer::status(404))
        });
        let server = Self { files, server };
        server.publish_files(published);
        server
    }

    /// Publishes this instead of what was there.
    pub fn publish(&self, author: &TufAuthor) {
        self.publish_files(author.files());
    }

    /// Publishes these files instead, by path.
    pub fn publish_files(&self, files: BTreeMap<String, Vec<u8>>) {
        let answers =
            files.into_iter().map(|(path, bytes)| (format!("/{path}"), Answer::bytes(bytes)));
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = answers.collect();
    }

    /// Answers so for a path, whatever is published.
    pub fn answer(&self, path: &str, answer: Answer) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(format!("/{path}"), answer);
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.host())
    }

    /// The paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.server.seen().into_iter().map(|seen| seen.path).collect()
    }
}

fn key(name: &str) -> Value {
    let public = Signer::new(name).public_pem();
    json!({"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": public}})
}

fn key_id(name: &str) -> String {
    sha256(canonical(&key(name)).as_bytes())
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// OLPC's canonical JSON, which TUF signs: keys sorted, nothing between, and of texts only `"` and
/// `\` escaped.
fn canonical(value: &Value) -> String {
    let text = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    match value {
        Value::Object(map) => {
            let fields: BTreeMap<&String, &Value> = map.iter().collect();
            let fields =
                fields.iter().map(|(key, value)| format!("{}:{}", text(key), canonical(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        Value::String(string) => text(string),
        other => other.to_string(),
    }
}
