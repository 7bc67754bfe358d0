//! A lock file and the installed tree that came of it are one package, with both places
//! (docs/decisions/046).

use std::collections::{HashMap, HashSet};

use crate::catalog;
use crate::ecosystem::Ecosystem;
use crate::package::Package;
use crate::python_name::python_name;

/// How many further places of a package are told: an image can have thousands of locks that name it.
const PLACES_MAX: usize = 64;

/// What is the same in a lock file and in the tree: ecosystem, normalised name, version.
type Identity = (Ecosystem, String, String);

/// Leaves away each package of a lock file that is installed where the lock's are installed;
/// those installed ones name the lock in [`Package::also_at`]. The same is done with archives in a
/// cache first: they are what is installed where packages run from them, and else a copy of it.
pub(crate) fn locks_into_trees(packages: Vec<Package>) -> Vec<Package> {
    let is_locked = |it: &Package| catalog::is_lock(it.path.as_bytes());
    let is_cached = |it: &Package| catalog::cache_project_of(&it.path).is_some();
    let (locked, mut installed): (Vec<_>, Vec<_>) = packages.into_iter().partition(is_locked);
    noted_once(&mut installed);
    let (mut cached, installed): (Vec<_>, Vec<_>) = installed.into_iter().partition(is_cached);
    cached.sort_by(|a, b| a.path.cmp(&b.path));
    // A patched package lies in a cache twice.
    let mut caches: Vec<Package> = Vec::new();
    let mut copies = Vec::new();
    let mut seen = HashSet::new();
    for package in cached {
        let project = catalog::cache_project_of(&package.path).flatten().map(str::to_owned);
        let list =
            if seen.insert((identity(&package), project)) { &mut caches } else { &mut copies };
        list.push(package);
    }
    let (mut caches, left) = copies_into(copies, caches);
    caches.extend(left);
    let (mut installed, left) = copies_into(caches, installed);
    installed.extend(left);
    let named = count_by_path(&locked);
    let (mut installed, mut left) = copies_into(locked, installed);
    // Where most of what a lock of Node.js names is installed, the rest was left out: what is for
    // another processor or C library. Others install all, or into several places.
    let missing = count_by_path(&left);
    let count =
        |counts: &HashMap<String, usize>, path: &str| counts.get(path).copied().unwrap_or(0);
    let is_missing = |it: &Package| 2 * count(&missing, &it.path) >= count(&named, &it.path);
    left.retain(|it| it.ecosystem != Ecosystem::Npm || is_missing(it));
    installed.append(&mut left);
    installed
}

fn count_by_path(packages: &[Package]) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    packages.iter().for_each(|it| *counts.entry(it.path.clone()).or_default() += 1);
    counts
}

/// Leaves one of a distribution of Python that has two notes in a folder, as Debian's `cryptography`
/// has a `.dist-info` and an `.egg-info`; Python takes the first.
fn noted_once(installed: &mut Vec<Package>) {
    let folder = |it: &Package| {
        let (noted, _) = it.path.rsplit_once('/')?;
        let is_note = noted.ends_with(".dist-info") || noted.ends_with(".egg-info");
        let folder = noted.rsplit_once('/').map_or("", |it| it.0);
        (it.ecosystem == Ecosystem::Pypi && is_note).then(|| folder.to_owned())
    };
    let mut noted: HashMap<(Identity, String), String> = HashMap::new();
    for package in &*installed {
        if let Some(folder) = folder(package) {
            let first = noted.entry((identity(package), folder)).or_insert(package.path.clone());
            if package.path < *first {
                first.clone_from(&package.path);
            }
        }
    }
    installed.retain(|it| {
        folder(it).is_none_or(|folder| noted.get(&(identity(it), folder)) == Some(&it.path))
    });
}

