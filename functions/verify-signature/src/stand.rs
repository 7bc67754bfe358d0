//! How the authorities of the policy stand to an image: signers by what they signed, fixed
//! answers by themselves, those made up of others by these.

use std::collections::HashMap;

use policy::{Authority, AuthorityMode, OfSeveral, StaticAnswer};
use signature::{Outcome, Standing};

/// How an authority stands. Greatest is best.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stand {
    /// It vouches for no such image, whoever signed it; with what it says of that.
    Refuses(String),
    /// It might vouch, and does not.
    Lacks(Outcome),
    /// It vouches.
    Vouches,
}

/// What is wrong, and how much it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unmet {
    /// How the authority stands that stands best, or of those that are each asked this one.
    pub(crate) stand: Stand,
    /// The authorities that it is about.
    pub(crate) authorities: Vec<String>,
    /// Whether it is only warned of.
    pub(crate) warns: bool,
}

/// The authorities that cover an image, and how many of them must vouch.
pub(crate) struct Covering<'p> {
    /// The authorities.
    pub(crate) authorities: &'p [&'p Authority],
    /// How many of them.
    pub(crate) of_several: OfSeveral,
}

impl Covering<'_> {
    /// What is unmet of what they ask, by how their signers stand.
    pub(crate) fn unmet(&self, standings: &[Standing]) -> Vec<Unmet> {
        let outcomes: HashMap<&str, Outcome> =
            standings.iter().map(|it| (it.authority.as_str(), it.outcome)).collect();
        // A signer that nobody weighed vouches for nothing.
        let of = |name: &str| outcomes.get(name).copied().unwrap_or(Outcome::Unreachable);
        weigh(self.authorities, self.of_several, &of)
    }

    /// What is unmet whatever is attached to the image: `None` if that depends on it.
    pub(crate) fn decided(&self) -> Option<Vec<Unmet>> {
        let best = weigh(self.authorities, self.of_several, &|_| Outcome::Verified);
        let worst = weigh(self.authorities, self.of_several, &|_| Outcome::Unsigned);
        (best == worst).then_some(best)
    }
}

fn weigh(
    covering: &[&Authority],
    of_several: OfSeveral,
    of: &dyn Fn(&str) -> Outcome,
) -> Vec<Unmet> {
    let stands = |it: &&Authority| (it.name.clone(), it.mode, stand(it, of));
    let stands: Vec<_> = covering.iter().map(stands).collect();
    // What a trust policy of Notation's only logs warns too.
    let warns = |mode: &AuthorityMode, stand: &Stand| {
        *mode == AuthorityMode::Warn || *stand == Stand::Lacks(Outcome::OnlyLogged)
    };
    let missing = stands.iter().filter(|(_, _, stand)| *stand != Stand::Vouches);
    match of_several {
        OfSeveral::All => missing
            .map(|(name, mode, stand)| Unmet {
                stand: stand.clone(),
                authorities: vec![name.clone()],
                warns: warns(mode, stand),
            })
            .collect(),
        OfSeveral::Any => {
            // One that only warns is on trial: it takes nothing from what the others ask.
            let best = stands.iter().max_by(|(_, _, a), (_, _, b)| a.cmp(b));
            let best = best.filter(|(_, _, stand)| *stand != Stand::Vouches);
            let unmet = best.map(|(_, _, stand)| Unmet {
                stand: stand.clone(),
                authorities: stands.iter().map(|(name, ..)| name.clone()).collect(),
                warns: stands.iter().all(|(_, mode, stand)| warns(mode, stand)),
            });
            unmet.into_iter().collect()
        }
    }
}

