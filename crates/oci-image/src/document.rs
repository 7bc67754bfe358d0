//! The JSON documents of an image, looked at before they are believed: that they do not hold more
//! values than memory should, and that no other reader can understand them otherwise.
//!
//! Go, in which registries and container runtimes are written, takes `Layers` for `layers`, and
//! the last of several. A document with both would show its judge one image and the node another.

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use crate::error::ImageError;

/// No sound document holds more values. Each takes some hundred bytes at most once it is read.
const VALUES_MAX: u64 = 100_000;
/// The objects whose keys are free: theirs differ by case if they like.
const FREE: [&str; 4] = ["annotations", "Labels", "ExposedPorts", "Volumes"];

/// A kind of document: what errors call it, and the names that its fields have.
pub(crate) struct Document {
    pub(crate) what: &'static str,
    pub(crate) fields: &'static [&'static str],
    /// What it starts with: a list would be taken for an object, its values for fields in order.
    opens: u8,
}

/// Manifests and indexes (image-spec, manifest.md and image-index.md).
pub(crate) const MANIFEST: Document = Document {
    what: "manifest",
    fields: &[
        "schemaVersion",
        "mediaType",
        "artifactType",
        "config",
        "layers",
        "manifests",
        "fsLayers",
        "subject",
        "annotations",
        "digest",
        "size",
        "urls",
        "data",
        "platform",
        "os",
        "architecture",
        "variant",
    ],
    opens: b'{',
};

/// The image configuration (image-spec, config.md).
pub(crate) const CONFIG: Document = Document {
    what: "image configuration",
    fields: &[
        "architecture",
        "os",
        "variant",
        "config",
        "rootfs",
        "diff_ids",
        "history",
        "created_by",
        "empty_layer",
        "User",
        "Env",
        "Entrypoint",
        "Cmd",
        "WorkingDir",
        "Labels",
        "ExposedPorts",
        "Volumes",
    ],
    opens: b'{',
};

/// The list of a Docker archive.
pub(crate) const SAVED: Document =
    Document { what: "manifest.json", fields: &["Config", "RepoTags", "Layers"], opens: b'[' };

impl Document {
    /// Reads a document of this kind.
    pub(crate) fn parse<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, ImageError> {
        let malformed = |source| ImageError::Json { what: self.what, source };
        let (mut values, mut fault) = (0, None);
        let look = Look { document: self, values: &mut values, fault: &mut fault, free: false };
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let looked = look.deserialize(&mut json).and_then(|()| json.end());
        let opens = bytes.iter().find(|it| !it.is_ascii_whitespace());
        match (looked, fault) {
            (_, Some(fault)) => Err(fault),
            (Ok(()), None) if opens != Some(&self.opens) => {
                let text = format!("{} does not start with {:?}", self.what, self.opens as char);
                Err(ImageError::Confused(text))
            }
            (Err(error), None) => Err(malformed(error)),
            (Ok(()), None) => serde_json::from_slice(bytes).map_err(malformed),
        }
    }
}

/// Counts values and looks at keys; keeps nothing.
struct Look<'l> {
    document: &'l Document,
    values: &'l mut u64,
    fault: &'l mut Option<ImageError>,
    free: bool,
}

impl Look<'_> {
    fn below(&mut self, free: bool) -> Look<'_> {
        Look { document: self.document, values: self.values, fault: self.fault, free }
    }

    fn count<E: serde::de::Error>(&mut self) -> Result<(), E> {
        *self.values += 1;
        if *self.values <= VALUES_MAX {
            return Ok(());
        }
        let (what, bound) = (self.document.what.to_owned(), "JSON values");
        *self.fault = Some(ImageError::Bound { what, bound, max: VALUES_MAX });
        Err(E::custom("too many values"))
    }

    fn look_at<E: serde::de::Error>(&mut self, key: &str) -> Result<(), E> {
        let Some(field) = self.document.fields.iter().find(|it| is_taken_for(key, it)) else {
            return Ok(());
        };
        let what = self.document.what;
        let text = format!("{what} has the key {key:?}, which some take for {field:?}");
        *self.fault = Some(ImageError::Confused(text));
        Err(E::custom("a key that is taken for another"))
    }
}

/// Whether Go's encoding/json takes this key for the field, and we do not. It folds two letters
/// that are not ASCII: the long s and the Kelvin sign.
fn is_taken_for(key: &str, field: &str) -> bool {
    let folded = key.chars().map(|it| match it {
        'ſ' => 's',
        '\u{212a}' => 'k',
        it => it.to_ascii_lowercase(),
    });
    key != field && folded.eq(field.chars().map(|it| it.to_ascii_lowercase()))
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(mut self, json: D) -> Result<(), D::Error> {
        self.count()?;
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self.below(false))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        while let Some(key) = object.next_key::<std::borrow::Cow<'_, str>>()? {
            if !self.free {
                self.look_at::<A::Error>(&key)?;
            }
            let free = !self.free && FREE.contains(&&*key);
            object.next_value_seed(self.below(free))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<serde_json::Value, ImageError> {
        MANIFEST.parse(json.as_bytes())
    }

    fn confused(json: &str) {
        assert!(matches!(parse(json), Err(ImageError::Confused(_))), "{json}");
    }

    #[test]
    fn a_key_that_go_takes_for_another_is_refused() {
        confused(r#"{"layers":[],"Layers":[]}"#);
        confused(r#"{"LAYERS":[]}"#);
        confused(r#"{"layers":[{"Digest":""}]}"#);
        confused("{\"layer\u{17f}\":[]}");
        confused(r#"{"layer\u017f":[]}"#);
        confused(r#"{"annotations":{},"Annotations":{}}"#);
    }

    #[test]
    fn free_keys_and_unknown_ones_are_no_matter() {
        assert!(parse(r#"{"annotations":{"Layers":"x","layers":"y"},"Other":1}"#).is_ok());
        assert!(parse(r#"{"x":[1,-1,1.5,null,true,"s"]}"#).is_ok());
        confused("[2]");
        let labels = r#"{"config":{"Labels":{"user":"x","USER":"y"}}}"#;
        assert!(CONFIG.parse::<serde_json::Value>(labels.as_bytes()).is_ok());
    }

    #[test]
    fn many_values_and_deep_ones_are_refused() {
        let many = format!("[{}0]", "0,".repeat(200_000));
        assert!(matches!(parse(&many), Err(ImageError::Bound { max: VALUES_MAX, .. })));
        let deep = "[".repeat(100_000);
        assert!(matches!(parse(&deep), Err(ImageError::Json { .. })));
        assert!(matches!(parse("{} x"), Err(ImageError::Json { .. })));
        assert!(matches!(parse(""), Err(ImageError::Json { .. })));
    }
}
