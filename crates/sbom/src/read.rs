//! Bills of materials that others wrote: CycloneDX (JSON, 1.x) and SPDX (JSON, 2.x), as far as
//! they list package URLs. What they say is a claim, and nothing here believes it.

mod elements;

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use self::elements::{Components, Packages};

/// A longer document is not read. The largest in use have some MB.
pub const BILL_BYTES_MAX: u64 = 16 << 20;

/// A bill of materials, as far as it lists packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// Its format.
    pub format: BillFormat,
    /// Its format's version, as it is written.
    pub version: String,
    /// The package URLs that it lists, as they are written.
    pub purls: BTreeSet<String>,
    /// How many of its packages have no package URL: nobody can tell which they are.
    pub unnamed: u64,
}

/// A format of bills of materials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillFormat {
    /// OWASP's.
    CycloneDx,
    /// The Linux Foundation's.
    Spdx,
}

/// Why bytes are no bill of materials that is read here.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    /// It is too long.
    #[error("it is longer than {BILL_BYTES_MAX} bytes")]
    TooLong,
    /// It is no JSON, or not of the shape that its format has.
    #[error("it is no bill of materials in JSON")]
    Json(#[source] serde_json::Error),
    /// It is JSON of something else.
    #[error("it is neither CycloneDX 1 nor SPDX 2")]
    Format,
}

/// What either format has at its top.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    bom_format: Option<String>,
    #[serde(default)]
    spec_version: Option<String>,
    #[serde(default)]
    spdx_version: Option<String>,
    #[serde(default)]
    components: Components,
    #[serde(default)]
    packages: Packages,
}

impl Bill {
    /// Reads one.
    ///
    /// # Errors
    /// When it is none, or too much.
    pub fn read(bytes: &[u8]) -> Result<Self, BillError> {
        if bytes.len() as u64 > BILL_BYTES_MAX {
            return Err(BillError::TooLong);
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let document: Document = serde_json::from_slice(bytes).map_err(BillError::Json)?;
        let (format, version, listed) =
            match (document.bom_format, document.spec_version, document.spdx_version) {
                (Some(format), Some(version), None) if format == "CycloneDX" => {
                    (BillFormat::CycloneDx, version, document.components.0)
                }
                (None, None, Some(version)) => {
                    let version = version.strip_prefix("SPDX-").ok_or(BillError::Format)?;
                    (BillFormat::Spdx, version.to_owned(), document.packages.0)
                }
                _ => return Err(BillError::Format),
            };
        let first = match format {
            BillFormat::CycloneDx => "1.",
            BillFormat::Spdx => "2.",
        };
        if !version.starts_with(first) || version.len() > 8 {
            return Err(BillError::Format);
        }
        Ok(Self { format, version, purls: listed.purls, unnamed: listed.unnamed })
    }
}

impl fmt::Display for BillFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CycloneDx => "CycloneDX",
            Self::Spdx => "SPDX",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expect: &[&str], unnamed: u64) {
        let bill = Bill::read(json.as_bytes()).unwrap();
        assert_eq!(bill.purls.iter().collect::<Vec<_>>(), expect, "{json}");
        assert_eq!(bill.unnamed, unnamed, "{json}");
    }

    #[test]
    fn components_are_read_at_every_depth_and_the_image_itself_is_none() {
        check(
            r#"{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"component":{"purl":"pkg:oci/x"}},
               "components":[{"type":"library","purl":"pkg:npm/a@1","components":[{"purl":"pkg:npm/b@1"}]},
               {"type":"library","name":"c"},{"type":"file","name":"/etc/passwd"},{"type":"operating-system"}]}"#,
            &["pkg:npm/a@1", "pkg:npm/b@1"],
            1,
        );
        check(r#"{"bomFormat":"CycloneDX","specVersion":"1.4"}"#, &[], 0);
    }

    #[test]
    fn packages_are_read_by_their_references() {
        check(
            r#"{"spdxVersion":"SPDX-2.2","packages":[
               {"name":"a","externalRefs":[{"referenceCategory":"PACKAGE_MANAGER","referenceType":"purl","referenceLocator":"pkg:npm/a@1"},
                {"referenceCategory":"SECURITY","referenceType":"cpe23Type","referenceLocator":"cpe:2.3:a:a:a:1"}]},
               {"name":"b"},{"name":"image","primaryPackagePurpose":"CONTAINER"}]}"#,
            &["pkg:npm/a@1"],
            1,
        );
    }

    #[test]
    fn what_is_no_bill_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            "{",
            r#"{"bomFormat":"CycloneDX"}"#,
            r#"{"bomFormat":"CycloneDX","specVersion":"2.0"}"#,
            r#"{"spdxVersion":"SPDX-3.0","packages":[]}"#,
            r#"{"bomFormat":"CycloneDX","specVersion":"1.6","spdxVersion":"SPDX-2.3"}"#,
        ] {
            assert!(Bill::read(text.as_bytes()).is_err(), "{text}");
        }
        let deep = format!("{}{}", r#"{"components":["#, r#"{"components":["#.repeat(100_000));
        assert!(matches!(Bill::read(deep.as_bytes()), Err(BillError::Json(_))));
        let long = vec![b' '; BILL_BYTES_MAX as usize + 1];
        assert!(matches!(Bill::read(&long), Err(BillError::TooLong)));
        let many = format!(
            r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{}{{}}]}}"#,
            "{},".repeat(300_000)
        );
        assert!(Bill::read(many.as_bytes()).unwrap_err().to_string().contains("no bill"));
    }
}
