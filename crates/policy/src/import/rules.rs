//! policy-controller's Rego over an attestation, as a module with `deny` rules.
//!
//! There a module is of the package `sigstore` and says `isCompliant`: true, or a set of objects
//! of which one has `result: true`; `warning` and `error` are what is said of it. Here it stays as
//! it is, and rules are added that ask it.

/// What is added to a module whose `isCompliant` is true or not.
const OF_BOOLEAN: &str = r#"
# By faas-validator: what policy-controller asks of the rules above.
deny[msg] {
	not isCompliant == true
	msg := "isCompliant is not true"
}
"#;

/// What is added to a module whose `isCompliant` is a set of objects.
const OF_OBJECTS: &str = r#"
# By faas-validator: what policy-controller asks of the rules above.
deny[msg] {
	not faas_validator_complies
	msg := faas_validator_errors[_]
}

warn[msg] {
	msg := [it.warning | it := isCompliant[_]; it.result == true; it.warning != ""][_]
}

faas_validator_complies {
	isCompliant[_].result == true
}

faas_validator_errors["isCompliant has no result that is true"] {
	true
}

faas_validator_errors[msg] {
	msg := isCompliant[_].error
	msg != ""
}
"#;

/// The module with the rules that ask it; or what of it has no equivalent.
pub(super) fn with_deny(module: &str) -> Result<String, String> {
    let lines = || module.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    if lines().any(|line| line == "import rego.v1") {
        return Err("import rego.v1, which the dialect of policy-controller is before".to_owned());
    }
    let package = lines().find_map(|line| line.strip_prefix("package")).map(str::trim);
    if package != Some("sigstore") {
        return Err(format!("package {}", package.unwrap_or("that is not named")));
    }
    // Here such rules are asked, there they are not.
    let asked = |line: &str| {
        let name = line.strip_prefix("default ").unwrap_or(line);
        let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        let kind = name.split('_').next()?;
        let added = name.starts_with("faas_validator_");
        (added || ["deny", "violation", "warn"].contains(&kind)).then(|| name.to_owned())
    };
    if let Some(name) = lines().find_map(asked) {
        return Err(format!("the rule {name} beside isCompliant"));
    }
    let heads = || {
        lines().filter_map(|line| {
            let head = line.strip_prefix("default ").unwrap_or(line).trim_start();
            head.strip_prefix("isCompliant").map(str::trim_start)
        })
    };
    let objects = heads().filter(|rest| rest.starts_with('[') || rest.starts_with("contains "));
    let asking = match (heads().count(), objects.count()) {
        (0, _) => return Err("a module without isCompliant".to_owned()),
        (_, 0) => OF_BOOLEAN,
        (all, some) if all == some => OF_OBJECTS,
        _ => return Err("isCompliant as a value and as a set".to_owned()),
    };
    Ok(format!("{}\n{asking}", module.trim_end()))
}
