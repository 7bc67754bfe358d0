//! The faults that this check finds.

use verdict::{Rule, Severity};

/// Nothing is attached to the image.
pub(crate) const UNSIGNED: Rule = Rule {
    id: "unsigned",
    title: "the image is not signed",
    severity: Severity::High,
    remedy: "sign the image by digest with a key that the policy trusts: `cosign sign --key cosign.key IMAGE@sha256:…`",
};

/// Signed, by nobody whom the policy trusts.
pub(crate) const SIGNED_BY_OTHER: Rule = Rule {
    id: "signed-by-other",
    title: "the image is signed by nobody whom the policy trusts",
    severity: Severity::Critical,
    remedy: "have a trusted authority sign the image, or add the signer's key to `signatures.authorities` in policy.yml once you know whose it is",
};

/// Something is attached, and it is no signature of this image.
pub(crate) const BAD_SIGNATURE: Rule = Rule {
    id: "bad-signature",
    title: "what is attached to the image is no valid signature of it",
    severity: Severity::Critical,
    remedy: "find out who wrote the signature tag; then sign the image again by digest",
};

/// Signed with a certificate that had run out, or was not valid yet.
pub(crate) const SIGNATURE_EXPIRED: Rule = Rule {
    id: "signature-expired",
    title: "the signer's certificate was not valid when the image was signed",
    severity: Severity::High,
    remedy: "sign the image again; the certificate must be valid at the time that the log or timestamp authority vouches for",
};

/// The certificate's issuer took it back.
pub(crate) const CERTIFICATE_REVOKED: Rule = Rule {
    id: "certificate-revoked",
    title: "the image is signed with a certificate that its issuer has revoked",
    severity: Severity::Critical,
    remedy: "find out why it was revoked (the detail says since when); have the image built and signed again by somebody whose certificate is not",
};

/// A log entry or a trusted time is asked, and there is none that is trusted.
pub(crate) const SIGNATURE_NOT_LOGGED: Rule = Rule {
    id: "signature-not-logged",
    title: "no trusted log or timestamp authority vouches for the signature",
    severity: Severity::High,
    remedy: "sign the image again with a log entry or a timestamp of the trusted root's instance (`cosign sign` makes one unless it is told not to; `notation sign --timestamp-url` asks for one)",
};

/// Signed by somebody trusted, who noted something else.
pub(crate) const ANNOTATION_MISSING: Rule = Rule {
    id: "annotation-missing",
    title: "the signature does not note what is asked",
    severity: Severity::High,
    remedy: "sign the image again with the annotations that the policy asks for: `cosign sign -a NAME=VALUE …`",
};

/// Signed by fewer different signers than are asked.
pub(crate) const TOO_FEW_SIGNERS: Rule = Rule {
    id: "too-few-signers",
    title: "fewer different signers signed the image than are asked",
    severity: Severity::High,
    remedy: "have another of the authority's keys or identities sign the image; the same one again does not count",
};

/// Nobody trusted attested to what is asked.
pub(crate) const ATTESTATION_MISSING: Rule = Rule {
    id: "attestation-missing",
    title: "an attestation that is asked is not attached to the image",
    severity: Severity::High,
    remedy: "attest to it with a key or identity that the policy trusts: `cosign attest --type … --predicate FILE IMAGE@sha256:…`",
};

/// A part of what is asked could not be checked here.
pub(crate) const SIGNATURE_UNCHECKED: Rule = Rule {
    id: "signature-unchecked",
    title: "not all that is asked of the signature can be checked here",
    severity: Severity::High,
    remedy: "read the detail for what is asked; name the newest list of revoked certificates of each issuer, say in Notation's trust policy that it is not asked (`override: {\"revocation\": \"skip\"}`), or sign without a plug-in",
};