/// Leaves away each package that is one of those installed, which then name its place. Answers the
/// installed ones and what is left.
fn copies_into(locked: Vec<Package>, mut installed: Vec<Package>) -> (Vec<Package>, Vec<Package>) {
    let mut places: HashMap<Identity, Vec<usize>> = HashMap::new();
    if !locked.is_empty() {
        for (at, package) in installed.iter().enumerate() {
            places.entry(identity(package)).or_default().push(at);
        }
    }
    let mut left = Vec::new();
    for package in locked {
        let mut is_installed = false;
        for at in places.get(&identity(&package)).into_iter().flatten() {
            let Some(tree) = installed.get_mut(*at) else { continue };
            if is_of(&package, &tree.path) {
                is_installed = true;
                let room = PLACES_MAX.saturating_sub(tree.also_at.len());
                let further = std::iter::once(&package.path).chain(&package.also_at);
                tree.also_at.extend(further.take(room).cloned());
            }
        }
        if !is_installed {
            left.push(package);
        }
    }
    for package in &mut installed {
        package.also_at.sort();
        package.also_at.dedup();
    }
    (installed, left)
}

/// Whether what is installed at `path` came of the locked package: it lies below the lock's
/// folder, or its ecosystem installs into places of its own, far from any project.
fn is_of(locked: &Package, path: &str) -> bool {
    if matches!(locked.ecosystem, Ecosystem::Pypi | Ecosystem::Gem | Ecosystem::Conda) {
        return true;
    }
    let cached = catalog::cache_project_of(&locked.path);
    if cached == Some(None) || catalog::cache_project_of(path) == Some(None) {
        return true;
    }
    if let Some(Some(project)) = cached {
        return path.starts_with(project);
    }
    match locked.path.rsplit_once('/') {
        Some((folder, _)) => path.strip_prefix(folder).is_some_and(|it| it.starts_with('/')),
        None => true,
    }
}

