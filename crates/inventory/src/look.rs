//! One look at an image: every layer once, from the lowest.

pub(crate) mod content;
mod lay;
mod layers;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use oci_image::{Image, ImageError};

pub(crate) use self::layers::Layers;
use crate::catalog::{self, Findings, Found, Role};
use crate::claimed::{BillBytes, BillFile};
use crate::ecosystem::Ecosystem;
use crate::file::FileFacts;
use crate::note::Note;
use crate::os_release::OsRelease;
use crate::ownership::{Claim, Ownership};
use crate::package::{LayerRef, Package};
use crate::purl;
use crate::squash::{Fault, File, FileId, Lore, Rootfs, Seen, Wanted};

/// What all packages that files of the image showed may take in memory, and how many they may be.
const FOUND_BYTES_MAX: usize = 12 << 20;
const FOUND_MAX: usize = 40_000;
/// How often files may name them: a thousand programs may each name the same thousand modules.
const NAMED_MAX: usize = 60_000;
/// How many notes and telling files are told; one more says that there are others.
const TOLD_MAX: usize = 10_000;

/// How many bills of materials are told; of further ones nobody hears, for they are claims.
const BILLS_MAX: usize = 1000;

/// What one look saw.
pub(crate) struct Look {
    pub(crate) packages: Vec<Package>,
    pub(crate) os_release: Option<OsRelease>,
    pub(crate) files: Vec<FileFacts>,
    pub(crate) notes: Vec<Note>,
    pub(crate) bill_files: Vec<BillFile>,
    pub(crate) entries: u64,
    pub(crate) inflated_bytes: u64,
}

/// What a file was found to hold.
#[derive(Default)]
struct Holding {
    packages: Vec<u32>,
    os_release: Option<Box<OsRelease>>,
    claims: Vec<Claim>,
    licenses: Vec<String>,
    bill: Option<BillBytes>,
    troubles: Vec<String>,
}

struct Looking<'i> {
    image: &'i Image,
    rootfs: Rootfs<'i>,
    found: Vec<Arc<Found>>,
    found_ids: HashMap<Arc<Found>, u32>,
    found_bytes: usize,
    holdings: HashMap<(FileId, Role), Holding>,
    /// How many packages all holdings name, each as often as it is named.
    named: usize,
    /// How many bills of materials were held.
    bills: usize,
    /// Which package at which path has been there since which layer.
    since: HashMap<(u32, Arc<[u8]>), u32>,
    entries: u64,
    inflated_bytes: u64,
}

impl Look {
    /// Looks at an image. Answers what was learnt that the next look must know, if anything.
    pub(crate) fn at(
        image: &Image,
        lore: &Lore,
        layers: &Layers<'_>,
    ) -> Result<(Self, Option<Lore>), ImageError> {
        let mut looking = Looking {
            image,
            rootfs: Rootfs::new(lore, image.limits()),
            found: Vec::new(),
            found_ids: HashMap::new(),
            found_bytes: 0,
            holdings: HashMap::new(),
            named: 0,
            bills: 0,
            since: HashMap::new(),
            entries: 0,
            inflated_bytes: 0,
        };
        layers.lay(lore, &mut looking)?;
        let learnt = looking.rootfs.learn();
        Ok((looking.close(), learnt))
    }
}