/// A part of a signature does not verify, and the user's own trust policy lets it be.
pub(crate) const ONLY_LOGGED: Rule = Rule {
    id: "only-logged",
    title: "a part of the signature does not verify, and Notation's trust policy only logs it",
    severity: Severity::Medium,
    remedy: "sign the image again, or renew the certificate that the detail names; with the level `strict` in Notation's trust policy the image is rejected",
};

/// Somebody trusted attested to something else.
pub(crate) const ATTESTATION_UNMET: Rule = Rule {
    id: "attestation-unmet",
    title: "what is attested to of the image is not what is asked",
    severity: Severity::Critical,
    remedy: "read the detail for what is said and what is asked; build the image as the policy asks, or change `attestations` in policy.yml",
};

/// Somebody trusted attested to something, and the policy's own rules over it did not answer.
pub(crate) const ATTESTATION_RULES_FAILED: Rule = Rule {
    id: "attestation-rules-failed",
    title: "the policy's rules over an attestation could not be asked",
    severity: Severity::High,
    remedy: "mend the named Rego module (`faas-validator policy check` reads it), or raise the named limit in policy.yml under `rego.limits:`",
};

/// A `warn` rule over an attestation gave a result.
pub(crate) const ATTESTATION_WARNED: Rule = Rule {
    id: "attestation-warned",
    title: "a warn rule over an attestation gave a result",
    severity: Severity::Medium,
    remedy: "do what the rule asks; its file and line are named",
};

/// The policy says no.
pub(crate) const REFUSED_BY_POLICY: Rule = Rule {
    id: "refused-by-policy",
    title: "the policy refuses such images, whoever signed them",
    severity: Severity::High,
    remedy: "use another image, or change the authority with `static: reject` in policy.yml",
};

/// An authority of the policy cannot be asked here.
pub(crate) const AUTHORITY_UNUSABLE: Rule = Rule {
    id: "authority-unusable",
    title: "an authority of the policy cannot be asked",
    severity: Severity::High,
    remedy: "mend the key, secret, pattern, trusted root, trust policy or trust store that the detail names; a function needs each secret under `secrets:` in stack.yml, the command line `--secrets DIR`",
};

/// The policy gives up a safeguard.
pub(crate) const UNSAFE_OPTION: Rule = Rule {
    id: "unsafe-option",
    title: "the policy gives up a safeguard for this image",
    severity: Severity::Medium,
    remedy: "take the option that the title names out of policy.yml or of Notation's trust policy, or waive this finding with a reason",
};

/// The registry gave the image and not the answer whether it is signed.
pub(crate) const SIGNATURES_UNREACHABLE: Rule = Rule {
    id: "signatures-unreachable",
    title: "the registry did not say whether the image is signed",
    severity: Severity::High,
    remedy: "check that the credentials may read the image's tags and that the registry answers, then validate again",
};

/// A signature is asked, and the policy names nobody who could give it.
pub(crate) const NO_AUTHORITY: Rule = Rule {
    id: "no-authority",
    title: "a signature is asked of the image, and no authority of the policy covers it",
    severity: Severity::High,
    remedy: "add an authority whose `images` cover it to `signatures.authorities` in policy.yml, or say in `signatures.required-for` that none is asked",
};

/// All of them.
pub const RULES: &[Rule] = &[
    UNSIGNED,
    SIGNED_BY_OTHER,
    BAD_SIGNATURE,
    SIGNATURE_EXPIRED,
    CERTIFICATE_REVOKED,
    SIGNATURE_NOT_LOGGED,
    ANNOTATION_MISSING,
    TOO_FEW_SIGNERS,
    ATTESTATION_MISSING,
    ATTESTATION_UNMET,
    ATTESTATION_RULES_FAILED,
    ATTESTATION_WARNED,
    SIGNATURE_UNCHECKED,
    ONLY_LOGGED,
    REFUSED_BY_POLICY,
    AUTHORITY_UNUSABLE,
    UNSAFE_OPTION,
    SIGNATURES_UNREACHABLE,
    NO_AUTHORITY,
];
