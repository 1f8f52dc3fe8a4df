//! Where one value came from, in the operator's words.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::setting::VARIABLE_PREFIX;

/// Texts by key.
pub(super) type Texts = BTreeMap<String, Vec<String>>;

/// Where one value came from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Flag,
    Environment,
    File(PathBuf),
    Default,
}

impl Source {
    /// The source as the operator knows it.
    pub(super) fn name(&self, key: &str) -> String {
        match self {
            Self::Flag => format!("--{}", key.replace('_', "-")),
            Self::Environment => format!("{VARIABLE_PREFIX}{}", key.to_ascii_uppercase()),
            Self::File(path) => path.display().to_string(),
            Self::Default => "the default".into(),
        }
    }
}
