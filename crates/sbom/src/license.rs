//! Licences as packages declare them: an SPDX expression where it is one, the package's own words
//! where it is not. Nothing is concluded from a licence's text.

mod words;

use std::collections::BTreeSet;

use ::spdx::{Expression, ParseMode};

/// A licence as a package declares it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum License {
    /// An SPDX licence expression.
    Expression(String),
    /// Words that are none.
    Named(String),
}

/// What is longer is no expression, but a licence's text.
const EXPRESSION_BYTES_MAX: usize = 1024;

/// Identifiers of the list, also those it has replaced: packages declare both.
const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: false,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: true,
    allow_deprecated: true,
    allow_unknown: false,
};

impl License {
    /// Reads what a package declares. Words that mean one licence of the list are written as the
    /// list writes them.
    pub fn declared(words: &str) -> Self {
        let words = words.trim();
        let named = || words::named(words).map(str::to_owned);
        match named().or_else(|| expression(words)).or_else(|| in_clauses(words)) {
            Some(expression) => Self::Expression(expression),
            None => Self::Named(words.to_owned()),
        }
    }

    /// The expression, where it is one.
    pub(crate) fn expression(&self) -> Option<String> {
        match self {
            Self::Expression(expression) => Some(expression.clone()),
            Self::Named(_) => None,
        }
    }

    /// As it is written.
    pub(crate) fn into_words(self) -> String {
        match self {
            Self::Expression(words) | Self::Named(words) => words,
        }
    }

    /// All that a package declares, each once, in their order.
    pub(crate) fn all(declared: &[String]) -> Vec<Self> {
        let mut seen = BTreeSet::new();
        let given = declared.iter().filter(|it| !it.trim().is_empty());
        given.map(|it| Self::declared(it)).filter(|it| seen.insert(it.clone())).collect()
    }

    /// Several expressions as one. Who lists licences without a word between them may mean any
    /// of them or all: all is what nobody can be wrong to keep.
    pub(crate) fn conjunction(expressions: &[String]) -> String {
        match expressions {
            [one] => one.clone(),
            all => {
                let within = |it: &String| match it.contains(' ') {
                    true => format!("({it})"),
                    false => it.clone(),
                };
                all.iter().map(within).collect::<Vec<_>>().join(" AND ")
            }
        }
    }
}

/// The expression that words are, each as the list writes it.
fn expression(words: &str) -> Option<String> {
    if words.is_empty() || words.len() > EXPRESSION_BYTES_MAX {
        return None;
    }
    let spaced = words.replace('(', "( ").replace(')', " )");
    let written = |word: &str| match word {
        "(" | ")" | "AND" | "OR" | "WITH" => Some(word.to_owned()),
        "and" | "or" | "with" | "And" | "Or" | "With" => Some(word.to_uppercase()),
        _ => words::word(word),
    };
    let all: Option<Vec<String>> = spaced.split_ascii_whitespace().map(written).collect();
    let text = all?.join(" ").replace("( ", "(").replace(" )", ")");
    is_expression(&text).then_some(text)
}

/// The expression of clauses that commas hold apart: `A or B, and C` is `(A or B) and C`
/// (Debian's copyright-format 1.0, "License specification").
fn in_clauses(words: &str) -> Option<String> {
    if words.len() > EXPRESSION_BYTES_MAX || words.contains(['(', ')']) {
        return None;
    }
    let (first, rest) = words.split_once(',')?;
    let (mut clauses, mut operators) = (vec![first], BTreeSet::new());
    for clause in rest.split(',') {
        let (operator, clause) = clause.trim_start().split_once(' ')?;
        operators.insert(operator.to_uppercase());
        clauses.push(clause);
    }
    let operator = operators.pop_first().filter(|it| ["AND", "OR"].contains(&it.as_str()))?;
    // `A, or B, and C` has no meaning that all would agree on.
    if !operators.is_empty() {
        return None;
    }
    let clause = |it: &&str| {
        let clause = expression(it.trim())?;
        let is_joined = [" AND ", " OR "].iter().any(|it| clause.contains(it));
        Some(if is_joined { format!("({clause})") } else { clause })
    };
    let clauses: Option<Vec<String>> = clauses.iter().map(clause).collect();
    Some(clauses?.join(&format!(" {operator} ")))
}

