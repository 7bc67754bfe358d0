//! Python's names, as they are compared.

/// A name in lower case, each run of `-`, `_` and `.` one `-` (PEP 503).
pub fn python_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !normal.is_empty() {
            normal.push('-');
        }
        normal.push_str(&part.to_lowercase());
    }
    normal
}
