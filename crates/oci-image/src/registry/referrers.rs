//! Which manifests are about another one, as a registry lists them, page by page (OCI
//! distribution-spec, "Listing Referrers").

use http::{HeaderMap, StatusCode, header};
use verdict::Digest;

use crate::descriptor::Descriptor;
use crate::error::ImageError;
use crate::manifest::{ManifestKind, RawManifest};
use crate::reference::Reference;
use crate::registry::client::RegistryClient;
use crate::registry::question::Question;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const PAGES_MAX: u32 = 32;
const REFERRERS_MAX: usize = 1024;

/// The list of what is about `subject`; `None` if the registry has no such list. All pages
/// together are no more than `bytes_max`.
pub(crate) async fn list(
    client: &RegistryClient,
    reference: &Reference,
    subject: &Digest,
    bytes_max: u64,
) -> Result<Option<Vec<Descriptor>>, ImageError> {
    let what = || format!("the referrers of {}@{subject}", reference.name());
    let (mut listed, mut left) = (Vec::new(), bytes_max);
    let mut path = format!("referrers/{subject}");
    for page in 0..PAGES_MAX {
        let question = Question { says_none, ..Question::new(&path, INDEX) };
        let Some(response) = client.ask(reference, &question).await? else {
            // A first page that is missing is an API that is missing; a later one is a fault.
            return if page == 0 { Ok(None) } else { Err(broken(what(), "a page is missing")) };
        };
        let next = next(response.headers(), reference);
        let over =
            || ImageError::Limit { what: what(), limit: "manifest_bytes_max", max: bytes_max };
        let bytes = client.whole(response, left, what).await?.ok_or_else(over)?;
        left = left.saturating_sub(bytes.len() as u64);
        match ManifestKind::parse(&RawManifest { media_type: None, bytes })? {
            ManifestKind::Index(index) => listed.extend(index.manifests),
            ManifestKind::Manifest(_) => return Err(broken(what(), "the list is no index")),
        }
        if listed.len() > REFERRERS_MAX {
            let max = REFERRERS_MAX as u64;
            return Err(ImageError::Bound { what: what(), bound: "referrers", max });
        }
        match next {
            Ok(Some(next)) => path = next,
            Ok(None) => return Ok(Some(listed)),
            Err(why) => return Err(broken(what(), why)),
        }
    }
    Err(ImageError::Bound { what: what(), bound: "pages", max: PAGES_MAX.into() })
}

/// Registries without the API say so in several ways, though 404 is the one that is specified.
fn says_none(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 404 | 405 | 501)
}

fn broken(what: String, why: &'static str) -> ImageError {
    ImageError::Source { what, source: why.into() }
}

/// The path of the next page below the repository's own; nothing else of the link is followed, so
/// that a registry cannot send us, or our token, elsewhere.
fn next(headers: &HeaderMap, reference: &Reference) -> Result<Option<String>, &'static str> {
    let links = headers.get_all(header::LINK).iter();
    let Some(link) = links.filter_map(|it| it.to_str().ok()).find_map(next_page) else {
        return Ok(None);
    };
    let below = format!("/v2/{}/referrers/", reference.repository());
    let rest = match link.split_once(&below) {
        Some((_, rest)) if !rest.contains("..") && !rest.contains('#') => rest,
        _ => return Err("the next page is said to lie elsewhere"),
    };
    Ok(Some(format!("referrers/{rest}")))
}

/// The target of the link to the next page in a `Link` header (RFC 8288), if it has one.
pub fn next_page(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, parameters) = after.split_once('>')?;
        let (parameters, others) = match parameters.find('<') {
            Some(at) => parameters.split_at(at),
            None => (parameters, ""),
        };
        let is_next = |it: &str| match it.split_once('=') {
            Some((name, value)) => {
                let value = value.trim().trim_end_matches(',').trim().trim_matches('"');
                name.trim().eq_ignore_ascii_case("rel")
                    && value.split(' ').any(|it| it.eq_ignore_ascii_case("next"))
            }
            None => false,
        };
        if parameters.split(';').any(is_next) {
            return Some(target);
        }
        rest = others;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_as_registries_write_them() {
        for (header, expect) in [
            (r#"</v2/a/referrers/x?n=2>; rel="next""#, Some("/v2/a/referrers/x?n=2")),
            ("<https://r.io/v2/a>;rel=next", Some("https://r.io/v2/a")),
            (r#"<a>; rel="prev", <b>; title="x"; REL="Next""#, Some("b")),
            (r#"<a>; rel="first next""#, Some("a")),
            (r#"<a>; rel="prev""#, None),
            ("<a", None),
            ("", None),
        ] {
            assert_eq!(next_page(header), expect, "{header}");
        }
    }

    fn next_of(link: &str) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::LINK, format!("<{link}>; rel=next").parse().unwrap());
        next(&headers, &"r.io/acme/fn:1".parse().unwrap())
    }

    #[test]
    fn a_next_page_is_of_the_same_repository_and_no_other() {
        let same = Ok(Some("referrers/sha256:x?last=y".to_owned()));
        assert_eq!(next_of("/v2/acme/fn/referrers/sha256:x?last=y"), same);
        assert_eq!(next_of("http://elsewhere/v2/acme/fn/referrers/sha256:x?last=y"), same);
        for wrong in ["http://evil/x", "/v2/acme/other/referrers/x", "/v2/acme/fn/referrers/../x"] {
            assert!(next_of(wrong).is_err(), "{wrong}");
        }
    }
}
