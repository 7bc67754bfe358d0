//! Which of the advisory data an image's distribution is under.

use std::borrow::Cow;

use inventory::{Ecosystem, OsRelease, Package, python_name};

use crate::order::VersionOrder;

/// A distribution release that advisories are written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// OSV's name of it: `Alpine:v3.20`, `Debian:12`.
    pub(crate) ecosystem: String,
    package_manager: Ecosystem,
    names: Names,
    /// What the vendor of each of its packages has in its name, where packages name one.
    vendor: Option<&'static str>,
}

/// What a distribution's advisories name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// What packages are built from, and its version.
    Sources,
    /// The packages themselves. OSV's schema says otherwise of AlmaLinux, its records do not.
    Packages,
}

/// A distribution whose advisories are not known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownDistribution {
    /// The image does not say which it is.
    #[error("the image does not say which distribution it is (no os-release)")]
    Unnamed,
    /// It says one that is not known.
    #[error("no advisories are kept for the distribution {0}")]
    Other(String),
    /// The package is somebody else's than its distribution's: of EPEL, or of a program's makers.
    #[error("no advisories are kept for packages of {vendor} on {distribution}")]
    Vendor {
        /// Who built it.
        vendor: String,
        /// OSV's name of the distribution.
        distribution: String,
    },
}

impl Distribution {
    /// The release that os-release(5) names.
    ///
    /// # Errors
    /// When it names none, or one without advisories. Derivatives are not taken for their parent:
    /// they rebuild packages under versions of their own.
    pub fn of(os_release: Option<&OsRelease>) -> Result<Self, UnknownDistribution> {
        let os_release = os_release.ok_or(UnknownDistribution::Unnamed)?;
        let (id, version) = (os_release.id.as_str(), os_release.version_id.as_str());
        let other = || UnknownDistribution::Other(format!("{id} {version}").trim_end().to_owned());
        let number = |it: &&str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit());
        let mut parts = version.split('.');
        let major = parts.next().filter(number).ok_or_else(other)?;
        let minor = parts.next().filter(number);
        let (ecosystem, package_manager, names) = match id {
            "alpine" => {
                // Snapshots of edge are versions such as 3.21.0_alpha20240923.
                let minor = minor.filter(|_| !version.contains('_')).ok_or_else(other)?;
                (format!("Alpine:v{major}.{minor}"), Ecosystem::Apk, Names::Sources)
            }
            "debian" => (format!("Debian:{major}"), Ecosystem::Dpkg, Names::Sources),
            "almalinux" => (format!("AlmaLinux:{major}"), Ecosystem::Rpm, Names::Packages),
            "rocky" => (format!("Rocky Linux:{major}"), Ecosystem::Rpm, Names::Sources),
            "opensuse-leap" => {
                let minor = minor.ok_or_else(other)?;
                (format!("openSUSE:Leap {major}.{minor}"), Ecosystem::Rpm, Names::Sources)
            }
            "opensuse-tumbleweed" => {
                ("openSUSE:Tumbleweed".to_owned(), Ecosystem::Rpm, Names::Sources)
            }
            _ => return Err(other()),
        };
        let vendor = match id {
            "almalinux" => Some("AlmaLinux"),
            "rocky" => Some("Rocky"),
            "opensuse-leap" | "opensuse-tumbleweed" => Some("SUSE"),
            _ => None,
        };
        Ok(Self { ecosystem, package_manager, names, vendor })
    }

    /// OSV's name of it.
    pub fn ecosystem(&self) -> &str {
        &self.ecosystem
    }

    /// The name and version by which advisories speak of a package.
    pub(crate) fn subject<'p>(&self, package: &'p Package) -> (&'p str, Cow<'p, str>) {
        let own = (package.name.as_str(), package.version.as_str().into());
        match (&package.source, self.names) {
            (None, _) | (_, Names::Packages) => own,
            (Some(source), Names::Sources) => {
                // The name of a source's file leaves out the epoch, which is the package's.
                let epoch = package.version.split_once(':').map(|it| it.0);
                let epoch = epoch.filter(|_| package.ecosystem == Ecosystem::Rpm);
                let version = match epoch {
                    Some(epoch) => format!("{epoch}:{}", source.version).into(),
                    None => source.version.as_str().into(),
                };
                (&source.name, version)
            }
        }
    }

    /// OSV's name of the release whose advisories speak of a version, and that version there. A
    /// backport is a version of the next release, rebuilt: by this release's own fixes, which are
    /// of older versions, it would always seem to be fixed.
    pub(crate) fn release_of<'v>(&self, version: &'v str) -> (String, &'v str) {
        let release = self.ecosystem.strip_prefix("Debian:").and_then(|it| it.parse::<u32>().ok());
        match (release.and_then(|it| it.checked_add(1)), version.split_once("~bpo")) {
            (Some(next), Some((rebuilt, _))) => (format!("Debian:{next}"), rebuilt),
            _ => (self.ecosystem.clone(), version),
        }
    }

    /// Whether the package is one of this distribution's: its advisories know no other's, and
    /// would call them free of flaws.
    ///
    /// # Errors
    /// Who packed it, where that is somebody else.
    pub(crate) fn packs(&self, package: &Package) -> Result<(), UnknownDistribution> {
        if package.ecosystem != self.package_manager {
            let other = format!("{} packages on {}", package.ecosystem, self.ecosystem);
            return Err(UnknownDistribution::Other(other));
        }
        if package.ecosystem == Ecosystem::Dpkg && package.source.is_none() {
            // Of chisel's manifest: advisories that are of sources would never be of it.
            let other = format!("packages whose source is not known, on {}", self.ecosystem);
            return Err(UnknownDistribution::Other(other));
        }
        let vendor = package.vendor.as_deref().unwrap_or("nobody who is named");
        match self.vendor {
            Some(own) if !vendor.contains(own) => {
                let (vendor, distribution) = (vendor.to_owned(), self.ecosystem.clone());
                Err(UnknownDistribution::Vendor { vendor, distribution })
            }
            _ => Ok(()),
        }
    }
}

