//! JSON as package managers write it: streamed, and bounded in what is held of it.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::findings::{PACKAGES_MAX, Trouble};

/// How long a lock file or another list of packages may be. The largest in use have some MB.
pub(super) const BYTES_MAX: u64 = 16 << 20;
/// How many licences are held of one package.
const LICENSES_MAX: usize = 16;

/// Reads a document. What `T` does not name passes by and is not held.
pub(super) fn read<T: DeserializeOwned>(content: &mut dyn Read, what: &str) -> Result<T, Trouble> {
    let mut reader = BufReader::with_capacity(16 << 10, content.take(BYTES_MAX + 1));
    if reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    let read = serde_json::from_reader(&mut reader);
    if reader.get_ref().limit() == 0 {
        return Err(Trouble::Limit { limit: "list_bytes_max", max: BYTES_MAX });
    }
    read.map_err(|error| match error.is_io() {
        true => Trouble::Read(error.to_string()),
        false => Trouble::Malformed(format!("is no {what}: {error}")),
    })
}

/// A text; anything else in its place is none.
#[derive(Default)]
pub(super) struct Text(pub(super) Option<String>);

impl Text {
    /// The text without spaces around it, if any is left.
    pub(super) fn given(self) -> Option<String> {
        self.0.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty())
    }
}

/// Texts: one, or a list of them; anything else in its place is none.
#[derive(Default)]
pub(super) struct Texts(pub(super) Vec<String>);

/// Licences in the ways in which they have been written over the years: a text, an object with a
/// `type` or `name`, a list of both.
#[derive(Default)]
pub(super) struct Licenses(pub(super) Vec<String>);

/// The entries of an object, in its order; anything else in its place has none.
pub(super) struct Entries<V>(pub(super) Vec<(String, V)>);

/// A value that is true; all else is not.
#[derive(Default)]
pub(super) struct Flag(pub(super) bool);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// What a value of JSON is, told without holding what nobody asked for.
enum Shape<M> {
    Text(String),
    Flag(bool),
    Many(M),
    Other,
}

/// How what is in lists and objects is gathered.
trait Gather<'de>: Sized {
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error>;
    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error>;
}

struct ShapeVisitor<M>(PhantomData<M>);

impl<'de, M: Gather<'de>> Visitor<'de> for ShapeVisitor<M> {
    type Value = Shape<M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Shape<M>, E> {
        Ok(Shape::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, is: bool) -> Result<Shape<M>, E> {
        Ok(Shape::Flag(is))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape<M>, E> {
        Ok(Shape::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape<M>, E> {
        Ok(Shape::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape<M>, E> {
        Ok(Shape::Other)
    }

    fn visit_unit<E>(self) -> Result<Shape<M>, E> {
        Ok(Shape::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Shape<M>, A::Error> {
        M::list(list).map(Shape::Many)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Shape<M>, A::Error> {
        M::object(object).map(Shape::Many)
    }
}

fn shape<'de, D: Deserializer<'de>, M: Gather<'de>>(from: D) -> Result<Shape<M>, D::Error> {
    from.deserialize_any(ShapeVisitor(PhantomData))
}

fn pass_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn pass_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<(), A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

fn too_many<E: serde::de::Error>() -> E {
    E::custom(format_args!("past the limit file_packages_max = {PACKAGES_MAX}"))
}

/// Nothing of a list or an object.
impl<'de> Gather<'de> for () {
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        pass_list(list)
    }

    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        pass_object(object)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match shape::<D, ()>(deserializer)? {
            Shape::Text(text) => Self(Some(text)),
            _ => Self(None),
        })
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(matches!(shape::<D, ()>(deserializer)?, Shape::Flag(true))))
    }
}

impl<'de> Gather<'de> for Texts {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut texts = Vec::new();
        while let Some(Text(text)) = list.next_element()? {
            texts.extend(text.filter(|_| texts.len() < LICENSES_MAX));
        }
        Ok(Self(texts))
    }

    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        pass_object(object).map(|()| Self::default())
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match shape::<D, Self>(deserializer)? {
            Shape::Text(text) => Self(vec![text]),
            Shape::Many(texts) => texts,
            _ => Self::default(),
        })
    }
}

impl<'de> Gather<'de> for Licenses {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut all = Vec::new();
        while let Some(Self(licenses)) = list.next_element()? {
            all.extend(licenses.into_iter().take(LICENSES_MAX - all.len()));
        }
        Ok(Self(all))
    }

    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut name = None;
        while let Some(Text(key)) = object.next_key()? {
            match key.as_deref() {
                Some("type" | "name") => name = object.next_value::<Text>()?.0.or(name),
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Self(name.into_iter().collect()))
    }
}

impl<'de> Deserialize<'de> for Licenses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match shape::<D, Self>(deserializer)? {
            Shape::Text(text) => Self(vec![text]),
            Shape::Many(licenses) => licenses,
            _ => Self::default(),
        })
    }
}

impl<'de, V: Deserialize<'de>> Gather<'de> for Entries<V> {
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        pass_list(list).map(|()| Self::default())
    }

    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = object.next_entry()? {
            if entries.len() > PACKAGES_MAX {
                return Err(too_many());
            }
            entries.push(entry);
        }
        Ok(Self(entries))
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match shape::<D, Self>(deserializer)? {
            Shape::Many(entries) => entries,
            _ => Self::default(),
        })
    }
}
