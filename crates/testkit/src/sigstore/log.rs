//! A transparency log: entries in a Merkle tree (RFC 6962 §2.1), a signed note of its root
//! (C2SP tlog-checkpoint), and the promise that Rekor v1 gives at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::sha256;
use crate::signer::Signer;

pub(super) struct Log {
    pub(super) origin: String,
    pub(super) key: Signer,
}

/// Of what kind an entry is.
pub(super) struct Kind(pub(super) &'static str, pub(super) &'static str);

impl Log {
    pub(super) fn new(origin: &str, key: Signer) -> Self {
        Self { origin: origin.to_owned(), key }
    }

    /// The log's entry for this body: the second of three. With a time it is of Rekor v1, and
    /// carries a promise.
    pub(super) fn entry(&self, kind: &Kind, body: &Value, time: Option<i64>) -> Value {
        let body = serde_json::to_vec(body).unwrap();
        let id = sha256(&self.key.public_der());
        let leaf = |body: &[u8]| sha256(&[&[0], body].concat());
        let node = |left: &[u8], right: &[u8]| sha256(&[&[1], left, right].concat());
        let (before, after) = (leaf(b"before"), leaf(b"after"));
        let root = node(&node(&before, &leaf(&body)), &after);
        let mut entry = json!({
            "logIndex": "1",
            "logId": {"keyId": STANDARD.encode(&id)},
            "kindVersion": {"kind": kind.0, "version": kind.1},
            "canonicalizedBody": STANDARD.encode(&body),
            "inclusionProof": {
                "logIndex": "1",
                "rootHash": STANDARD.encode(&root),
                "treeSize": "3",
                "hashes": [STANDARD.encode(before), STANDARD.encode(after)],
                "checkpoint": {"envelope": self.checkpoint(3, &root)},
            },
        });
        if let Some(time) = time {
            entry["integratedTime"] = time.to_string().into();
            // The keys stand in the order that RFC 8785 gives them.
            let promised = format!(
                r#"{{"body":"{}","integratedTime":{time},"logID":"{}","logIndex":1}}"#,
                STANDARD.encode(&body),
                hex::encode(&id),
            );
            let promise = STANDARD.encode(self.key.signature(promised.as_bytes()));
            entry["inclusionPromise"] = json!({ "signedEntryTimestamp": promise });
        }
        entry
    }

    fn checkpoint(&self, size: u64, root: &[u8]) -> String {
        let body = format!("{}\n{size}\n{}\n", self.origin, STANDARD.encode(root));
        let hint = &sha256(&self.key.public_der())[..4];
        let signature = [hint, &self.key.signature(body.as_bytes())].concat();
        format!("{body}\n— {} {}\n", self.origin, STANDARD.encode(signature))
    }
}
