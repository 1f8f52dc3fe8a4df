//! Golden transcripts: one line a frame, its first character says whose.
//!
//! `> ` the client, `< ` the server, `~ ` another spelling of the client's line below it, `! ` a
//! client's line that the server's answer below it refuses, `# close NUMBER NAME` the server closes,
//! `# ` a note.

use std::fs;
use std::path::{Path, PathBuf};

/// Far more than any line has.
pub(crate) const FRAME_BYTES_MAX: usize = 1 << 16;

/// A conversation, or a part of one.
pub(crate) struct Transcript {
    pub(crate) name: String,
    pub(crate) lines: Vec<Line>,
    /// The same lines as they stand in the file.
    pub(crate) raw: Vec<String>,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    Client(String),
    Server(String),
    Accepted(String),
    Refused(String),
    Close(u16, String),
    Note(String),
}

impl Transcript {
    /// All of them, by name.
    pub(crate) fn all() -> Vec<Self> {
        let folder = repository().join("tests/golden");
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)
            .expect("tests/golden is there")
            .map(|entry| entry.expect("a readable folder").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
            .collect();
        paths.sort();
        assert!(!paths.is_empty(), "tests/golden holds transcripts");
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a readable transcript");
        let stem = path.file_stem().expect("it ends in .txt");
        Self {
            name: stem.to_string_lossy().into_owned(),
            lines: text.lines().map(Line::parse).collect(),
            raw: text.lines().map(str::to_owned).collect(),
        }
    }
}

impl Line {
    fn parse(line: &str) -> Self {
        let (mark, text) = line.split_at_checked(2).unwrap_or_default();
        let owned = text.to_owned();
        match mark {
            "> " => Self::Client(owned),
            "< " => Self::Server(owned),
            "~ " => Self::Accepted(owned),
            "! " => Self::Refused(owned),
            "# " => match text.strip_prefix("close ").and_then(|c| c.split_once(' ')) {
                Some((number, name)) => {
                    Self::Close(number.parse().expect("a close code"), name.to_owned())
                }
                None => Self::Note(owned),
            },
            _ => panic!("{line:?} begins with none of `> `, `< `, `~ `, `! `, `# `"),
        }
    }
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
