//! `${…}` as faas-cli substitutes it. Every line of the table was compared with
//! drone/envsubst v1.0.3, the library that faas-cli uses; `V=val`, `P=/a/b.tar.gz`, `L=aBcABC`,
//! `W=äöü`, and `U` is not set.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use openfaas::stack::{EnvsubstError, envsubst};
use proptest::prelude::*;

fn variable(name: &str) -> Option<String> {
    let value = match name {
        "V" => "val",
        "P" => "/a/b.tar.gz",
        "L" => "aBcABC",
        "W" => "äöü",
        _ => return None,
    };
    Some(value.to_owned())
}

/// What is written, and what comes out; `None` is "bad substitution".
const TABLE: &[(&str, Option<&str>)] = &[
    ("${V-d}", None),
    ("${V+d}", None),
    ("${V:?d}", Some("val")),
    ("${V:+d}", Some("val")),
    ("${U:?d}", Some("d")),
    ("${U:+d}", Some("d")),
    ("$$", Some("$")),
    ("$$$${V}", Some("$${V}")),
    ("$V $", Some("$V $")),
    ("${", None),
    ("${}", None),
    ("${V", None),
    ("a}b", Some("a}b")),
    ("${V:-a}b}", Some("valb}")),
    ("\\\\ \\/ \\x", Some("\\ / \\x")),
    ("${U:-}", Some("")),
    ("${U:-${U:-x}y}z", Some("xyz")),
    ("${U=${U}}", Some("")),
    ("${V:1}", Some("al")),
    ("${V:-1}", Some("val")),
    ("${V: -1}", Some("val")),
    ("${V:1:1}", Some("a")),
    ("${V:9:1}", Some("")),
    ("${V:x}", Some("val")),
    ("${V:0:2}${V:5}", Some("va")),
    ("${V#v}", Some("al")),
    ("${V#*}", Some("al")),
    ("${V##*}", Some("")),
    ("${V%l}", Some("va")),
    ("${V%%*l}", Some("")),
    ("${V/a/b/c}", Some("vb/cl")),
    ("${V/a}", None),
    ("${V//l/}", Some("va")),
    ("${V/#v/W}", Some("Wal")),
    ("${V/%l/W}", Some("vaW")),
    ("${V/%l/}", Some("val")),
    ("${#V}", Some("3")),
    ("${#U}", Some("0")),
    ("${#}", None),
    ("${V^^^}", None),
    ("${V^,}", Some("val")),
    ("${U.x}", None),
    ("${é}", Some("")),
    ("${V:}", None),
    ("${V::2}", None),
    ("${U:-a$b}", Some("a$b")),
    ("${U:-a$$b}", Some("a$$b")),
    ("$$$", Some("$$")),
    ("$${", Some("${")),
    ("${V/\\//-}", Some("val")),
    ("", Some("")),
    ("${U:=$V}", Some("$V")),
    ("${V:1:}", None),
    ("${V#[v]}", Some("al")),
    ("${V#[^v]}", Some("val")),
    ("${V#?a}", Some("l")),
    ("${V#\\v}", Some("al")),
    ("${P#*/}", Some("a/b.tar.gz")),
    ("${P##*/}", Some("b.tar.gz")),
    ("${P%.*}", Some("/a/b.tar")),
    ("${P%%.*}", Some("/a/b")),
    ("${P%/*}", Some("/a")),
    ("${P//\\//-}", Some("-a-b.tar.gz")),
    ("${P/a/${V}}", Some("/val/b.tar.gz")),
    ("${P/${V}/x}", Some("/a/b.tar.gz")),
    ("${P//b/x${V}}", None),
    ("${P:-x}", Some("/a/b.tar.gz")),
    ("${L^}", Some("ABcABC")),
    ("${L,}", Some("aBcABC")),
    ("${L^^}", Some("ABCABC")),
    ("${L,,}", Some("abcabc")),
    ("${L/#aB/x}", Some("xcABC")),
    ("${L/%BC/x}", Some("aBcAx")),
    ("${L/%xx/y}", Some("aBcABC")),
    ("${W:0:2}", Some("ä")),
    ("${W^}", Some("Äöü")),
    ("${W^^}", Some("ÄÖÜ")),
    ("${#W}", Some("6")),
    ("${L#[a-b]}", Some("BcABC")),
    ("${L##[^c]*}", Some("")),
    ("${L#[}", Some("aBcABC")),
    ("${L#[a}", Some("aBcABC")),
    ("${L#[]a]}", Some("aBcABC")),
    ("${L#}", None),
    ("${L/}", None),
    ("${L//}", None),
    ("${L/a/}", Some("BcABC")),
    ("${U:-a b c}", Some("a b c")),
    ("${U:-${V}-${V}}", Some("val-val")),
    ("${U:=\"q\"}", Some("\"q\"")),
    ("${U:-a:b}", Some("a:b")),
    ("${U:-$}", Some("$")),
    ("${U:-$${V}}", Some("$val")),
    ("image: ${U:-docker.io/acme}/fn:${T:-1}", Some("image: docker.io/acme/fn:1")),
    ("a: $V\nb: ${V}\n", Some("a: $V\nb: val\n")),
    ("$(V)", Some("$(V)")),
    ("$1 ${1}", Some("$1 ")),
    ("${V V}", None),
    ("${ V}", None),
    ("${V }", None),
    ("\\${V}", Some("\\val")),
    ("\\\\${V}", Some("\\val")),
    ("100$", Some("100$")),
    ("$${V:-x}", Some("${V:-x}")),
    ("${V}${V}", Some("valval")),
    ("${U:-}x", Some("x")),
    ("${L:2}", Some("cABC")),
    ("${L:2:2}", Some("cA")),
    ("${L::}", None),
    ("${L:0:0}", Some("")),
    ("${L:0:99}", Some("aBcABC")),
    ("${L:99}", Some("")),
    ("${L:99:1}", Some("")),
    ("${L:${U:-2}}", Some("cABC")),
    ("${L:1:${U:-2}}", Some("Bc")),
    ("${L:1::2}", Some("Bc")),
    ("${L/a//x}", Some("xBcABC")),
    ("${L/a/b/}", Some("b/BcABC")),
    ("${L/#a}", None),
    ("${U:-\\}}", Some("\\}")),
    ("${L#*B}", Some("cABC")),
    ("${L##*B}", Some("C")),
    ("${L%B*}", Some("aBcA")),
    ("${L%%B*}", Some("a")),
];

