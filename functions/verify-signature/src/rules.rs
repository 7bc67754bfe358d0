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

/// A log entry or a trusted time is asked, and there is none.
pub(crate) const SIGNATURE_NOT_LOGGED: Rule = Rule {
    id: "signature-not-logged",
    title: "no transparency log or timestamp authority vouches for the signature",
    severity: Severity::High,
    remedy: "sign the image again with a log entry or a timestamp of the trusted root's instance (`cosign sign` makes one unless it is told not to)",
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
    SIGNATURE_NOT_LOGGED,
    SIGNATURES_UNREACHABLE,
    NO_AUTHORITY,
];