impl Looking<'_> {
    fn hold(&mut self, wanted: Wanted, findings: Vec<(Role, Findings)>) -> Result<(), Fault> {
        let mut findings = findings;
        for (_, findings) in &mut findings {
            findings.bill = findings.bill.filter(|_| self.bills < BILLS_MAX);
            self.bills += usize::from(findings.bill.is_some());
        }
        let telling = findings.into_iter().filter(|(_, it)| !it.is_empty());
        let telling: Vec<(Role, Findings)> = telling.collect();
        let shown = telling.iter().map(|(role, _)| *role).collect();
        let Some(file) = self.rootfs.hold(wanted, shown)? else { return Ok(()) };
        for (role, findings) in telling {
            let holding = self.holding(findings);
            self.holdings.insert((file, role), holding);
        }
        Ok(())
    }

    fn holding(&mut self, findings: Findings) -> Holding {
        let mut troubles: Vec<String> = findings.troubles.iter().map(ToString::to_string).collect();
        let mut packages = Vec::with_capacity(findings.packages.len());
        for found in findings.packages {
            if let Some(id) = self.found_ids.get(&found) {
                packages.push(*id);
                continue;
            }
            self.found_bytes += found.bytes() + 96;
            if self.found.len() == FOUND_MAX {
                troubles.push(format!("past the limit packages_max = {FOUND_MAX}"));
                break;
            }
            if self.found_bytes > FOUND_BYTES_MAX {
                troubles.push(format!("past the limit package_bytes_max = {FOUND_BYTES_MAX}"));
                break;
            }
            let id = u32::try_from(self.found.len()).unwrap_or(u32::MAX);
            let found = Arc::new(found);
            self.found.push(Arc::clone(&found));
            self.found_ids.insert(found, id);
            packages.push(id);
        }
        self.found_bytes += findings.licenses.iter().map(|it| it.len() + 24).sum::<usize>();
        let claims = self.claims(findings.claims, &packages);
        packages.sort_unstable();
        packages.dedup();
        if self.named + packages.len() > NAMED_MAX {
            troubles.push(format!("past the limit named_packages_max = {NAMED_MAX}"));
            packages.truncate(NAMED_MAX.saturating_sub(self.named));
        }
        self.named += packages.len();
        packages.shrink_to_fit();
        let os_release = findings.os_release.map(Box::new);
        let (licenses, bill) = (findings.licenses, findings.bill);
        Holding { packages, os_release, claims, licenses, bill, troubles }
    }

    /// What a file's packages claim; nothing where there is no room for more of it.
    fn claims(&mut self, told: Vec<(Vec<u8>, Option<usize>)>, packages: &[u32]) -> Vec<Claim> {
        let mut claims = Vec::with_capacity(told.len());
        for (path, at) in told {
            // Of a package that was not held any more nothing is claimed.
            let package = at.map(|at| packages.get(at).copied());
            if package == Some(None) || self.found_bytes > FOUND_BYTES_MAX {
                continue;
            }
            self.found_bytes += path.len() + size_of::<Claim>();
            claims.push(Claim { path, package: package.flatten() });
        }
        claims
    }

    /// Compares what is there after this layer with what was there before it: what has stayed
    /// keeps its layer, what has come is this layer's, what has gone and comes again is the later
    /// one's.
    fn attribute(&mut self, layer: u32) {
        let mut since = HashMap::with_capacity(self.since.len());
        let files = self.rootfs.files();
        let held: HashSet<FileId> = files.iter().map(|it| it.file).collect();
        self.holdings.retain(|(file, _), holding| {
            let is_held = held.contains(file);
            self.named -= if is_held { 0 } else { holding.packages.len() };
            is_held
        });
        for Seen { path, file, shows } in files {
            let holdings = shows.iter().filter_map(|role| self.holdings.get(&(file, role)));
            let path: Arc<[u8]> = path.into();
            for package in holdings.flat_map(|it| &it.packages) {
                let key = (*package, Arc::clone(&path));
                let first = self.since.get(&key).copied().unwrap_or(layer);
                since.insert(key, first);
            }
        }
        self.since = since;
    }

    fn close(self) -> Look {
        let os_release = self.os_release();
        let ownership = self.ownership(os_release.as_ref());
        let mut packages: Vec<Package> = Vec::with_capacity(self.since.len());
        for ((id, path), layer) in &self.since {
            let Some(found) = self.found.get(*id as usize) else { continue };
            let owner = ownership.owner(path, *layer).filter(|_| found.ecosystem.may_be_owned());
            if found.ecosystem == Ecosystem::Binary && owner.is_some() {
                continue;
            }
            let Some(layer) = self.layer_ref(*layer) else { continue };
            packages.push(Package {
                purl: purl::of(found, os_release.as_ref()),
                name: found.name.clone(),
                version: found.version.clone(),
                ecosystem: found.ecosystem,
                layer,
                origin: None,
                path: shown(path),
                source: found.source.clone(),
                architecture: found.architecture.clone(),
                licenses: self.licenses(found),
                vendor: found.vendor.clone(),
                owned_by: owner.map(|it| it.to_string()),
                also_at: Vec::new(),
            });
        }
        let (files, notes) = self.told();
        let bill_files = self.bill_files();
        let (entries, inflated_bytes) = (self.entries, self.inflated_bytes);
        Look { packages, os_release, files, notes, bill_files, entries, inflated_bytes }
    }

    fn bill_files(&self) -> Vec<BillFile> {
        let mut bills = Vec::new();
        for Seen { path, file: id, shows } in self.rootfs.files() {
            let layer = self.rootfs.file(id).and_then(|it| self.layer_ref(it.layer));
            let bytes = shows.iter().filter_map(|role| self.holdings.get(&(id, role))?.bill);
            bills.extend(layer.into_iter().zip(bytes).map(
                |(layer, BillBytes { digest, size })| BillFile {
                    path: shown(&path),
                    layer,
                    digest,
                    size,
                },
            ));
        }
        bills.sort_by(|a, b| a.path.cmp(&b.path));
        bills
    }

    /// What a package declares, or where its database has no word for it the file beside it.
    fn licenses(&self, found: &Found) -> Vec<String> {
        if found.ecosystem != Ecosystem::Dpkg || !found.licenses.is_empty() {
            return found.licenses.clone();
        }
        let path = format!("usr/share/doc/{}/copyright", found.name);
        let file = self.rootfs.file_at(path.as_bytes()).map(|(_, file)| file);
        let asked = file.and_then(|id| Some((id, self.rootfs.file(id)?.asked)));
        let roles = asked.iter().flat_map(|(id, asked)| asked.iter().map(|role| (*id, role)));
        let mut holdings = roles.filter_map(|key| self.holdings.get(&key));
        holdings
            .find_map(|it| Some(it.licenses.clone()).filter(|it| !it.is_empty()))
            .unwrap_or_default()
    }

    /// What the distribution's packages brought.
    fn ownership(&self, os_release: Option<&OsRelease>) -> Ownership {
        let mut ownership = Ownership::default();
        let (lists, mut urls) = (self.dpkg_lists(), HashMap::new());
        for Seen { path, file, shows } in self.rootfs.files() {
            let Some(listed) = self.rootfs.file(file).map(|it| it.layer) else { continue };
            let holdings = shows.iter().filter_map(|role| self.holdings.get(&(file, role)));
            let path: Arc<[u8]> = path.into();
            let list = lists.get(catalog::split_last(&path).1);
            for claim in holdings.flat_map(|it| &it.claims) {
                let (package, since) = match claim.package {
                    Some(package) => {
                        (Some(package), self.since.get(&(package, Arc::clone(&path))).copied())
                    }
                    None => (list.copied(), Some(listed)),
                };
                let found = package.and_then(|it| Some((it, self.found.get(it as usize)?)));
                let real = self.rootfs.real_path(&claim.path);
                if let (Some((id, found)), Some(since), Some(real)) = (found, since, real) {
                    let url = || Arc::from(purl::of(found, os_release));
                    let url: &Arc<str> = urls.entry(id).or_insert_with(url);
                    ownership.claim(real, since, Arc::clone(url));
                }
            }
        }
        ownership
    }

    /// Dpkg's packages that are there, by what the lists of their files are named.
    fn dpkg_lists(&self) -> HashMap<Vec<u8>, u32> {
        let mut lists = HashMap::new();
        for (id, path) in self.since.keys() {
            let Some(found) = self.found.get(*id as usize) else { continue };
            if found.ecosystem == Ecosystem::Dpkg {
                let names =
                    catalog::dpkg_lists_of(&found.name, found.architecture.as_deref(), path);
                // Of several that share a name the same one, whatever the order.
                names.into_iter().for_each(|name| {
                    let first = lists.entry(name).or_insert(*id);
                    *first = (*first).min(*id);
                });
            }
        }
        lists
    }

    /// The distribution: the first of its places that leads to a file (os-release(5)).
    fn os_release(&self) -> Option<OsRelease> {
        let mut places = catalog::OS_RELEASE_PLACES.iter();
        let (_, file) = places.find_map(|place| self.rootfs.file_at(place.as_bytes()))?;
        let asked = self.rootfs.file(file)?.asked;
        let mut holdings = asked.iter().filter_map(|role| self.holdings.get(&(file, role)));
        holdings.find_map(|it| it.os_release.as_deref().cloned())
    }

    fn told(&self) -> (Vec<FileFacts>, Vec<Note>) {
        let (mut files, mut notes) = (Vec::new(), Vec::new());
        let mut seen = self.rootfs.files();
        seen.sort_by(|a, b| a.path.cmp(&b.path));
        for Seen { path, file: id, shows } in seen {
            let Some(file) = self.rootfs.file(id) else { continue };
            let Some(layer) = self.layer_ref(file.layer) else { continue };
            let File { mode, uid, gid, trouble, .. } = file;
            let path = shown(&path);
            let facts = FileFacts { path: path.clone(), mode: *mode, uid: *uid, gid: *gid, layer };
            if facts.is_setuid_or_setgid() || facts.is_world_writable_executable() {
                files.push(facts);
            }
            let read = shows.iter().filter_map(|role| self.holdings.get(&(id, role)));
            let troubles = read.flat_map(|it| &it.troubles).map(String::as_str);
            let troubles: HashSet<&str> = troubles.chain(trouble.as_deref()).collect();
            let mut troubles: Vec<&str> = troubles.into_iter().collect();
            troubles.sort();
            let note = |reason: &str| Note { path: path.clone(), reason: reason.to_owned(), layer };
            notes.extend(troubles.into_iter().map(note));
        }
        if files.len() > TOLD_MAX || notes.len() > TOLD_MAX {
            files.truncate(TOLD_MAX);
            notes.truncate(TOLD_MAX);
            if let Some(layer) = self.layer_ref(0) {
                let reason =
                    format!("more than {TOLD_MAX} files or notes to tell of: past the limit");
                notes.push(Note { path: String::new(), reason, layer });
            }
        }
        (files, notes)
    }

    fn layer_ref(&self, index: u32) -> Option<LayerRef> {
        self.image.layers().get(index as usize).map(LayerRef::of)
    }
}

/// A path for people and JSON: bytes that are no UTF-8 are written `\xNN`.
fn shown(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text += &format!("\\x{byte:02x}"));
    }
    text
}
