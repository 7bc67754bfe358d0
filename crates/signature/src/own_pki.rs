//! Certificates by an authority of the user's own, without Fulcio (cosign's `--ca-roots` and
//! `--certificate-chain`). Who signed is what the certificate's names say, and nobody else vouches
//! for that than the authority.
//!
//! A certificate is judged at each trusted time of the signature. Without one it is judged now, so
//! a signature of this kind ends with its certificate: nobody knows whether it was made before.

use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use sigstore_crypto::{WEBPKI_VERIFICATION_ALGS, parse_certificate_info};
use sigstore_types::DerCertificate;
use webpki::{EndEntityCert, KeyUsage, VerifiedPath, anchor_from_trusted_cert};
use x509_cert::Certificate as X509;
use x509_cert::der::Decode as _;

use crate::artifact::Artifact;
use crate::bundle::Bundle;
use crate::certificate::Certificate;
use crate::fault::{BundleFault, Cause, OutsideCertificate};
use crate::keyed::KeyedLog;
use crate::keyless::Signer;
use crate::provider;
use crate::revocation::{self, Moment, RevocationListError, RevocationLists};

/// A longer text holds more than authorities.
const PEM_BYTES_MAX: usize = 256 << 10;
/// As many certificates of authorities are looked at.
const CERTIFICATES_MAX: usize = 64;
/// id-kp-codeSigning (RFC 5280 §4.2.1.12), without its tag and length.
const CODE_SIGNING: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 3, 3];

/// How it is told that a certificate was not valid at a second.
type Outside = fn(i64, &Certificate) -> Option<OutsideCertificate>;

const NOT_FOR_SIGNING: &str =
    "it is not for code signing, by its key usage or its extended key usage";

/// Certificate authorities that are trusted, and certificates that lead to them.
#[derive(Debug, Clone, Default)]
pub struct CertificateAuthorities {
    trusted: Vec<Authority>,
    between: Vec<CertificateDer<'static>>,
    revoked: RevocationLists,
}

#[derive(Debug, Clone)]
struct Authority {
    anchor: TrustAnchor<'static>,
    certificate: X509,
    name: String,
    times: (u64, u64),
    path_length: usize,
}

