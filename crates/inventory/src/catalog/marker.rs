//! Environment markers of Python (packaging.python.org: dependency specifiers): whether one can never
//! be true on Linux. What Python runs there, and which extras are asked for, nobody says.

/// How deep parentheses are followed.
const DEPTH_MAX: usize = 16;

/// What Linux answers to what a marker may ask of the system.
const ANSWERS: [(&str, &str); 3] =
    [("sys_platform", "linux"), ("platform_system", "Linux"), ("os_name", "posix")];

/// Whether a marker excludes Linux whatever else is true. One that is not understood does not.
pub(super) fn excludes_linux(marker: &str) -> bool {
    let mut words = Words { rest: marker, depth: 0 };
    let is_true = words.any();
    is_true == Some(false) && words.rest.trim_start().is_empty()
}

/// What is left of a marker to be read. Values are `None` where they depend on more than the system.
struct Words<'m> {
    rest: &'m str,
    depth: usize,
}

impl<'m> Words<'m> {
    /// `A or B or …`
    fn any(&mut self) -> Option<bool> {
        let mut value = self.all();
        while self.takes("or") {
            value = match (value, self.all()) {
                (Some(false), Some(false)) => Some(false),
                (Some(true), _) | (_, Some(true)) => Some(true),
                _ => None,
            };
        }
        value
    }

    /// `A and B and …`
    fn all(&mut self) -> Option<bool> {
        let mut value = self.one();
        while self.takes("and") {
            value = match (value, self.one()) {
                (Some(true), Some(true)) => Some(true),
                (Some(false), _) | (_, Some(false)) => Some(false),
                _ => None,
            };
        }
        value
    }

    /// `(A or B)`, or a comparison.
    fn one(&mut self) -> Option<bool> {
        if self.takes("(") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                self.rest = "(";
                return None;
            }
            let value = self.any();
            self.depth -= 1;
            return if self.takes(")") { value } else { None };
        }
        let left = self.value()?;
        let operator = ["==", "!=", "not in", "in", "<=", ">=", "~=", "<", ">"];
        let operator = operator.into_iter().find(|it| self.takes(it))?;
        self.takes("="); // `===`
        let right = self.value()?;
        let answer = |name: &str| ANSWERS.iter().find(|it| it.0 == name).map(|it| it.1);
        let (asked, text) = match (left, right) {
            (Value::Name(name), Value::Text(text)) | (Value::Text(text), Value::Name(name)) => {
                (answer(name)?, text)
            }
            _ => return None,
        };
        let is_in = || match left {
            Value::Name(_) => text.contains(asked),
            Value::Text(_) => asked.contains(text),
        };
        match operator {
            "==" => Some(asked == text),
            "!=" => Some(asked != text),
            "in" => Some(is_in()),
            "not in" => Some(!is_in()),
            _ => None,
        }
    }

    fn value(&mut self) -> Option<Value<'m>> {
        let rest = self.rest.trim_start();
        if let Some(quote) = rest.chars().next().filter(|it| matches!(it, '\'' | '"')) {
            let (text, rest) = rest.get(1..)?.split_once(quote)?;
            self.rest = rest;
            return Some(Value::Text(text));
        }
        let is_of_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.');
        let end = rest.find(|it| !is_of_name(it)).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        self.rest = rest;
        Some(Value::Name(name)).filter(|_| !name.is_empty())
    }

    /// Whether this comes next, which is then passed.
    fn takes(&mut self, word: &str) -> bool {
        let Some(rest) = self.rest.trim_start().strip_prefix(word) else { return false };
        let is_word = word.ends_with(|it: char| it.is_ascii_alphabetic());
        if is_word && rest.starts_with(|it: char| it.is_ascii_alphanumeric() || it == '_') {
            return false;
        }
        self.rest = rest;
        true
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, Copy)]
enum Value<'m> {
    Name(&'m str),
    Text(&'m str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_be_true_on_linux_excludes_it() {
        for marker in [
            "sys_platform == 'win32'",
            "platform_system==\"Windows\"",
            "os_name == 'nt'",
            "python_version >= \"3.11\" and python_version < \"4.0\" and sys_platform == \"win32\"",
            "sys_platform == 'darwin' or sys_platform == 'win32'",
            "(sys_platform == 'darwin' or os_name == 'nt') and extra == 'x'",
            "sys_platform != 'linux'",
            "'linux' not in sys_platform",
            "sys_platform in 'win32 cygwin'",
            "'win32' == sys_platform",
        ] {
            assert!(excludes_linux(marker), "{marker}");
        }
        let deep = format!("{}sys_platform == 'win32'{}", "(".repeat(999), ")".repeat(999));
        for marker in [
            "",
            "sys_platform == 'linux'",
            "sys_platform != 'win32'",
            "python_version < '3.11'",
            "sys_platform == 'win32' or python_version < '3.11'",
            "sys_platform == 'win32' or sys_platform == 'linux'",
            "extra == 'db'",
            "platform_machine == 'AMD64'",
            "sys_platform in 'linux darwin'",
            "sys_platform == 'win32' nonsense",
            "sys_platform == 'win32",
            "(sys_platform == 'win32'",
            "sys_platform",
            &deep,
        ] {
            assert!(!excludes_linux(marker), "{marker}");
        }
    }
}
