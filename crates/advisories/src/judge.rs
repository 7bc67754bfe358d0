//! What is known of a package: its flaws, each once, and what could not be judged.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use inventory::{Ecosystem, Package};
use verdict::Severity;

use crate::distribution::{Distribution, UnknownDistribution, normal_name, order_of};
use crate::evaluate::Says;
use crate::index::{Advisory, Index, IndexError};
use crate::order::VersionOrder;

/// What is known of a package.
#[derive(Debug, Default)]
pub struct Judged {
    /// Its flaws, worst first.
    pub flaws: Vec<Flaw>,
    /// What could not be judged of it.
    pub unjudged: Vec<Unjudged>,
}

/// A flaw of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The advisory's id in its database.
    pub id: String,
    /// Other ids of the same flaw, sorted.
    pub aliases: Vec<String>,
    /// How bad it is: the worst that any of its advisories says.
    pub severity: Severity,
    /// The first later version without it.
    pub fixed: Option<String>,
    /// What it is, in a line.
    pub summary: String,
}

/// Why a package is not known to be free of flaws.
#[derive(Debug, thiserror::Error)]
pub enum Unjudged {
    /// No advisories are kept for its distribution.
    #[error("its distribution is not judged")]
    Distribution(#[source] UnknownDistribution),
    /// The index has no records of its ecosystem.
    #[error("the advisory index has no records of {0}")]
    NoRecords(String),
    /// Its version is none of its ecosystem's.
    #[error("its version {version:?} is no version of {ecosystem}")]
    Version {
        /// The version.
        version: String,
        /// OSV's name of the ecosystem.
        ecosystem: String,
    },
    /// An advisory names a version that cannot be compared.
    #[error("advisory {advisory} names the version {version:?}, which cannot be compared")]
    Advisory {
        /// The advisory.
        advisory: String,
        /// The version.
        version: String,
    },
    /// The index is damaged.
    #[error("the advisory index cannot be read")]
    Index(#[source] IndexError),
}

impl Index {
    /// What is known of a package. `distribution` is that of its image.
    pub fn judge(
        &self,
        package: &Package,
        distribution: Result<&Distribution, &UnknownDistribution>,
    ) -> Judged {
        match self.question(package, distribution) {
            Ok(question) => self.answer(&question),
            Err(unjudged) => Judged { flaws: Vec::new(), unjudged: vec![unjudged] },
        }
    }

    fn question(
        &self,
        package: &Package,
        distribution: Result<&Distribution, &UnknownDistribution>,
    ) -> Result<Question, Unjudged> {
        let in_full;
        let (ecosystem, (name, version)) = match package.ecosystem {
            Ecosystem::Npm => ("npm".to_owned(), (&*package.name, &*package.version)),
            Ecosystem::Pypi => ("PyPI".to_owned(), (&*package.name, &*package.version)),
            Ecosystem::Golang => ("Go".to_owned(), (&*package.name, &*package.version)),
            Ecosystem::Cargo => ("crates.io".to_owned(), (&*package.name, &*package.version)),
            Ecosystem::Maven => ("Maven".to_owned(), (&*package.name, &*package.version)),
            Ecosystem::Gem => ("RubyGems".to_owned(), (&*package.name, &*package.version)),
            Ecosystem::Composer => ("Packagist".to_owned(), (&*package.name, &*package.version)),
            Ecosystem::Nuget => ("NuGet".to_owned(), (&*package.name, &*package.version)),
            Ecosystem::Conda => return Err(Unjudged::NoRecords("conda".to_owned())),
            Ecosystem::Binary => return Err(Unjudged::NoRecords("binaries".to_owned())),
            // Distributions write advisories for what packages are built from.
            Ecosystem::Apk | Ecosystem::Dpkg | Ecosystem::Rpm => {
                let known = distribution.map_err(|it| Unjudged::Distribution(it.clone()))?;
                known.packs(package).map_err(Unjudged::Distribution)?;
                let (subject, whole) = known.subject(package);
                in_full = whole;
                let (ecosystem, version) = known.release_of(&in_full);
                (ecosystem, (subject, version))
            }
        };
        if !self.ecosystems().contains_key(&ecosystem) {
            return Err(Unjudged::NoRecords(ecosystem));
        }
        let name = normal_name(&ecosystem, name);
        Ok(Question { ecosystem, name, version: version.to_owned() })
    }

    fn answer(&self, question: &Question) -> Judged {
        let mut judged = Judged::default();
        let Question { ecosystem, name, version } = question;
        let Some(order) = order_of(ecosystem) else {
            judged.unjudged.push(Unjudged::NoRecords(ecosystem.clone()));
            return judged;
        };
        let entries = match self.entries(ecosystem, name) {
            Ok(entries) => entries,
            Err(error) => {
                judged.unjudged.push(Unjudged::Index(error));
                return judged;
            }
        };
        // A version that nobody can read matters only where something is said of the package.
        if !entries.is_empty() && !order.takes(version) {
            let (version, ecosystem) = (version.clone(), ecosystem.clone());
            judged.unjudged.push(Unjudged::Version { version, ecosystem });
            return judged;
        }
        let mut found = Vec::new();
        for entry in entries {
            let says = entry.judge(version, order);
            if says == Says::Unaffected {
                continue;
            }
            match (self.advisory(entry.record), says) {
                (Ok(advisory), Says::Affected { fixed }) => {
                    found.push(Found { advisory, severity: entry.severity, fixed });
                }
                (Ok(advisory), Says::Unreadable(version)) => {
                    let advisory = advisory.id;
                    judged.unjudged.push(Unjudged::Advisory { advisory, version });
                }
                (Ok(_), Says::Unaffected) => {}
                (Err(error), _) => judged.unjudged.push(Unjudged::Index(error)),
            }
        }
        judged.flaws = merge(without_bulletins(found), order);
        judged.flaws.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.id.cmp(&b.id)));
        judged
    }
}