fn stand(authority: &Authority, of: &dyn Fn(&str) -> Outcome) -> Stand {
    match authority.r#static {
        Some(StaticAnswer::Accept) => return Stand::Vouches,
        Some(StaticAnswer::Reject) => {
            return Stand::Refuses(authority.message.clone().unwrap_or_default());
        }
        None => {}
    }
    let members = authority.members().iter().map(|member| match stand(member, of) {
        // What is only logged is nothing that others could be made up of.
        Stand::Lacks(Outcome::OnlyLogged) => Stand::Lacks(Outcome::OtherSigner),
        stand => stand,
    });
    let nothing = || Stand::Refuses(String::new());
    match (authority.any.is_empty(), authority.all.is_empty()) {
        (false, _) => members.max().unwrap_or_else(nothing),
        (true, false) => members.min().unwrap_or_else(nothing),
        (true, true) => match of(&authority.name) {
            Outcome::Verified => Stand::Vouches,
            outcome => Stand::Lacks(outcome),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorities(yaml: &str) -> Vec<Authority> {
        let body = format!("signatures: {{authorities: [{yaml}]}}");
        let document = verdict::PolicyDocument { body, files: Default::default() };
        policy::Policy::parse(&document).unwrap().signatures.authorities
    }

    const KEY: &str = "keys: ['-----BEGIN PUBLIC KEY-----x']";

    /// What is unmet if these signers vouch and the others have not signed.
    fn check(yaml: &str, of_several: OfSeveral, vouching: &[&str], expect: &[Unmet]) {
        let authorities = authorities(yaml);
        let covering: Vec<&Authority> = authorities.iter().collect();
        let of = |name: &str| match vouching.contains(&name) {
            true => Outcome::Verified,
            false => Outcome::Unsigned,
        };
        assert_eq!(weigh(&covering, of_several, &of), expect, "{yaml}");
    }

    fn lacking(authorities: &[&str], warns: bool) -> Unmet {
        let authorities = authorities.iter().map(|&name| name.to_owned()).collect();
        Unmet { stand: Stand::Lacks(Outcome::Unsigned), authorities, warns }
    }

    #[test]
    fn of_any_one_is_enough_and_of_all_each_is_asked() {
        let two = format!("{{name: a, images: ['**'], {KEY}}}, {{name: b, images: ['**'], {KEY}}}");
        check(&two, OfSeveral::Any, &["b"], &[]);
        check(&two, OfSeveral::Any, &[], &[lacking(&["a", "b"], false)]);
        check(&two, OfSeveral::All, &["a", "b"], &[]);
        check(&two, OfSeveral::All, &["b"], &[lacking(&["a"], false)]);
    }

    #[test]
    fn members_are_weighed_as_the_one_that_they_make_up() {
        let all =
            format!("{{name: x, images: ['**'], all: [{{name: a, {KEY}}}, {{name: b, {KEY}}}]}}");
        check(&all, OfSeveral::Any, &["a", "b"], &[]);
        check(&all, OfSeveral::Any, &["a"], &[lacking(&["x"], false)]);
        let any = all.replace("all:", "any:");
        check(&any, OfSeveral::Any, &["b"], &[]);
        let nested = format!(
            "{{name: x, images: ['**'], all: [{{name: y, any: [{{name: a, {KEY}}}, {{name: b, {KEY}}}]}}, {{name: c, {KEY}}}]}}"
        );
        check(&nested, OfSeveral::Any, &["b", "c"], &[]);
        check(&nested, OfSeveral::Any, &["a", "b"], &[lacking(&["x"], false)]);
    }

    #[test]
    fn an_authority_that_warns_lets_pass_and_says_so() {
        let warns = format!("{{name: a, images: ['**'], {KEY}, mode: warn}}");
        check(&warns, OfSeveral::Any, &[], &[lacking(&["a"], true)]);
        let with = format!("{warns}, {{name: b, images: ['**'], {KEY}}}");
        check(&with, OfSeveral::Any, &[], &[lacking(&["a", "b"], false)]);
        check(&with, OfSeveral::Any, &["a"], &[]);
        check(&with, OfSeveral::All, &["a"], &[lacking(&["b"], false)]);
        check(&with, OfSeveral::All, &["b"], &[lacking(&["a"], true)]);
    }

    #[test]
    fn fixed_answers_ask_nobody() {
        let decided = |yaml: &str| {
            let authorities = authorities(yaml);
            let authorities: Vec<&Authority> = authorities.iter().collect();
            Covering { authorities: &authorities, of_several: OfSeveral::Any }.decided()
        };
        assert_eq!(decided("{name: a, images: ['**'], static: accept}"), Some(vec![]));
        let refused = decided("{name: a, images: ['**'], static: reject, message: old}").unwrap();
        assert_eq!(refused[0].stand, Stand::Refuses("old".to_owned()));
        let key = format!("{{name: b, images: ['**'], {KEY}}}");
        assert_eq!(
            decided(&format!("{{name: a, images: ['**'], static: accept}}, {key}")),
            Some(vec![])
        );
        assert_eq!(decided(&format!("{{name: a, images: ['**'], static: reject}}, {key}")), None);
        assert_eq!(decided(&key), None);
    }
}
