//! To which group an archive belongs of which Maven noted nothing, or only its `pom.xml`: what says it
//! outright, and nothing that would be guessed (docs/decisions/045).

/// Organisations under which there are hundreds of groups, none of them called so: manifests name them
/// for who made it.
const UMBRELLAS: [&str; 7] = [
    "com.google",
    "com.oracle",
    "com.sun",
    "org.apache",
    "org.codehaus",
    "org.eclipse",
    "org.glassfish",
];

/// What may say it.
pub(super) struct Said<'s> {
    /// `Bundle-SymbolicName`.
    pub(super) bundle: Option<&'s str>,
    /// `Implementation-Vendor-Id`.
    pub(super) vendor: Option<&'s str>,
}

use super::evidence::artifact_and_version;

/// What the place of an archive in a repository says: Maven's (`~/.m2/repository/org/x/NAME/1.2/NAME-1.2.jar`,
/// Debian's `maven-repo`) or Gradle's (`files-2.1/org.x/NAME/1.2/SHA1/NAME-1.2.jar`). Group, artifact and version.
pub(super) fn of_place(path: &[u8]) -> Option<(String, &str, &str)> {
    let parts: Vec<&str> = std::str::from_utf8(path).ok()?.split('/').collect();
    let (group, artifact, version, file) = match *parts.as_slice() {
        [.., "files-2.1", group, artifact, version, _, file] => {
            (group.to_owned(), artifact, version, file)
        }
        [.., "lib", "main" | "boot", file] => return of_quarkus(file),
        [ref above @ .., artifact, version, file] => {
            let root = above.iter().rposition(|it| ["repository", "maven-repo"].contains(it))?;
            (above.get(root + 1..)?.join("."), artifact, version, file)
        }
        _ => return None,
    };
    let is_its = |rest: &str| rest.starts_with(['.', '-']);
    let is_its =
        file.strip_prefix(artifact)?.strip_prefix('-')?.strip_prefix(version).is_some_and(is_its);
    (is_its && !group.is_empty()).then_some((group, artifact, version))
}

/// Quarkus lays what a program needs into `lib/main` and `lib/boot`, as `GROUP.ARTIFACT-VERSION.jar`.
/// Groups have dots, and few artifacts do, unless they begin as groups do.
fn of_quarkus(file: &str) -> Option<(String, &str, &str)> {
    const BEGINNINGS: [&str; 4] = [".org.", ".com.", ".javax.", ".jakarta."];
    let (name, version) = artifact_and_version(file.strip_suffix(".jar")?)?;
    let begins_word = |at: &usize| name[at + 1..].starts_with(|it: char| it.is_ascii_alphabetic());
    let last = || name.rmatch_indices('.').map(|it| it.0).find(begins_word);
    let at = BEGINNINGS.iter().find_map(|it| name.find(it)).or_else(last)?;
    let (group, artifact) = (&name[..at], &name[at + 1..]);
    let is_group = group.contains('.') || artifact.starts_with(group);
    is_group.then(|| (group.to_owned(), artifact, version))
}

/// The group of an artifact, if it is known.
pub(super) fn of<'s>(artifact: &str, said: &Said<'s>) -> Option<&'s str> {
    let bundle = said.bundle.and_then(|it| of_bundle(artifact, it));
    bundle.or(said.vendor.filter(|it| is_group(it)))
}

/// `org.xerial.snappy.snappy-java` is a group and its artifact. Where the artifact is one word, as of
/// `org.objectweb.asm`, it may as well be the group alone, or neither (it is `org.ow2.asm:asm`).
fn of_bundle<'s>(artifact: &str, bundle: &'s str) -> Option<&'s str> {
    let is_telling = artifact.contains(['-', '.', '_']);
    let group = bundle.strip_suffix(artifact)?.strip_suffix('.')?;
    Some(group).filter(|it| is_telling && is_group(it))
}

fn is_group(name: &str) -> bool {
    name.contains('.') && !UMBRELLAS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(artifact: &str, bundle: &str, vendor: &str, expected: &str) {
        let given = |text: &'static str| Some(text).filter(|it| !it.is_empty());
        let leaked = |text: &str| given(Box::leak(text.to_owned().into_boxed_str()));
        let said = Said { bundle: leaked(bundle), vendor: leaked(vendor) };
        assert_eq!(of(artifact, &said).unwrap_or_default(), expected, "{artifact}");
    }

    #[test]
    fn the_place_in_a_repository_says_it() {
        let check = |path: &str, expected: Option<(&str, &str, &str)>| {
            let expected = expected.map(|(group, name, version)| (group.to_owned(), name, version));
            assert_eq!(of_place(path.as_bytes()), expected, "{path}");
        };
        let spring = Some(("org.springframework", "spring-core", "5.3.23"));
        let maven = "root/.m2/repository/org/springframework/spring-core/5.3.23";
        check(&format!("{maven}/spring-core-5.3.23.jar"), spring);
        check(&format!("{maven}/spring-core-5.3.23-tests.jar"), spring);
        check(&format!("{maven}/spring-core-5.3.2.jar"), None);
        let gradle = "caches/modules-2/files-2.1/org.springframework/spring-core/5.3.23/0a1b";
        check(&format!("{gradle}/spring-core-5.3.23.jar"), spring);
        check(
            &format!("{maven}/spring-core-5.3.23.jar").replace(".m2/repository", "maven-repo"),
            spring,
        );
        check("repository/spring-core/5.3.23/spring-core-5.3.23.jar", None);
        check("app/lib/main/org.springframework.spring-core-5.3.23.jar", spring);
        let scala = Some(("org.json4s", "json4s-core_2.13", "3.7"));
        check("lib/boot/org.json4s.json4s-core_2.13-3.7.jar", scala);
        check("lib/main/log4j.log4j-1.2.17.jar", Some(("log4j", "log4j", "1.2.17")));
        let eclipse = Some(("org.eclipse.platform", "org.eclipse.core.runtime", "3.26.0"));
        check("lib/main/org.eclipse.platform.org.eclipse.core.runtime-3.26.0.jar", eclipse);
        check("lib/main/spring-core-5.3.23.jar", None);
        check("lib/main/some.thing-1.0.jar", None);
        check("app/lib/spring-core-5.3.23.jar", None);
        check("a.jar", None);
    }

    #[test]
    fn what_says_it_outright_is_taken_and_nothing_is_guessed() {
        // As they are in Maven Central, of archives without Maven's notes.
        check("snappy-java", "org.xerial.snappy.snappy-java", "", "org.xerial.snappy");
        check("bcprov-jdk15on", "bcprov", "org.bouncycastle", "org.bouncycastle");
        check(
            "hibernate-commons-annotations",
            "org.hibernate.common.hibernate-commons-annotations",
            "org.hibernate",
            "org.hibernate.common",
        );
        check("objenesis", "org.objenesis", "org.objenesis", "org.objenesis");
        check("tomcat-catalina", "org.apache.tomcat-catalina", "", "");
        check("activation", "", "com.sun", "");
        check("velocity", "org.apache.velocity", "org.apache", "");
        check("poi", "", "The Apache Software Foundation", "");
        check("asm", "org.objectweb.asm", "", "");
        check("jna", "com.sun.jna", "", "");
        check("caffeine", "com.github.ben-manes.caffeine", "", "");
        check("kafka-clients", "", "", "");
    }
}
