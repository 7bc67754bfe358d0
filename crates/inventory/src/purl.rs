//! Package URLs, by the purl-spec's own types.

use packageurl::PackageUrl;

use crate::catalog::Found;
use crate::ecosystem::Ecosystem;
use crate::os_release::OsRelease;
use crate::python_name::python_name;

/// The package's URL. What the specification does not take (an empty name, a hostile type) is
/// written as plainly as possible, for a name must never keep a package out of the list.
pub(crate) fn of(found: &Found, os_release: Option<&OsRelease>) -> String {
    build(found, os_release).unwrap_or_else(|| format!("pkg:generic/{}", found.ecosystem))
}

fn build(found: &Found, os_release: Option<&OsRelease>) -> Option<String> {
    let (kind, namespace, name) = match found.ecosystem {
        Ecosystem::Apk => ("apk", os_release.map(|it| it.id.as_str()), found.name.clone()),
        Ecosystem::Dpkg => ("deb", os_release.map(|it| it.id.as_str()), found.name.clone()),
        Ecosystem::Rpm => ("rpm", os_release.map(|it| it.id.as_str()), found.name.clone()),
        Ecosystem::Npm => below("npm", found.name.split_once('/'), &found.name),
        Ecosystem::Golang => below("golang", found.name.rsplit_once('/'), &found.name),
        Ecosystem::Maven => below("maven", found.name.split_once(':'), &found.name),
        Ecosystem::Composer => below("composer", found.name.split_once('/'), &found.name),
        Ecosystem::Conda => ("conda", None, found.name.clone()),
        Ecosystem::Cargo => ("cargo", None, found.name.clone()),
        Ecosystem::Gem => ("gem", None, found.name.clone()),
        Ecosystem::Nuget => ("nuget", None, found.name.clone()),
        Ecosystem::Binary => ("generic", None, found.name.clone()),
        Ecosystem::Pypi => ("pypi", None, python_name(&found.name)),
    };
    let mut purl = PackageUrl::new(kind, name).ok()?;
    let (epoch, version) = match found.version.split_once(':') {
        Some((epoch, version)) if found.ecosystem == Ecosystem::Rpm => (Some(epoch), version),
        _ => (None, found.version.as_str()),
    };
    purl.with_version(version.to_owned()).ok()?;
    if let Some(epoch) = epoch {
        purl.add_qualifier("epoch", epoch.to_owned()).ok()?;
    }
    if let Some(namespace) = namespace {
        purl.with_namespace(namespace.to_owned()).ok()?;
    }
    if found.ecosystem.is_distribution() {
        qualify(&mut purl, found, os_release)?;
    }
    Some(purl.to_string())
}

/// A name that has a namespace before it.
fn below<'n>(
    kind: &'static str,
    parts: Option<(&'n str, &'n str)>,
    whole: &str,
) -> (&'static str, Option<&'n str>, String) {
    match parts {
        Some((namespace, name)) => (kind, Some(namespace), name.to_owned()),
        None => (kind, None, whole.to_owned()),
    }
}

fn qualify(purl: &mut PackageUrl<'_>, found: &Found, os_release: Option<&OsRelease>) -> Option<()> {
    if let Some(architecture) = &found.architecture {
        purl.add_qualifier("arch", architecture.clone()).ok()?;
    }
    if let Some(os_release) = os_release {
        let distro = match os_release.version_id.as_str() {
            "" => os_release.id.clone(),
            version => format!("{}-{version}", os_release.id),
        };
        purl.add_qualifier("distro", distro).ok()?;
    }
    if let (Ecosystem::Rpm, Some(source)) = (found.ecosystem, &found.source) {
        // The name of its file, which says the version too.
        let upstream = format!("{}-{}.src.rpm", source.name, source.version);
        purl.add_qualifier("upstream", upstream).ok()?;
    } else if let Some(source) = found.source.as_ref().filter(|it| it.name != found.name) {
        let upstream = match source.version == found.version {
            true => source.name.clone(),
            false => format!("{}@{}", source.name, source.version),
        };
        purl.add_qualifier("upstream", upstream).ok()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::Source;

    fn check(ecosystem: Ecosystem, name: &str, source: Option<&str>, expect: &str) {
        let os_release = OsRelease {
            id: "debian".to_owned(),
            version_id: "12".to_owned(),
            ..OsRelease::default()
        };
        let source = source.map(|name| Source { name: name.to_owned(), version: "1:2".to_owned() });
        let found = Found {
            source,
            architecture: Some("amd64".to_owned()),
            ..Found::new(ecosystem, name.to_owned(), "1:2".to_owned())
        };
        assert_eq!(of(&found, Some(&os_release)), expect);
    }

    #[test]
    fn names_as_the_specification_writes_them() {
        check(
            Ecosystem::Dpkg,
            "libssl3",
            Some("openssl"),
            "pkg:deb/debian/libssl3@1:2?arch=amd64&distro=debian-12&upstream=openssl",
        );
        check(
            Ecosystem::Rpm,
            "libssl3",
            Some("openssl"),
            "pkg:rpm/debian/libssl3@2?arch=amd64&distro=debian-12&epoch=1&upstream=openssl-1:2.src.rpm",
        );
        check(Ecosystem::Npm, "@s/a", None, "pkg:npm/%40s/a@1:2");
        check(Ecosystem::Pypi, "Zope_Interface", None, "pkg:pypi/zope-interface@1:2");
    }
}
