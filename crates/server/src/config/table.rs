//! What a row of the table of settings becomes: a field, a parser, and a description.
//!
//! The macro is the only reader of the rows; `settings.rs` holds them.

use super::kinds::Kind;
use super::problem::Problem;
use super::setting::Setting;
use super::sources::Sources;

/// The description of one row.
pub(super) fn describe<K: Kind>(
    key: &'static str,
    kind: &K,
    default: &'static str,
    doc: &'static str,
) -> Setting {
    let expected = kind.expected();
    Setting {
        key,
        default,
        expected,
        doc,
        is_list: kind.is_list(),
        is_switch: kind.is_switch(),
    }
}

/// Reads one setting; what is wrong with it joins `problems`.
pub(super) fn take<K: Kind>(
    key: &'static str,
    kind: &K,
    default: &'static str,
    sources: &Sources,
    problems: &mut Vec<Problem>,
) -> Option<K::Value> {
    let found = sources.find(key, default);
    match kind.read(&found.texts) {
        Ok(value) => Some(value),
        Err(wrong) => {
            problems.push(Problem::value(key, &found.source, wrong, kind.expected()));
            None
        }
    }
}

/// Makes [`Config`](super::Config) out of rows of documentation, name, type, kind and default.
macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $key:ident: $type:ty = $kind:expr, $default:literal;)+) => {
        /// Every setting of a node, parsed. `Debug` and [`Config::shown`] hide the secrets.
        #[derive(Clone)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $key: $type,)+
        }

        impl Config {
            /// The table, in its own order.
            pub fn settings() -> Vec<Setting> {
                vec![$(
                    describe(stringify!($key), &$kind, $default, concat!($($doc),+)),
                )+]
            }

            /// The effective values as (key, text) pairs, fit for a log.
            pub fn shown(&self) -> Vec<(&'static str, String)> {
                vec![$((stringify!($key), Kind::show(&$kind, &self.$key)),)+]
            }

            pub(super) fn read(sources: &Sources) -> Result<Self, Vec<Problem>> {
                let mut problems = Vec::new();
                $(let $key = take(stringify!($key), &$kind, $default, sources, &mut problems);)+
                let complete = || Some(Self { $($key: $key?,)+ });
                complete().ok_or(problems)
            }
        }
    };
}
pub(super) use settings;
