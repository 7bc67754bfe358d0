//! The packages of a document, as they stream by: nothing of one is held but its package URLs.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A document of more packages is an attack, or of another world.
const ELEMENTS_MAX: u64 = 200_000;
/// A longer package URL names nothing.
const PURL_BYTES_MAX: usize = 4096;

/// What was listed so far.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) purls: BTreeSet<String>,
    pub(super) unnamed: u64,
    elements: u64,
}

/// Components of CycloneDX.
#[derive(Default)]
pub(super) struct Components(pub(super) Listed);

/// Packages of SPDX.
#[derive(Default)]
pub(super) struct Packages(pub(super) Listed);

/// What an element turned out to be.
#[derive(Default)]
struct Element {
    purls: Vec<String>,
    kind: Option<String>,
}

/// What one element of a list is read by.
#[derive(Clone, Copy)]
enum Kind {
    Component,
    Package,
}

impl Listed {
    fn count<E: Error>(&mut self) -> Result<(), E> {
        self.elements += 1;
        match self.elements <= ELEMENTS_MAX {
            true => Ok(()),
            false => Err(E::custom(format_args!("past the limit packages_max = {ELEMENTS_MAX}"))),
        }
    }

    fn take(&mut self, element: Element) {
        // What is no package of its own has no package URL, and lacks none.
        let is_package = !matches!(
            element.kind.as_deref(),
            Some("file" | "operating-system" | "container" | "device" | "firmware" | "data")
                | Some("FILE" | "OPERATING-SYSTEM" | "OPERATING_SYSTEM" | "CONTAINER" | "SOURCE")
        );
        if element.purls.is_empty() && is_package {
            self.unnamed += 1;
        }
        if is_package {
            self.purls.extend(element.purls);
        }
    }
}

/// A list of elements, each of which may hold further ones.
struct List<'l>(&'l mut Listed, Kind);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of packages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(One(self.0, self.1))?.is_some() {}
        Ok(())
    }
}

/// One element of a list.
struct One<'l>(&'l mut Listed, Kind);

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a package")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let Self(listed, kind) = self;
        listed.count::<A::Error>()?;
        let mut element = Element::default();
        while let Some(key) = object.next_key::<String>()? {
            match (kind, key.as_str()) {
                (Kind::Component, "purl") => element.purl(object.next_value()?),
                (Kind::Component, "type") | (Kind::Package, "primaryPackagePurpose") => {
                    element.kind = object.next_value()?;
                }
                (Kind::Component, "components") => object.next_value_seed(List(listed, kind))?,
                (Kind::Package, "externalRefs") => {
                    object.next_value_seed(References(&mut element, listed))?;
                }
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        listed.take(element);
        Ok(())
    }
}

/// An outer reference of an SPDX package.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    #[serde(default)]
    reference_type: Option<String>,
    #[serde(default)]
    reference_locator: Option<String>,
}

/// The references of one package.
struct References<'l>(&'l mut Element, &'l mut Listed);

impl<'de> DeserializeSeed<'de> for References<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for References<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("references of a package")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(reference) = list.next_element::<Reference>()? {
            self.1.count::<A::Error>()?;
            if reference.reference_type.as_deref() == Some("purl") {
                self.0.purl(reference.reference_locator);
            }
        }
        Ok(())
    }
}

impl Element {
    fn purl(&mut self, purl: Option<String>) {
        self.purls.extend(purl.filter(|it| it.len() <= PURL_BYTES_MAX));
    }
}

impl<'de> Deserialize<'de> for Components {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut listed = Listed::default();
        List(&mut listed, Kind::Component).deserialize(from)?;
        Ok(Self(listed))
    }
}

impl<'de> Deserialize<'de> for Packages {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut listed = Listed::default();
        List(&mut listed, Kind::Package).deserialize(from)?;
        Ok(Self(listed))
    }
}
