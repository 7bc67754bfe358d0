//! `/proc/PID/stat` (proc_pid_stat(5)).

/// A kernel thread (`PF_KTHREAD` of the kernel's `include/linux/sched.h`).
const PF_KTHREAD: u64 = 0x0020_0000;

/// What is taken from `/proc/PID/stat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// The name, of at most 15 bytes, which the process may choose.
    pub name: Vec<u8>,
    /// `R`, `S`, `D`, `Z`, …
    pub state: char,
    /// The parent's pid.
    pub parent: u32,
    /// Whether it is a thread of the kernel.
    pub kernel_thread: bool,
    /// How many threads it has.
    pub threads: u32,
    /// When it started, in clock ticks since the machine did.
    pub start_time: u64,
}

/// Reads the one line. The name stands in parentheses and may hold any byte, a newline and
/// parentheses too: only the last `)` ends it.
pub fn stat(bytes: &[u8]) -> Option<Stat> {
    let open = bytes.iter().position(|&byte| byte == b'(')?;
    let close = bytes.iter().rposition(|&byte| byte == b')')?;
    let name = bytes.get(open + 1..close)?.to_vec();
    let rest = std::str::from_utf8(bytes.get(close + 1..)?).ok()?;
    // The first field after the name is the third of the page's numbering.
    let fields: Vec<&str> = rest.split_ascii_whitespace().take(20).collect();
    let field = |number: usize| fields.get(number - 3).copied();
    Some(Stat {
        name,
        state: field(3)?.chars().next()?,
        parent: field(4)?.parse().ok()?,
        kernel_thread: field(9)?.parse::<u64>().ok()? & PF_KTHREAD != 0,
        threads: field(20)?.parse().ok()?,
        start_time: field(22)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "S 7 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 4242 1 2";

    fn check(name: &str) {
        let stat = stat(format!("12 ({name}) {REST}\n").as_bytes()).unwrap();
        assert_eq!(stat.name, name.as_bytes());
        assert_eq!((stat.state, stat.parent, stat.threads), ('S', 7, 3));
        assert_eq!((stat.start_time, stat.kernel_thread), (4242, false));
    }

    #[test]
    fn a_name_cannot_forge_the_fields_after_it() {
        for name in ["sh", "", "a) R 1 (", "x\ny", ") Z 1 1", "((("] {
            check(name);
        }
    }

    #[test]
    fn what_is_cut_short_is_not_read() {
        for text in ["", "12", "12 (sh", "12 (sh)", "12 (sh) S 7", ")(", "1 (x) S x x"] {
            assert_eq!(stat(text.as_bytes()), None, "{text}");
        }
    }
}