/// Why a text is no certificate authority that can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum CertificateAuthorityError {
    /// Longer than any.
    #[error("it has {0} bytes, and {PEM_BYTES_MAX} are read")]
    TooLarge(usize),
    /// No certificate in it.
    #[error("it holds no PEM block `CERTIFICATE`")]
    NotPem,
    /// A block of something else, a private key most likely.
    #[error("it holds a PEM block `{0}` among its certificates")]
    OtherBlock(String),
    /// A block that is no certificate.
    #[error("certificate {0} in it cannot be read")]
    Certificate(usize, #[source] Cause),
    /// A certificate that may not issue others.
    #[error("certificate {0} in it is none of a certificate authority")]
    NoAuthority(usize),
    /// A list of revoked certificates that cannot be used.
    #[error("list of revoked certificates {0} in it cannot be read")]
    List(usize, #[source] RevocationListError),
    /// More than are looked at.
    #[error("more than {CERTIFICATES_MAX} certificates of authorities are named")]
    TooMany,
}

impl CertificateAuthorities {
    /// Takes the authorities of a PEM text in, in any order. Those that issued themselves are
    /// trusted, and the others lead to them; in a text without any such one all are trusted. Lists of
    /// revoked certificates (X509 CRL) may stand among them, or in a text of their own.
    ///
    /// # Errors
    /// When anything in it is no certificate of an authority.
    pub fn add(&mut self, pem: &str) -> Result<(), CertificateAuthorityError> {
        use CertificateAuthorityError as Error;
        if pem.len() > PEM_BYTES_MAX {
            return Err(Error::TooLarge(pem.len()));
        }
        let blocks = pem::parse_many(pem).map_err(|_| Error::NotPem)?;
        if blocks.is_empty() {
            return Err(Error::NotPem);
        }
        if blocks.len() + self.trusted.len() + self.between.len() > CERTIFICATES_MAX {
            return Err(Error::TooMany);
        }
        let mut read = Vec::new();
        for (number, block) in (1..).zip(&blocks) {
            if block.tag() == revocation::PEM {
                let added = self.revoked.add(block.contents());
                added.map_err(|source| Error::List(number, source))?;
                continue;
            }
            if block.tag() != "CERTIFICATE" {
                return Err(Error::OtherBlock(block.tag().to_owned()));
            }
            let unread = |cause| Error::Certificate(number, cause);
            let certificate = Certificate::read(block.contents()).map_err(unread)?;
            let path_length = certificate.path_length().ok_or(Error::NoAuthority(number))?;
            let der = CertificateDer::from(block.contents());
            let anchor = anchor_from_trusted_cert(&der).map_err(|source| unread(source.into()))?;
            let authority = Authority {
                anchor: anchor.to_owned(),
                name: certificate.subject(),
                certificate: certificate.as_x509().clone(),
                times: certificate.times(),
                path_length,
            };
            read.push((certificate.is_self_issued(), der.into_owned(), authority));
        }
        let has_root = read.iter().any(|(is_root, ..)| *is_root);
        for (is_root, der, authority) in read {
            match is_root || !has_root {
                true => self.trusted.push(authority),
                false => self.between.push(der),
            }
        }
        Ok(())
    }

    /// The name of the trusted authority to which this certificate leads, all valid then.
    fn trace(&self, leaf: &[u8], above: &[&[u8]], moment: Moment) -> Result<String, BundleFault> {
        let time = moment.made.unwrap_or(moment.now);
        let second = u64::try_from(time.as_second()).unwrap_or_default();
        // webpki asks nothing of an anchor; an authority that ended vouches for nothing more.
        let is_valid = |it: &&Authority| (it.times.0..=it.times.1).contains(&second);
        let valid: Vec<&Authority> = self.trusted.iter().filter(is_valid).collect();
        if valid.is_empty() {
            let why = format!("none of the authorities was valid then ({time})");
            return Err(BundleFault::Expired(why.into()));
        }
        let anchors: Vec<_> = valid.iter().map(|it| it.anchor.clone()).collect();
        let between: Vec<_> = above
            .iter()
            .map(|der| CertificateDer::from(*der))
            .chain(self.between.iter().map(|der| CertificateDer::from(der.as_ref())))
            .collect();
        let leaf = CertificateDer::from(leaf);
        let leaf = EndEntityCert::try_from(&leaf).map_err(untraced)?;
        let is_short = |path: &VerifiedPath<'_>| {
            let length = path.intermediate_certificates().count();
            match named(&valid, path).is_some_and(|it| length <= it.path_length) {
                true => Ok(()),
                false => Err(webpki::Error::PathLenConstraintViolated),
            }
        };
        let path = leaf
            .verify_for_usage(
                WEBPKI_VERIFICATION_ALGS,
                &anchors,
                &between,
                UnixTime::since_unix_epoch(Duration::from_secs(second)),
                KeyUsage::required_if_present(&CODE_SIGNING),
                None, // webpki asks lists of what was revoked as of then, and we as of now
                Some(&is_short),
            )
            .map_err(untraced)?;
        let authority = named(&valid, &path);
        let authority = authority.ok_or_else(|| untraced(webpki::Error::UnknownIssuer))?;
        self.is_not_revoked(&path, authority, moment)?;
        Ok(authority.name.clone())
    }

    /// That no certificate of a path is revoked, where lists are named.
    fn is_not_revoked(
        &self,
        path: &VerifiedPath<'_>,
        authority: &Authority,
        moment: Moment,
    ) -> Result<(), BundleFault> {
        if self.revoked.is_empty() {
            return Ok(());
        }
        let between = path.intermediate_certificates().map(|it| it.der());
        let below = std::iter::once(path.end_entity().der()).chain(between);
        let below: Result<Vec<X509>, _> = below.map(|der| X509::from_der(&der)).collect();
        let below = below.map_err(|source| BundleFault::Unsupported(source.into()))?;
        let issuers = below.iter().skip(1).chain(std::iter::once(&authority.certificate));
        self.revoked.check(below.iter().zip(issuers), moment).map_err(BundleFault::Revocation)
    }
}

