//! Timestamps over Notation signatures: an authority of a `tsa` trust store saw the signature, and says
//! when (RFC 3161; the token is signed data of RFC 5652, its signer named by RFC 5816).

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerInfo};
use jiff::Timestamp;
use x509_cert::attr::Attributes;
use x509_cert::der::asn1::{ObjectIdentifier, OctetString};
use x509_cert::der::{Any, Decode, Encode};

use super::certificate::{Certificate, CertificateError};
use super::envelope::CHAIN_MAX;
use super::time_info::TimeInfo;
use crate::elements::{Element, OCTETS, OID, SEQUENCE};
use crate::signed;

type DerError = x509_cert::der::Error;

const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const TIME: &str = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.47";
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// A token with more certificates is not looked into, and no more signatures of theirs are computed.
const CERTIFICATES_MAX: usize = 16;
const SIGNATURES_MAX: usize = 64;

/// That somebody trusted saw a signature.
#[derive(Debug)]
pub(super) struct Stamped {
    pub(super) time: Timestamp,
    /// The first and the last moment that it may have been.
    pub(super) range: (Timestamp, Timestamp),
    /// Who says so, up to the root of a trust store.
    pub(super) chain: Vec<Certificate>,
}

/// Why a timestamp vouches for no time.
#[derive(Debug, thiserror::Error)]
pub enum TimestampError {
    /// Not a timestamp token.
    #[error("timestamp is malformed")]
    Malformed(#[source] x509_cert::der::Error),
    /// Signed data of another kind.
    #[error("timestamp is signed data of something else than a time")]
    Content,
    /// A part comes not, or not once.
    #[error("timestamp has not one {0}")]
    NotOne(&'static str),
    /// A hash that is not taken.
    #[error("timestamp hashes by {0}, which is not taken")]
    Hash(String),
    /// It is of another signature.
    #[error("timestamp is of another signature")]
    OtherSignature,
    /// More certificates than are looked at.
    #[error("timestamp has {0} certificates, and {CERTIFICATES_MAX} are looked at")]
    TooMany(usize),
    /// The certificate that it names is not in it.
    #[error("the certificate that signed the timestamp is not in it")]
    NoCertificate,
    /// Its certificate cannot be used.
    #[error("the certificate that signed the timestamp cannot be used")]
    Certificate(#[source] CertificateError),
    /// It was not signed by that certificate's key, or says something else than was signed.
    #[error("the signature of the timestamp does not verify")]
    Signature,
    /// Nobody whom the stores trust vouches for it.
    #[error(
        "the timestamp's certificate of {subject} leads to no trusted root that was valid at {at}"
    )]
    NoAnchor {
        /// Whose certificate it is.
        subject: String,
        /// When it says that it was.
        at: Timestamp,
    },
}

/// When a token says that this signature was seen, by somebody certified by one of these roots.
pub(super) fn stamped(
    token: &[u8],
    signature: &[u8],
    roots: &[Certificate],
) -> Result<Stamped, TimestampError> {
    use TimestampError as Error;
    let content = ContentInfo::from_der(token).map_err(Error::Malformed)?;
    if !is(&content.content_type, SIGNED_DATA) {
        return Err(Error::Content);
    }
    let data = content.content.to_der().and_then(|der| SignedData::from_der(&der));
    let data = data.map_err(Error::Malformed)?;
    let content = &data.encap_content_info;
    if !is(&content.econtent_type, TIME) {
        return Err(Error::Content);
    }
    let content = content.econtent.as_ref().ok_or(Error::NotOne("content"))?;
    let content: OctetString = content.decode_as().map_err(Error::Malformed)?;
    // 1. Is it about this signature?
    let info = TimeInfo::read(content.as_bytes()).map_err(Error::Malformed)?;
    let (hash, imprint) = &info.imprint;
    let hashed = signed::hashed(*hash, signature).ok_or_else(|| Error::Hash(hash.to_string()))?;
    if hashed.as_ref() != imprint {
        return Err(Error::OtherSignature);
    }
    // 2. Who signed it? No signature but the authority's may be there (RFC 3161 §2.4.2).
    let [signer] = data.signer_infos.0.as_slice() else { return Err(Error::NotOne("signer")) };
    let certificates = certificates(&data)?;
    let leaf = signer_among(&certificates, signer, content.as_bytes())?;
    leaf.may_stamp().map_err(Error::Certificate)?;
    // 3. Who vouches for them?
    let mut climb = Climb { pool: &certificates, roots, at: info.time, left: SIGNATURES_MAX };
    let mut chain = vec![leaf];
    if !leaf.is_valid_at(info.time) || !climb.reaches_root(&mut chain) {
        return Err(Error::NoAnchor { subject: leaf.to_string(), at: info.time });
    }
    let chain = chain.into_iter().cloned().collect();
    Ok(Stamped { time: info.time, range: info.range(), chain })
}

/// The certificates in it that can be read. Any may be missing: they are anybody's to add.
fn certificates(data: &SignedData) -> Result<Vec<Certificate>, TimestampError> {
    let all = data.certificates.iter().flat_map(|it| it.0.iter());
    let count = all.clone().count();
    if count > CERTIFICATES_MAX {
        return Err(TimestampError::TooMany(count));
    }
    let read = |it: &CertificateChoices| match it {
        CertificateChoices::Certificate(it) => Certificate::from_der(&it.to_der().ok()?).ok(),
        CertificateChoices::Other(_) => None,
    };
    Ok(all.filter_map(read).collect())
}

/// The certificate whose key signed this content, as what is signed names it (RFC 5652 §5.4).
fn signer_among<'c>(
    certificates: &'c [Certificate],
    signer: &SignerInfo,
    content: &[u8],
) -> Result<&'c Certificate, TimestampError> {
    use TimestampError as Error;
    let attributes = signer.signed_attrs.as_ref().ok_or(Error::NotOne("set of attributes"))?;
    let kind = only(attributes, CONTENT_TYPE, "content type")?;
    let kind: ObjectIdentifier = kind.decode_as().map_err(Error::Malformed)?;
    let digest = only(attributes, MESSAGE_DIGEST, "message digest")?;
    let digest: OctetString = digest.decode_as().map_err(Error::Malformed)?;
    let hash = signer.digest_alg.oid;
    let hashed = |hash: ObjectIdentifier, bytes: &[u8]| {
        signed::hashed(hash, bytes).ok_or_else(|| Error::Hash(hash.to_string()))
    };
    if !is(&kind, TIME) || hashed(hash, content)?.as_ref() != digest.as_bytes() {
        return Err(Error::Signature);
    }
    let named = only(attributes, SIGNING_CERTIFICATE, "signing certificate")?;
    let (by, named) = certificate_hash(named).map_err(Error::Malformed)?;
    let mut leaf = None;
    for certificate in certificates {
        if hashed(by, certificate.der())?.as_ref() == named {
            leaf = Some(certificate);
        }
    }
    let leaf = leaf.ok_or(Error::NoCertificate)?;
    // They are signed as the set that they are, in the order of DER.
    let signed = attributes.to_der().map_err(Error::Malformed)?;
    let algorithm = signed::with_hash(signer.signature_algorithm.oid, hash);
    match signed::verifies(algorithm, leaf.key(), &signed, signer.signature.as_bytes()) {
        true => Ok(leaf),
        false => Err(Error::Signature),
    }
}