#[test]
fn what_faas_cli_substitutes_is_what_we_substitute() {
    for (text, expect) in TABLE {
        let got = envsubst(text, &variable);
        assert_eq!(got.ok().as_deref(), *expect, "{text}");
    }
}

#[test]
fn where_the_library_crashes_we_refuse() {
    for text in ["${V:1:-1}", "${V:2:-5}"] {
        assert!(matches!(envsubst(text, &variable), Err(EnvsubstError::Bad { .. })), "{text}");
    }
}

#[test]
fn a_bad_substitution_names_its_line() {
    assert_eq!(envsubst("a\nb\n${V-d}\n", &variable), Err(EnvsubstError::Bad { line: 3 }));
}

#[test]
fn depth_and_size_have_limits() {
    let deep = format!("{}x{}", "${U:-".repeat(200), "}".repeat(200));
    assert_eq!(envsubst(&deep, &variable), Err(EnvsubstError::Limit));
    let much = |name: &str| (name == "BIG").then(|| "x".repeat(1 << 20));
    assert_eq!(envsubst(&"${BIG}".repeat(9), &much), Err(EnvsubstError::Limit));
    assert_eq!(envsubst("${BIG//x/xxxxxxxxx}", &much), Err(EnvsubstError::Limit));
    assert_eq!(envsubst("${BIG#*a*b*c}", &much), Err(EnvsubstError::Limit));
}

proptest! {
    #[test]
    fn any_text_ends_without_a_panic(text in "(\\$|\\{|\\}|:|-|=|#|%|/|\\\\|\\*|\\[|\\]|\\^|,|[VPUW1ä]){0,24}") {
        envsubst(&text, &variable).ok();
    }

    #[test]
    fn text_without_dollar_and_backslash_stays_as_it_is(text in "[^$\\\\\0]{0,200}") {
        prop_assert_eq!(envsubst(&text, &variable).unwrap(), text);
    }

    #[test]
    fn an_escaped_substitution_is_itself(name in "[A-Z]{1,8}") {
        let text = format!("$${{{name}}}");
        prop_assert_eq!(envsubst(&text, &variable).unwrap(), format!("${{{name}}}"));
    }
}