struct Question {
    ecosystem: String,
    name: String,
    version: String,
}

struct Found {
    advisory: Advisory,
    severity: Severity,
    fixed: Option<String>,
}

impl Found {
    /// Every id that means this flaw.
    fn ids(&self) -> impl Iterator<Item = &String> {
        let Advisory { id, aliases, upstream, .. } = &self.advisory;
        // A distribution's record of one CVE is that CVE; a bulletin of several is none of them.
        let same = (upstream.len() == 1).then(|| &upstream[0]);
        std::iter::once(id).chain(aliases).chain(same)
    }
}

/// Debian's bulletins (DSA, DLA) say again what its records of the single CVEs say. A bulletin
/// goes when all its CVEs are there themselves.
fn without_bulletins(found: Vec<Found>) -> Vec<Found> {
    let single: BTreeSet<String> = found
        .iter()
        .filter(|it| it.advisory.upstream.len() <= 1)
        .flat_map(Found::ids)
        .cloned()
        .collect();
    let said_again = |it: &Found| {
        it.advisory.upstream.len() > 1 && it.advisory.upstream.iter().all(|id| single.contains(id))
    };
    found.into_iter().filter(|it| !said_again(it)).collect()
}

/// Advisories that share an id are one flaw.
fn merge(found: Vec<Found>, order: VersionOrder) -> Vec<Flaw> {
    let mut groups: Vec<(BTreeSet<String>, Vec<Found>)> = Vec::new();
    for one in found {
        let mut ids: BTreeSet<String> = one.ids().cloned().collect();
        let mut members = vec![one];
        // It may join groups that had nothing in common before.
        let (same, others) =
            groups.into_iter().partition::<Vec<_>, _>(|(known, _)| !known.is_disjoint(&ids));
        groups = others;
        for (more_ids, more) in same {
            ids.extend(more_ids);
            members.extend(more);
        }
        groups.push((ids, members));
    }
    groups.into_iter().filter_map(|(ids, members)| flaw(ids, members, order)).collect()
}

fn flaw(mut ids: BTreeSet<String>, members: Vec<Found>, order: VersionOrder) -> Option<Flaw> {
    let severity = members.iter().map(|it| it.severity).max()?;
    // Where databases disagree, the later fix is the one that satisfies them all.
    let fixes = members.iter().filter_map(|it| it.fixed.as_ref());
    let fixed = fixes.max_by(|a, b| order.compare(a, b).unwrap_or(Ordering::Equal)).cloned();
    let summary = members.iter().map(|it| &it.advisory.summary).find(|it| !it.is_empty()).cloned();
    // The advisory with a severity speaks for the others; among equals the first id.
    let speaker = members
        .iter()
        .min_by(|a, b| b.severity.cmp(&a.severity).then(a.advisory.id.cmp(&b.advisory.id)))?;
    let id = speaker.advisory.id.clone();
    ids.remove(&id);
    let aliases = ids.into_iter().collect();
    Some(Flaw { id, aliases, severity, fixed, summary: summary.unwrap_or_default() })
}
