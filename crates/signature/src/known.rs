//! What is known of one attached thing while it is judged: what vouches for it is verified once for
//! each whom it is traced to, however many authorities trust the same.

use std::ptr;
use std::sync::Arc;

use verdict::Digest;

use crate::fault::BundleFault;
use crate::keyed::{KeyedLog, KeyedSignature};
use crate::keyless::{Evidence, Signer};
use crate::trust::TrustedRoot;

/// What came of verifying it.
type Traced<T> = Result<T, Arc<BundleFault>>;

/// What came of verifying one attached thing, by whom it was traced to. A root is the same where
/// it lies at the same place: who reads authorities lets those share one that name the same.
#[derive(Debug, Default)]
pub(crate) struct Known<'t> {
    by_instance: Vec<(&'t TrustedRoot, Evidence, Traced<Signer>)>,
    by_key: Vec<(Digest, KeyedLog<'t>, Traced<KeyedSignature>)>,
}

impl<'t> Known<'t> {
    /// Who signed it, by an instance's root.
    pub(crate) fn by_instance(
        &mut self,
        (root, evidence): (&'t TrustedRoot, Evidence),
        verify: impl FnOnce() -> Result<Signer, BundleFault>,
    ) -> Traced<Signer> {
        let mut known = self.by_instance.iter();
        let known = known.find(|(of, asked, _)| ptr::eq(*of, root) && *asked == evidence);
        if let Some((_, _, known)) = known {
            return known.clone();
        }
        let verified = verify().map_err(Arc::new);
        self.by_instance.push((root, evidence, verified.clone()));
        verified
    }

    /// How the key of this id signed it, logged as asked.
    pub(crate) fn by_key(
        &mut self,
        (id, log): (&Digest, KeyedLog<'t>),
        verify: impl FnOnce() -> Result<KeyedSignature, BundleFault>,
    ) -> Traced<KeyedSignature> {
        let mut known = self.by_key.iter();
        let known = known.find(|(of, asked, _)| of == id && asked.is_same(log));
        if let Some((_, _, known)) = known {
            return known.clone();
        }
        let verified = verify().map_err(Arc::new);
        self.by_key.push((*id, log, verified.clone()));
        verified
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use serde_json::Value;
    use testkit::bundle::{SIGN, statement};
    use testkit::sigstore::{Identity as Who, Instance, Order};

    use super::*;
    use crate::{
        Answer, Attached, Attachment, Authority, Demand, Identity, Layout, LogDemand, Material,
        Origin, Outcome, PublicKey, TextMatch, judge,
    };

    const ISSUER: &str = "https://issuer.example";
    const BUNDLES: usize = 8;
    const AUTHORITIES: usize = 20;

    fn image() -> Digest {
        Digest::of(b"image")
    }

    fn root() -> Arc<TrustedRoot> {
        let root = Instance::new("acme").trusted_root().to_string();
        Arc::new(TrustedRoot::from_json(root.as_bytes()).unwrap())
    }

    fn asked(root: &TrustedRoot) -> usize {
        root.asked.load(Ordering::Relaxed)
    }

    fn subject(number: usize) -> String {
        format!("signer{number}@acme.example")
    }

    /// What it comes to that these bundles are attached.
    fn judged(bundles: impl Iterator<Item = Value>, authorities: &[Authority]) -> Answer {
        let attachment = |bundle: Value| Attachment {
            origin: Origin {
                subject: image(),
                repository: "fn".to_owned(),
                layout: Layout::Referrers,
                manifest: image(),
                layer: 0,
            },
            content: Ok(Material::Bundle(bundle.to_string().into_bytes())),
        };
        let attachments = bundles.map(attachment).collect();
        judge(Attached { attachments, unanswered: Vec::new() }, authorities)
    }

    fn vouch(answer: &Answer) -> usize {
        answer.standings.iter().filter(|it| it.outcome == Outcome::Verified).count()
    }

    #[test]
    fn a_certificate_is_traced_to_a_root_once_for_all_who_trust_it() {
        let says = statement(&image().to_string(), SIGN, &Value::Null);
        let sign = |number| {
            Instance::new("acme").attest(
                &Who::new(&subject(number), ISSUER),
                &says,
                &Order::default(),
            )
        };
        let root = root();
        let exact = |text: &str| TextMatch::exact(text).unwrap();
        let authority = |number| Authority {
            identities: vec![Identity {
                issuer: exact(ISSUER),
                subject: exact(&subject(number)),
                extensions: Default::default(),
            }],
            root: Some(root.clone()),
            ..Authority::of_keys(subject(number), Vec::new())
        };
        let mut authorities: Vec<Authority> = (0..AUTHORITIES).map(authority).collect();
        let answer = judged((0..BUNDLES).map(sign), &authorities);
        assert_eq!((vouch(&answer), asked(&root)), (BUNDLES, BUNDLES));
        // Who asks for less, or trusts another root, asks anew.
        authorities[0].evidence.certificate_log = Demand::WaivedUnsafe;
        let other = self::root();
        authorities[1].root = Some(other.clone());
        let answer = judged((0..BUNDLES).map(sign), &authorities);
        assert_eq!((vouch(&answer), asked(&root), asked(&other)), (BUNDLES, 3 * BUNDLES, BUNDLES));
    }

    #[test]
    fn a_log_is_asked_once_for_all_who_trust_the_same_key() {
        let says = statement(&image().to_string(), SIGN, &Value::Null);
        let key = testkit::signer::Signer::new("release");
        let sign = |_| Instance::new("acme").attest_with_key(&key, &says, &Order::default());
        let root = root();
        let authority = |number| Authority {
            root: Some(root.clone()),
            keyed_log: LogDemand::Required,
            ..Authority::of_keys(
                subject(number),
                vec![PublicKey::from_der(&key.public_der()).unwrap()],
            )
        };
        let mut authorities: Vec<Authority> = (0..AUTHORITIES).map(authority).collect();
        let answer = judged((0..BUNDLES).map(sign), &authorities);
        assert_eq!((vouch(&answer), asked(&root)), (AUTHORITIES, BUNDLES));
        // Who asks for no log is told nothing of one.
        authorities[0].keyed_log = LogDemand::NotAsked;
        let answer = judged((0..BUNDLES).map(sign), &authorities);
        assert_eq!((vouch(&answer), asked(&root)), (AUTHORITIES, 2 * BUNDLES));
        let said = answer.seen.iter().map(|it| it.result.as_ref().unwrap().verified.times.len());
        assert_eq!(said.max(), Some(0));
    }
}