fn identity(package: &Package) -> Identity {
    let name = match package.ecosystem {
        Ecosystem::Pypi => python_name(&package.name),
        Ecosystem::Nuget | Ecosystem::Composer => package.name.to_lowercase(),
        _ => package.name.clone(),
    };
    (package.ecosystem, name, package.version.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::LayerRef;

    /// Packages as `path name version`, before and after, with the further places in brackets.
    fn check(ecosystem: Ecosystem, before: &[&str], after: &[&str]) {
        let digest = verdict::Digest::of(b"");
        let layer = LayerRef { index: 0, digest, diff_id: digest };
        let package = |line: &&str| {
            let mut words = line.split(' ').map(str::to_owned);
            let mut word = || words.next().unwrap();
            let (path, name, version) = (word(), word(), word());
            let (purl, source, architecture, vendor) = (String::new(), None, None, None);
            let (licenses, owned_by, also_at) = (Vec::new(), None, Vec::new());
            Package {
                purl,
                name,
                version,
                ecosystem,
                layer,
                origin: None,
                path,
                source,
                architecture,
                licenses,
                vendor,
                owned_by,
                also_at,
            }
        };
        let merged = locks_into_trees(before.iter().map(package).collect());
        let line = |it: &Package| match it.also_at.as_slice() {
            [] => format!("{} {} {}", it.path, it.name, it.version),
            also => format!("{} {} {} [{}]", it.path, it.name, it.version, also.join(" ")),
        };
        assert_eq!(merged.iter().map(line).collect::<Vec<_>>(), after);
    }

    #[test]
    fn a_tree_below_the_locks_folder_came_of_it() {
        let a = "app/node_modules/a/package.json a 1";
        let nested = "app/node_modules/b/node_modules/a/package.json a 1";
        check(
            Ecosystem::Npm,
            &["app/package-lock.json a 1", a],
            &[&format!("{a} [app/package-lock.json]")],
        );
        check(
            Ecosystem::Npm,
            &[a, nested, "yarn.lock a 1", "app/yarn.lock a 1"],
            &[
                &format!("{a} [app/yarn.lock yarn.lock]"),
                &format!("{nested} [app/yarn.lock yarn.lock]"),
            ],
        );
    }

    #[test]
    fn what_is_not_installed_there_stays() {
        for lock in ["other/yarn.lock a 1", "ap/yarn.lock a 1", "app/yarn.lock a 2"] {
            let tree = "app/node_modules/a/package.json a 1";
            check(Ecosystem::Npm, &[lock, tree], &[tree, lock]);
        }
        check(
            Ecosystem::Npm,
            &["app/yarn.lock a 1", "app/package-lock.json a 1"],
            &["app/yarn.lock a 1", "app/package-lock.json a 1"],
        );
    }

    #[test]
    fn an_archive_in_yarns_cache_is_what_is_installed_or_a_copy_of_it() {
        let zip = "app/.yarn/cache/a-npm-1-0.zip a 1";
        let patched = "app/.yarn/cache/a-patch-2.zip";
        let lock = "app/yarn.lock a 1";
        check(Ecosystem::Npm, &[zip, lock], &[&format!("{zip} [app/yarn.lock]")]);
        let expected = format!("{zip} [{patched} app/yarn.lock]");
        check(Ecosystem::Npm, &[lock, &format!("{patched} a 1"), zip], &[&expected]);
        let tree = "app/node_modules/a/package.json a 1";
        let expected = format!("{tree} [app/.yarn/cache/a-npm-1-0.zip app/yarn.lock]");
        check(Ecosystem::Npm, &[zip, tree, lock], &[&expected]);
        let of_all = "root/.yarn/berry/cache/a-npm-1-0.zip a 1";
        check(Ecosystem::Npm, &[of_all, lock], &[&format!("{of_all} [app/yarn.lock]")]);
        let other = "other/node_modules/a/package.json a 1";
        check(Ecosystem::Npm, &[zip, other], &[other, zip]);
    }

    #[test]
    fn a_distribution_of_python_may_be_noted_twice() {
        let dist = "lib/cryptography-38.0.4.dist-info/METADATA cryptography 38.0.4";
        let egg = "lib/cryptography.egg-info/PKG-INFO Cryptography 38.0.4";
        let other = "venv/cryptography.egg-info/PKG-INFO cryptography 38.0.4";
        let old = "lib/cryptography.egg-info/PKG-INFO cryptography 3.0";
        check(Ecosystem::Pypi, &[egg, dist], &[dist]);
        check(Ecosystem::Pypi, &[dist, egg, other], &[dist, other]);
        check(Ecosystem::Pypi, &[dist, old], &[dist, old]);
    }

    #[test]
    fn where_most_of_a_lock_is_installed_the_rest_is_not_there() {
        let locked = ["app/yarn.lock a 1", "app/yarn.lock b 1", "app/yarn.lock c-arm64 1"];
        let (a, b) = ("app/node_modules/a/package.json a 1", "app/node_modules/b/package.json b 1");
        let merged = |it: &str| format!("{it} [app/yarn.lock]");
        check(Ecosystem::Npm, &[&locked[..], &[a, b]].concat(), &[&merged(a), &merged(b)]);
        let expected = [&merged(a), locked[1], locked[2]];
        check(Ecosystem::Npm, &[&locked[..], &[a]].concat(), &expected);
        check(Ecosystem::Npm, &locked, &locked);
        let half = [&merged(a), locked[1]];
        check(Ecosystem::Npm, &[locked[0], locked[1], a], &half);
        let pins =
            ["app/requirements.txt a 1", "app/requirements.txt b 1", "app/requirements.txt c 1"];
        let (a, b) = ("venv/a/METADATA a 1", "venv/b/METADATA b 1");
        let merged = |it: &str| format!("{it} [app/requirements.txt]");
        let expected = [&merged(a), &merged(b), pins[2]];
        check(Ecosystem::Pypi, &[&pins[..], &[a, b]].concat(), &expected);
    }

    #[test]
    fn no_more_places_are_told_than_anybody_reads() {
        let digest = verdict::Digest::of(b"");
        let package = |path: String| Package {
            purl: String::new(),
            name: "a".to_owned(),
            version: "1".to_owned(),
            ecosystem: Ecosystem::Pypi,
            layer: LayerRef { index: 0, digest, diff_id: digest },
            origin: None,
            path,
            source: None,
            architecture: None,
            vendor: None,
            licenses: Vec::new(),
            owned_by: None,
            also_at: Vec::new(),
        };
        let pins = (0..2_000).map(|it| package(format!("{it}/requirements.txt")));
        let installed = (0..2_000).map(|it| package(format!("{it}/a-1.dist-info/METADATA")));
        let merged = locks_into_trees(pins.chain(installed).collect());
        assert_eq!(merged.len(), 2_000);
        assert!(merged.iter().all(|it| it.also_at.len() == PLACES_MAX));
    }

    #[test]
    fn python_names_are_compared_normalised() {
        assert_eq!(python_name("Zope_.Interface"), "zope-interface");
    }
}