fn is_expression(words: &str) -> bool {
    // A reference leads to a text beside it, which is not here.
    let is_listed = |it: &::spdx::LicenseReq| {
        it.license.id().is_some_and(|it| it.name != "NOASSERTION")
            && it.addition.as_ref().is_none_or(|it| it.id().is_some())
    };
    Expression::parse_mode(words, MODE)
        .is_ok_and(|it| it.requirements().all(|it| is_listed(&it.req)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &str, is_expression: bool) {
        let license = License::declared(words);
        let expect = match is_expression {
            true => License::Expression(words.to_owned()),
            false => License::Named(words.to_owned()),
        };
        assert_eq!(license, expect);
    }

    #[test]
    fn what_the_list_knows_is_an_expression() {
        for words in [
            "MIT",
            "GPL-2.0-only AND (MIT OR Apache-2.0)",
            "GPL-2.0-or-later WITH Classpath-exception-2.0",
            "GPL-2.0",
        ] {
            check(words, true);
        }
    }

    #[test]
    fn words_that_mean_one_licence_are_written_as_the_list_writes_them() {
        for (words, expect) in [
            ("mit", "MIT"),
            ("MIT License", "MIT"),
            ("GPLv2+ and (expat or BSD-3-clause)", "GPL-2.0-or-later AND (MIT OR BSD-3-Clause)"),
            ("LGPL-2.1+ or MIT", "LGPL-2.1-or-later OR MIT"),
            (
                "GPL-2+ with classpath-exception-2.0",
                "GPL-2.0-or-later WITH Classpath-exception-2.0",
            ),
        ] {
            assert_eq!(License::declared(words), License::Expression(expect.to_owned()));
        }
    }

    #[test]
    fn a_comma_holds_clauses_apart() {
        for (words, expect) in [
            ("GPL-2+ or MIT, and BSD-3-clause", "(GPL-2.0-or-later OR MIT) AND BSD-3-Clause"),
            ("MIT, or ISC and Zlib, or 0BSD", "MIT OR (ISC AND Zlib) OR 0BSD"),
            ("MIT, and Apache-2.0", "MIT AND Apache-2.0"),
        ] {
            assert_eq!(License::declared(words), License::Expression(expect.to_owned()));
        }
        for words in
            ["MIT, ISC", "MIT, and mine", "MIT, or ISC, and Zlib", "(MIT, and ISC)", "MIT,"]
        {
            check(words, false);
        }
    }

    #[test]
    fn what_it_does_not_know_is_kept_as_it_is() {
        for words in [
            "mine",
            "GPL-2+ with OpenSSL exception",
            "MIT BSD GPL2+",
            "Artistic or GPL-1+",
            "BSD",
            "LicenseRef-x",
            "MIT/Apache-2.0",
            "MIT AND",
            "NONE(",
        ] {
            check(words, false);
        }
        check(&["MIT"; 500].join(" AND "), false);
        check(&"(".repeat(1000), false);
    }

    #[test]
    fn a_list_is_all_of_it() {
        let all = ["MIT".to_owned(), "Apache-2.0 OR ISC".to_owned()];
        assert_eq!(License::conjunction(&all), "MIT AND (Apache-2.0 OR ISC)");
        assert_eq!(License::conjunction(&all[..1]), "MIT");
        let declared = [" MIT", "", "MIT", "x"].map(str::to_owned);
        let expect = [License::Expression("MIT".to_owned()), License::Named("x".to_owned())];
        assert_eq!(License::all(&declared), expect);
    }
}
