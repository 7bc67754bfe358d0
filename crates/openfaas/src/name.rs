//! A function's name, as the gateway's routes take it: `scan-layers` or `scan-layers.openfaas-fn`.

use std::fmt;
use std::str::FromStr;

/// A function, in its namespace or in the gateway's default one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionName {
    name: String,
    namespace: Option<String>,
}

/// Why a text is no function's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no function's name: 1 to 63 of a-z A-Z 0-9 _ -, and the same after a dot for its namespace"
)]
pub struct NameError(String);

impl FunctionName {
    /// The function of this name in this namespace.
    ///
    /// # Errors
    /// When either is empty, longer than a DNS label, or has a character that no route takes.
    pub fn new(name: &str, namespace: Option<&str>) -> Result<Self, NameError> {
        let namespace = namespace.filter(|namespace| !namespace.is_empty());
        if !is_label(name) || !namespace.is_none_or(is_label) {
            return Err(NameError(format!("{name}.{}", namespace.unwrap_or_default())));
        }
        Ok(Self { name: name.to_owned(), namespace: namespace.map(str::to_owned) })
    }

    /// The name without the namespace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace, if one is given.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }
}

fn is_label(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&text.len()) && text.bytes().all(known)
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.namespace.iter().try_for_each(|namespace| write!(f, ".{namespace}"))
    }
}

impl FromStr for FunctionName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split_once('.') {
            Some((_, "")) => Err(NameError(text.to_owned())),
            Some((name, namespace)) => Self::new(name, Some(namespace)),
            None => Self::new(text, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_route() {
        for text in ["", "a/b", "..", "a.", ".b", "a b", "a?x", "a.b.c", &"x".repeat(64)] {
            assert!(text.parse::<FunctionName>().is_err(), "{text:?}");
        }
        for text in ["scan-layers", "a.b", "A_1.openfaas-fn"] {
            assert_eq!(text.parse::<FunctionName>().unwrap().to_string(), text);
        }
    }
}
