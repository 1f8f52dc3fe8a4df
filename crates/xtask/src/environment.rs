//! The one door through which the chores look at the machine they run on.
//!
//! Owns reading the environment, the places of the workspace and of what is built, the search for executables and who
//! we run as. What follows from these facts is decided elsewhere, by pure functions.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the chores' door to the environment"
)]

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Where Debian and its administrators put programs, for a PATH that leaves some of them out.
const USUAL_FOLDERS: &[&str] = &[
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

/// The root of the workspace this program was built in.
pub(crate) fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("crates/xtask stands two folders below the root")
        .to_path_buf()
}

/// Where cargo builds: what is made beside the tree goes below it.
///
/// # Errors
/// A sentence, when cargo does not say.
pub(crate) fn target_folder() -> Result<PathBuf, String> {
    let told = ask_cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"])?;
    let told: Value =
        serde_json::from_str(&told).map_err(|why| format!("cargo metadata: {why}"))?;
    let folder = told.get("target_directory").and_then(Value::as_str);
    folder
        .map(PathBuf::from)
        .ok_or_else(|| "cargo metadata names no target folder".to_owned())
}

/// The triple of the machine we run on, as cargo spells it.
///
/// # Errors
/// A sentence, when cargo does not say.
pub(crate) fn host() -> Result<String, String> {
    let told = ask_cargo(&["-vV"])?;
    let line = told.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned)
        .ok_or_else(|| "`cargo -vV` names no host".to_owned())
}

fn ask_cargo(arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(cargo());
    command.args(arguments).current_dir(workspace_root());
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|why| format!("can't start cargo: {why}"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("cargo {}: {}", arguments.join(" "), why.trim_end()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a CI service runs us: no colours, no progress bars.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// Whether a person is likely to enjoy colours on standard output.
pub(crate) fn wants_colours() -> bool {
    !is_ci() && std::env::var_os("NO_COLOR").is_none() && std::io::stdout().is_terminal()
}

/// The cargo that runs us, or the one on PATH when we were started by hand.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Whether we may install packages. `/proc/self` belongs to the effective user.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}

/// The folders programs are looked for in: PATH as it is, then the usual ones it leaves out.
pub(crate) fn program_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .collect();
    for usual in USUAL_FOLDERS.iter().map(PathBuf::from) {
        if !folders.contains(&usual) {
            folders.push(usual);
        }
    }
    folders
}

/// A PATH of [`program_folders`], so that what we found, the tests find too.
pub(crate) fn full_path() -> OsString {
    // A folder with a colon in its name can't have come out of PATH; the rest joins.
    std::env::join_paths(program_folders()).unwrap_or_else(|_| {
        std::env::var_os("PATH").unwrap_or_else(|| USUAL_FOLDERS.join(":").into())
    })
}

/// The first file of that name one may execute.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    find_in(&program_folders(), name)
}

fn find_in(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    folders.iter().map(|folder| folder.join(name)).find(|file| {
        std::fs::metadata(file)
            .is_ok_and(|entry| entry.is_file() && entry.permissions().mode() & 0o111 != 0)
    })
}

#[cfg(test)]
mod tests {
    use super::{find_in, find_program, host, target_folder, workspace_root};

    #[test]
    fn the_workspace_root_holds_the_lock_file() {
        assert!(workspace_root().join("Cargo.toml").is_file());
        assert!(workspace_root().join("crates/xtask/src/main.rs").is_file());
    }

    #[test]
    fn cargo_says_where_it_builds_and_for_what() {
        assert!(target_folder().expect("cargo says").is_absolute());
        assert!(host().expect("cargo says").contains('-'));
    }

    #[test]
    fn a_program_is_found_and_a_plain_file_or_a_stranger_is_not() {
        assert!(find_program("sh").is_some());
        assert!(find_program("no-such-program-was-ever-built").is_none());
        assert!(find_in(&[workspace_root()], "Cargo.toml").is_none());
    }
}
