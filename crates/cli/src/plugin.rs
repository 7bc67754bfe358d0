//! `install-plugin`: from then on stock faas-cli knows `faas-cli validate`.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use crate::arguments::{InstallPlugin, PLUGIN};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::print;
use crate::surroundings;

/// Runs the command.
pub(crate) fn install(arguments: &InstallPlugin) -> Result<Exit, Failure> {
    let home = surroundings::home()
        .ok_or_else(|| Failure::usage("there is no home folder to install into", "set HOME"))?;
    // faas-cli looks below HOME, whatever OPENFAAS_CONFIG says.
    let folder = home.join(".openfaas/plugins");
    let target = folder.join(PLUGIN);
    let wrong = |error: &dyn std::error::Error| {
        let what = format!("the plugin cannot be put at {}", target.display());
        Failure::usage(what, "see that you may write there").because(error)
    };
    let program = env::current_exe().map_err(|error| wrong(&error))?;
    if target.exists() && !arguments.force && !is_ours(&target) {
        let what = format!("{} is another plugin already", target.display());
        return Err(Failure::usage(what, "replace it with --force, or move it away"));
    }
    fs::create_dir_all(&folder).map_err(|error| wrong(&error))?;
    if program != target {
        replace(&program, &target).map_err(|error| wrong(&error))?;
    }
    print(&format!("{}: now try `faas-cli validate -f stack.yml`\n", target.display()))?;
    Ok(Exit::Accepted)
}

/// Beside the old one, and then over it: a faas-cli that starts meanwhile finds one of the two.
fn replace(program: &Path, target: &Path) -> io::Result<()> {
    let beside: PathBuf = target.with_extension(format!("new-{}", std::process::id()));
    let replaced = fs::copy(program, &beside).and_then(|_| fs::rename(&beside, target));
    if replaced.is_err() {
        // What went wrong is told; a file left behind would be one more command of faas-cli's.
        let _ = fs::remove_file(&beside);
    }
    replaced
}

/// Whether the file is this program in some version: it names itself in its help.
fn is_ours(path: &Path) -> bool {
    const NAME: &[u8] = b"faas-validator";
    fs::read(path).is_ok_and(|bytes| bytes.windows(NAME.len()).any(|window| window == NAME))
}
