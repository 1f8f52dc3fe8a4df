//! The door to the process's environment: the only place that reads it.

use super::nearest::nearest;
use super::setting::{Setting, VARIABLE_PREFIX};
use super::source::Texts;

/// The variable that names the configuration file.
const CONFIG_FILE: &str = "ROOMCAST_CONFIG";

/// The variables whose name begins with `ROOMCAST_` and whose value isn't empty.
///
/// An empty variable counts as absent, as compose files write them. An unknown one is no error:
/// Kubernetes sets some for a service that happens to be called roomcast.
#[derive(Clone, Default)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// The process's own.
    pub fn of_process() -> Self {
        // A name or value that isn't UTF-8 is none of ours: every setting is text.
        let texts = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::from_pairs(texts)
    }

    /// These variables, for tests.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = |(name, value): &(String, String)| {
            name.starts_with(VARIABLE_PREFIX) && !value.is_empty()
        };
        Self(pairs.into_iter().filter(ours).collect())
    }

    /// Sentences about variables that look like a slip of the pen.
    pub fn warnings(&self, settings: &[Setting]) -> Vec<String> {
        let known: Vec<String> = settings.iter().map(Setting::variable).collect();
        let unknown = self
            .0
            .iter()
            .filter(|(n, _)| n != CONFIG_FILE && !known.contains(n));
        unknown
            .filter_map(|(name, _)| {
                let meant = nearest(name, known.iter().map(String::as_str))?;
                Some(format!(
                    "{name} is no setting and is not used; {meant} is one"
                ))
            })
            .collect()
    }

    pub(super) fn config_file(&self) -> Option<String> {
        self.value(CONFIG_FILE).map(str::to_owned)
    }

    pub(super) fn texts(&self, settings: &[Setting]) -> Texts {
        settings
            .iter()
            .filter_map(|setting| {
                let value = self.value(&setting.variable())?;
                let texts = if setting.is_list {
                    let items = value
                        .split(',')
                        .map(str::trim)
                        .filter(|item| !item.is_empty());
                    items.map(str::to_owned).collect()
                } else {
                    vec![value.to_owned()]
                };
                Some((setting.key.to_owned(), texts))
            })
            .collect()
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}
