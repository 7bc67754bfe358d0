//! Docker Content Trust (Notary v1): recognised, to say why it is not trusted here and what to do
//! instead. Nothing of it is verified.

use std::fmt;

use serde::Deserialize;

/// Metadata larger than this is not looked at.
const BYTES_MAX: usize = 1 << 20;
/// The roles of Notary's metadata, as it writes them; TUF's own are in lower case.
const ROLES: [&str; 4] = ["Root", "Targets", "Snapshot", "Timestamp"];

/// A file of Docker Content Trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentTrust {
    role: String,
    expires: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    signed: Signed,
    signatures: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Signed {
    #[serde(rename = "_type")]
    kind: String,
    expires: Option<String>,
    spec_version: Option<serde::de::IgnoredAny>,
}

impl ContentTrust {
    /// Why it is not trusted.
    pub const WHY: &str = "Docker Content Trust takes the first key that it sees for the right one, \
         is switched on by a variable of the client's, and signs tags; Docker's notary server is \
         closed for good on 2026-12-08";
    /// What to do instead.
    pub const INSTEAD: &str = "sign the image by digest (`cosign sign --key cosign.key IMAGE@sha256:…`) and name \
         the public key in policy.yml under `signatures.authorities`";

    /// What a file is, if it is one of Docker Content Trust: metadata (`root.json`, …) or a key.
    pub fn recognise(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > BYTES_MAX {
            return None;
        }
        if let Ok(metadata) = serde_json::from_slice::<Metadata>(bytes) {
            let Signed { kind, expires, spec_version } = metadata.signed;
            let signed = !metadata.signatures.is_empty();
            let is = signed && spec_version.is_none() && ROLES.contains(&kind.as_str());
            let expires = expires.filter(|it| it.len() < 64);
            return is
                .then_some(Self { role: format!("{} metadata", kind.to_lowercase()), expires });
        }
        // Notary notes in the head of a private key which role it is for.
        let text = std::str::from_utf8(bytes).ok()?;
        let is_key =
            text.trim_start().starts_with("-----BEGIN ") && text.contains("PRIVATE KEY-----");
        let role = text.lines().take(8).find_map(|line| line.strip_prefix("role: "))?;
        let known = ROLES.iter().any(|it| it.eq_ignore_ascii_case(role.trim()));
        let known = known || role.starts_with("delegation") || role.starts_with("targets/");
        (is_key && known).then(|| Self { role: "private key".to_owned(), expires: None })
    }
}

impl fmt::Display for ContentTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Docker Content Trust's {}", self.role)?;
        let plain = |it: &String| it.chars().filter(|it| !it.is_control()).collect::<String>();
        self.expires.iter().try_for_each(|it| write!(f, " (until {})", plain(it)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = r#"{"signed":{"_type":"Root","consistent_snapshot":false,"expires":"2034-01-01T00:00:00Z",
        "keys":{},"roles":{"root":{"keyids":["a"],"threshold":1}},"version":1},
        "signatures":[{"keyid":"a","method":"ecdsa","sig":"AA=="}]}"#;

    fn said(text: &str) -> Option<String> {
        ContentTrust::recognise(text.as_bytes()).map(|it| it.to_string())
    }

    #[test]
    fn notarys_metadata_and_keys_are_recognised() {
        let root = "Docker Content Trust's root metadata (until 2034-01-01T00:00:00Z)";
        assert_eq!(said(ROOT).as_deref(), Some(root));
        let key =
            "-----BEGIN EC PRIVATE KEY-----\nrole: root\n\nAAAA\n-----END EC PRIVATE KEY-----\n";
        assert_eq!(said(key).as_deref(), Some("Docker Content Trust's private key"));
    }

    #[test]
    fn what_resembles_it_is_not_taken_for_it() {
        for text in [
            // TUF as Sigstore writes it.
            &ROOT.replace("Root", "root"),
            &ROOT.replace(r#""version":1"#, r#""version":1,"spec_version":"1.0""#),
            &ROOT.replace(r#"{"keyid":"a","method":"ecdsa","sig":"AA=="}"#, ""),
            "-----BEGIN PUBLIC KEY-----\nrole: root\n-----END PUBLIC KEY-----\n",
            "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
            "{}",
            "",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}
