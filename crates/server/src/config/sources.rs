//! Where values come from, and which source wins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::file;
use super::problem::{ConfigError, Problem};
use super::setting::Setting;
use super::source::{Source, Texts};

/// What was said on the command line.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// The path after `--config`.
    pub config_file: Option<PathBuf>,
    /// The texts given to each setting, by key.
    pub texts: BTreeMap<String, Vec<String>>,
}

/// The texts of one setting and their source.
pub(super) struct Found {
    pub(super) texts: Vec<String>,
    pub(super) source: Source,
}

/// All sources, the strongest first.
pub(super) struct Sources(Vec<(Source, Texts)>);

impl Sources {
    /// Reads the file, if one is named, and puts the sources in order.
    pub(super) fn gather(
        settings: &[Setting],
        flags: &Flags,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let mut layers = vec![(Source::Flag, flags.texts.clone())];
        layers.push((Source::Environment, environment.texts(settings)));
        let named = environment.config_file();
        if let Some(path) = flags
            .config_file
            .as_deref()
            .or(named.as_deref().map(Path::new))
        {
            let keys: Vec<&str> = settings.iter().map(|setting| setting.key).collect();
            let texts = file::read(path, &keys).map_err(|sentences| {
                ConfigError::new(sentences.into_iter().map(Problem::sentence).collect())
            })?;
            layers.push((Source::File(path.to_owned()), texts));
        }
        Ok(Self(layers))
    }

    /// The strongest source's texts for `key`, or the default.
    pub(super) fn find(&self, key: &str, default: &str) -> Found {
        let told = self.0.iter().find_map(|(source, texts)| {
            texts.get(key).map(|texts| Found {
                texts: texts.clone(),
                source: source.clone(),
            })
        });
        told.unwrap_or_else(|| Found {
            texts: if default.is_empty() {
                Vec::new()
            } else {
                vec![default.to_owned()]
            },
            source: Source::Default,
        })
    }
}
