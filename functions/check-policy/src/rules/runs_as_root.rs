//! The image's user is root, or nobody is named.

use verdict::{Finding, Rule, Severity};

use crate::scene::{Scene, found};

pub(crate) const RULE: Rule = Rule {
    id: "runs-as-root",
    title: "the image runs as root",
    severity: Severity::High,
    remedy: "end the Dockerfile with a numeric user that is not 0, such as `USER 10001`",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let user = &scene.config().config.user;
    let title = match user_part(user) {
        "" => "the image names no user, so it runs as root".to_owned(),
        root if is_root(root) => format!("the image runs as root (USER {user:?})"),
        _ => return Vec::new(),
    };
    let effect = scene.policy.image.runs_as_root;
    scene.is_made().then(|| found(&RULE, effect, title)).flatten().into_iter().collect()
}

/// The user of `user:group`.
pub(crate) fn user_part(user: &str) -> &str {
    user.split_once(':').map_or(user, |(user, _)| user).trim()
}

/// Container engines read digits as an id, so `00` is root too.
fn is_root(user: &str) -> bool {
    user == "root" || user.trim_start_matches('+').parse() == Ok(0_u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_has_many_names() {
        for root in ["0", "root", "00", "+0"] {
            assert!(is_root(root), "{root}");
        }
        for user in ["10001", "app", "1", "rootless", "-0x"] {
            assert!(!is_root(user), "{user}");
        }
        assert_eq!(user_part("0:1000"), "0");
        assert_eq!(user_part(":1000"), "");
        assert_eq!(user_part("app"), "app");
    }
}
