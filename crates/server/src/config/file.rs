//! The configuration file: flat TOML, unknown keys refused by name.

use std::path::Path;

use toml::{Table, Value};

use super::nearest::nearest;
use super::source::Texts;

/// The largest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Reads the file at `path`; `keys` are the known ones.
///
/// # Errors
/// One sentence for each thing that is wrong. None repeats a line of the file, which may hold a
/// secret.
pub(super) fn read(path: &Path, keys: &[&str]) -> Result<Texts, Vec<String>> {
    let unreadable = |error| {
        vec![format!(
            "the configuration file {} cannot be read: {error}",
            path.display()
        )]
    };
    if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(vec![format!(
            "{} has more than {FILE_BYTES_MAX} bytes",
            path.display()
        )]);
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    parse(&text, keys).map_err(|sentences| {
        sentences
            .into_iter()
            .map(|sentence| format!("{}: {sentence}", path.display()))
            .collect()
    })
}

fn parse(text: &str, keys: &[&str]) -> Result<Texts, Vec<String>> {
    let table: Table = toml::from_str(text).map_err(|error| {
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        vec![format!(
            "line {} is no TOML",
            before.matches('\n').count() + 1
        )]
    })?;
    let mut texts = Texts::new();
    let mut sentences = Vec::new();
    for (key, value) in table {
        if !keys.contains(&key.as_str()) {
            sentences.push(unknown(&key, keys));
            continue;
        }
        match texts_of(value) {
            Some(found) => drop(texts.insert(key, found)),
            None => sentences.push(format!(
                "{key} is neither a text, a number, true, false nor an array of those"
            )),
        }
    }
    if sentences.is_empty() {
        Ok(texts)
    } else {
        Err(sentences)
    }
}

fn unknown(key: &str, keys: &[&str]) -> String {
    match nearest(key, keys.iter().copied()) {
        Some(meant) => format!("{key:?} is no setting; did you mean {meant}?"),
        None => format!("{key:?} is no setting; `roomcast settings` lists them"),
    }
}

fn texts_of(value: Value) -> Option<Vec<String>> {
    let items = if let Value::Array(items) = value {
        items
    } else {
        vec![value]
    };
    items.into_iter().map(text_of).collect()
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
        let refused = parse("listn = 'x'\nzebra = 1\n[gateway]\na = 1\n", &["listen"]).unwrap_err();
        let all = refused.join("\n");
        assert!(
            all.contains("\"listn\" is no setting; did you mean listen?"),
            "{all}"
        );
        assert!(
            all.contains("\"zebra\" is no setting; `roomcast settings`"),
            "{all}"
        );
        assert!(all.contains("\"gateway\""), "{all}");
    }

    #[test]
    fn a_broken_file_names_the_line_and_not_what_stands_there() {
        let refused = parse("page = true\napi_key = \"secret\n", &["page", "api_key"]).unwrap_err();
        assert_eq!(refused, ["line 2 is no TOML"]);
        let twice = parse("page = true\npage = false\n", &["page"]).unwrap_err();
        assert_eq!(twice, ["line 2 is no TOML"]);
    }
}