/// The authority at the end of a path.
fn named<'a>(authorities: &[&'a Authority], path: &VerifiedPath<'_>) -> Option<&'a Authority> {
    let (subject, key) = (&path.anchor().subject, &path.anchor().subject_public_key_info);
    let is = |it: &&Authority| {
        it.anchor.subject == *subject && it.anchor.subject_public_key_info == *key
    };
    authorities.iter().copied().find(is)
}

/// What webpki says, in words that a person can act on.
fn untraced(error: webpki::Error) -> BundleFault {
    use webpki::Error;
    match error {
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => {
            BundleFault::Expired("it, or one that it leads to, was not valid then".into())
        }
        Error::UnknownIssuer => {
            BundleFault::Certificate("it leads to none of the authorities that are named".into())
        }
        Error::RequiredEkuNotFoundContext(_) => {
            let why = "an authority that it leads to is for something else than code signing";
            BundleFault::Certificate(why.into())
        }
        Error::CaUsedAsEndEntity => {
            BundleFault::Certificate("it is of an authority, and of no signer".into())
        }
        other => BundleFault::Certificate(format!("its path is not valid: {other:?}").into()),
    }
}

impl Bundle {
    /// Verifies that somebody with a certificate by one of these authorities signed this artifact
    /// (or attested to it), and says who. The issuer of that signer is the one whom a Fulcio of the
    /// user's own noted, or else the authority.
    ///
    /// # Errors
    /// When the signature is not by the certificate's key or not logged as asked, or the certificate
    /// leads to none of them, was not valid or is not for signing.
    pub fn verify_certified(
        &self,
        artifact: Artifact<'_>,
        authorities: &CertificateAuthorities,
        log: KeyedLog<'_>,
    ) -> Result<Signer, BundleFault> {
        provider::install();
        let certificates = self.certificates();
        let (leaf, above) = certificates.split_first().ok_or(BundleFault::NoCertificate)?;
        let certificate = Certificate::read(leaf).map_err(BundleFault::Unsupported)?;
        let key = certificate.key();
        let key = key.ok_or_else(|| {
            BundleFault::Unsupported("its key is of no kind that is verified".into())
        })?;
        // 1. Did the certificate's key make the signature, logged and timed as asked?
        let signature = self.verify_keyed(artifact, &key, log).map_err(|fault| match fault {
            BundleFault::Signature(fault) => BundleFault::CertifiedSignature(fault.into()),
            other => other,
        })?;
        // 2. Is the certificate for this? webpki asks it of the authorities between too, or of none.
        if !certificate.is_for_code_signing() {
            return Err(BundleFault::Certificate(NOT_FOR_SIGNING.into()));
        }
        // 3. Was it good at each of these times, or is it now?
        let now = Timestamp::now();
        let (times, outside): (_, Outside) = match signature.times.as_slice() {
            [] => (std::slice::from_ref(&now), OutsideCertificate::judged),
            times => (times, OutsideCertificate::signed),
        };
        let mut authority = String::new();
        for time in times {
            let made = (!signature.times.is_empty()).then_some(*time);
            let moment = Moment { now, made };
            authority = authorities.trace(leaf, above, moment).map_err(|fault| match fault {
                BundleFault::Expired(cause) => BundleFault::Expired(
                    outside(time.as_second(), &certificate).map_or(cause, Into::into),
                ),
                other => other,
            })?;
        }
        // 4. Who is it?
        let mut names = certificate.names().into_iter();
        let subject = names.next().ok_or(BundleFault::NoIdentity("subject"))?;
        let info = parse_certificate_info(&DerCertificate::new(leaf.to_vec())).ok();
        let extensions = info.as_ref().map(|it| crate::keyless::extensions(&it.ci_claims));
        Ok(Signer {
            issuer: info.and_then(|it| it.issuer).unwrap_or(authority),
            subject,
            also: names.collect(),
            extensions: extensions.unwrap_or_default(),
            times: signature.times,
        })
    }
}
