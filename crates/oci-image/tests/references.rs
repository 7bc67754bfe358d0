//! Laws of references: what is read is written so that it reads the same, and nothing panics.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use oci_image::{Reference, Transport, Which};
use proptest::prelude::*;

fn component() -> impl Strategy<Value = String> {
    "[a-z0-9]{1,8}((\\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}"
}

fn registry() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("docker.io".to_owned()),
        Just("localhost".to_owned()),
        Just("[::1]:5000".to_owned()),
        "[a-z0-9]{1,8}\\.[a-z]{2,3}(:[1-9][0-9]{0,3})?",
    ]
}

proptest! {
    #[test]
    fn a_name_alone_reads_the_same(name in component()) {
        let reference: Reference = name.parse().unwrap();
        let again: Reference = reference.to_string().parse().unwrap();
        prop_assert_eq!(again.which(), reference.which());
        prop_assert_eq!(again.to_string(), reference.to_string());
    }

    #[test]
    fn any_text_is_a_reference_or_an_error_with_a_remedy(text in ".{0,80}") {
        match text.parse::<Reference>() {
            Ok(reference) => {
                let again: Reference = reference.to_string().parse().unwrap();
                prop_assert_eq!(again.which(), reference.which());
                prop_assert_eq!(again.to_string(), reference.to_string());
                match (reference.tag(), reference.digest()) {
                    // What `which` names is written out.
                    (None, None) => {
                        prop_assert_eq!(again.tag(), Some("latest"));
                        prop_assert_eq!(again.name(), reference.name());
                    }
                    _ => prop_assert_eq!(again, reference),
                }
            }
            Err(error) => prop_assert!(!error.remedy().is_empty()),
        }
        let _ = text.parse::<Transport>();
    }

    #[test]
    fn what_docker_takes_is_taken_apart_as_it_was_put_together(
        registry in registry(),
        path in prop::collection::vec(component(), 2..4),
        tag in prop::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"),
        digest in prop::option::of("sha256:[0-9a-f]{64}"),
    ) {
        let mut text = format!("{registry}/{}", path.join("/"));
        tag.iter().for_each(|tag| text.push_str(&format!(":{tag}")));
        digest.iter().for_each(|digest| text.push_str(&format!("@{digest}")));
        let reference: Reference = text.parse().unwrap();
        prop_assert_eq!(reference.registry(), registry);
        prop_assert_eq!(reference.repository(), path.join("/"));
        prop_assert_eq!(reference.tag(), tag.as_deref());
        match (reference.which(), digest, tag) {
            (Which::Digest(found), Some(digest), _) => prop_assert_eq!(found.to_string(), digest),
            (Which::Tag(found), None, Some(tag)) => prop_assert_eq!(found, tag),
            (Which::Tag(found), None, None) => prop_assert_eq!(found, "latest"),
            (which, ..) => prop_assert!(false, "{which:?}"),
        }
    }

    #[test]
    fn upper_case_in_a_repository_is_refused(path in "[a-z]{0,3}[A-Z][a-z]{0,3}") {
        let error = format!("ghcr.io/acme/{path}").parse::<Reference>().unwrap_err();
        prop_assert!(error.to_string().contains("lower case"), "{error}");
    }
}