/// The only value of the only attribute of this kind.
fn only<'a>(
    attributes: &'a Attributes,
    kind: &str,
    name: &'static str,
) -> Result<&'a Any, TimestampError> {
    let mut of_kind = attributes.iter().filter(|it| is(&it.oid, kind));
    match (of_kind.next().map(|it| it.values.as_slice()), of_kind.next()) {
        (Some([value]), None) => Ok(value),
        _ => Err(TimestampError::NotOne(name)),
    }
}

/// By which hash the first certificate of a SigningCertificateV2 is named (RFC 5035 §4).
fn certificate_hash(value: &Any) -> Result<(ObjectIdentifier, Vec<u8>), DerError> {
    let der = value.to_der()?;
    let mut all = Element::only(&der, SEQUENCE)?.inner()?.take(SEQUENCE)?.inner()?;
    let mut first = all.take(SEQUENCE)?.inner()?;
    let hash = match first.take_if(SEQUENCE)? {
        Some(algorithm) => algorithm.inner()?.take(OID)?.oid()?,
        None => SHA256,
    };
    Ok((hash, first.take(OCTETS)?.content.to_vec()))
}

fn is(id: &ObjectIdentifier, dotted: &str) -> bool {
    id.to_string() == dotted
}

/// The way from a certificate up to a root, among certificates that anybody may have put there.
struct Climb<'c> {
    pool: &'c [Certificate],
    roots: &'c [Certificate],
    at: Timestamp,
    /// How many signatures may yet be computed.
    left: usize,
}

impl<'c> Climb<'c> {
    fn reaches_root(&mut self, chain: &mut Vec<&'c Certificate>) -> bool {
        let below = chain.len() - 1;
        let Some(last) = chain.last().copied() else { return false };
        if chain.len() == CHAIN_MAX {
            return false;
        }
        let roots = self.roots.iter().map(|it| (it, true));
        for (candidate, is_root) in roots.chain(self.pool.iter().map(|it| (it, false))) {
            let fits = last.names_as_issuer(candidate)
                && candidate.names_itself() == is_root
                && candidate.is_valid_at(self.at)
                && candidate.may_issue(below).is_ok();
            if !fits || self.left == 0 {
                continue;
            }
            self.left -= 1;
            if !last.is_issued_by(candidate) {
                continue;
            }
            chain.push(candidate);
            if is_root || self.reaches_root(chain) {
                return true;
            }
            chain.pop();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/tspclient-go/");
        std::fs::read(format!("{folder}{name}")).unwrap()
    }

    /// What one of tspclient-go's tokens says of the text `notation`.
    fn check(name: &str, expect: Result<&str, &str>) {
        let root = pem::parse(file("GlobalSignRootCA.pem")).unwrap();
        let roots = [Certificate::from_der(root.contents()).unwrap()];
        let result = stamped(&file(&format!("{name}.p7s")), b"notation", &roots);
        let result = result.map(|it| (it.time.to_string(), it.chain.len()));
        match (result, expect) {
            (Ok((time, length)), Ok(expect)) => {
                assert_eq!((time.as_str(), length), (expect, 4), "{name}");
            }
            (Err(error), Err(expect)) => {
                assert!(error.to_string().contains(expect), "{name}: {error}");
            }
            (other, _) => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn what_a_public_authority_stamped_is_believed_and_no_faulty_copy() {
        check("TimeStampToken", Ok("2021-09-17T14:09:10Z"));
        check("TimeStampTokenWithInvalidSignature", Err("signature"));
        check("TimeStampTokenWithMismatchCertHash", Err("not in it"));
        check("TimeStampTokenWithoutCertificate", Err("not in it"));
        check("TimeStampTokenWithTSTInfoVersion2", Err("malformed"));
        check("TimeStampTokenWithInvalideContentType", Err("something else"));
        check("TimeStampTokenWithValidAndInvalidSignerInfos", Err("one signer"));
        check("TimeStampTokenWithSHA1CertHash", Err("hashes by 1.3.14.3.2.26"));
        // What is signed is changed, and named rightly.
        check("TimeStampTokenWithoutSigningCertificateV2IssuerSerial", Err("signature"));
    }
}