/// The order of versions in one of OSV's ecosystems; `None` for one that is not judged here:
/// also a distribution without its release, and a registry of somebody's own (`PyPI:https://…`),
/// for no package would ever be looked up there.
pub(crate) fn order_of(ecosystem: &str) -> Option<VersionOrder> {
    match ecosystem.split_once(':') {
        Some(("Alpine", _)) => Some(VersionOrder::Apk),
        Some(("Debian", _)) => Some(VersionOrder::Dpkg),
        Some(("AlmaLinux" | "Rocky Linux" | "openSUSE", _)) => Some(VersionOrder::Rpm),
        None if matches!(ecosystem, "npm" | "Go" | "crates.io") => Some(VersionOrder::Semver),
        None if ecosystem == "PyPI" => Some(VersionOrder::Pep440),
        _ => None,
    }
}

/// A package's name as it is compared in one of OSV's ecosystems.
pub(crate) fn normal_name(ecosystem: &str, name: &str) -> String {
    match ecosystem {
        "PyPI" => python_name(name),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, version_id: &str, expect: Option<&str>) {
        let (id, version_id) = (id.to_owned(), version_id.to_owned());
        let os_release = OsRelease { id, version_id, ..OsRelease::default() };
        let found = Distribution::of(Some(&os_release)).ok();
        assert_eq!(found.as_ref().map(Distribution::ecosystem), expect);
    }

    #[test]
    fn releases_as_osv_names_them() {
        check("alpine", "3.20.3", Some("Alpine:v3.20"));
        check("alpine", "3.21.0_alpha20240923", None);
        check("debian", "12", Some("Debian:12"));
        check("debian", "", None);
        check("almalinux", "9.4", Some("AlmaLinux:9"));
        check("rocky", "8.10", Some("Rocky Linux:8"));
        check("opensuse-leap", "15.6", Some("openSUSE:Leap 15.6"));
        check("opensuse-tumbleweed", "20241101", Some("openSUSE:Tumbleweed"));
        check("ubuntu", "22.04", None);
        check("fedora", "43", None);
        check("rhel", "9.4", None);
        check("wolfi", "20230201", None);
        assert!(Distribution::of(None).is_err());
    }

    #[test]
    fn python_names_are_one_however_they_are_written() {
        assert_eq!(normal_name("PyPI", "Zope.Interface_x"), "zope-interface-x");
        assert_eq!(normal_name("npm", "@Scope/Name"), "@Scope/Name");
    }
}
