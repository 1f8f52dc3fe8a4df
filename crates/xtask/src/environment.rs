//! The one door through which the chores look at the machine they run on.
//!
//! Owns reading the environment, the place of the workspace, the search for executables and who
//! we run as. What follows from these facts is decided elsewhere, by pure functions.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the chores' door to the environment"
)]

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

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
    use super::{find_in, find_program, workspace_root};

    #[test]
    fn the_workspace_root_holds_the_lock_file() {
        assert!(workspace_root().join("Cargo.toml").is_file());
        assert!(workspace_root().join("crates/xtask/src/main.rs").is_file());
    }

    #[test]
    fn a_program_is_found_and_a_plain_file_or_a_stranger_is_not() {
        assert!(find_program("sh").is_some());
        assert!(find_program("no-such-program-was-ever-built").is_none());
        assert!(find_in(&[workspace_root()], "Cargo.toml").is_none());
    }
}
