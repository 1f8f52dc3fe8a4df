//! The list in a `Sec-WebSocket-Extensions` header (RFC 6455, 9.1).
//!
//! Keeps true: what is not the grammar is refused whole. Leaves to others: what extensions mean.

/// A list that does not follow the grammar. The handshake fails for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("Sec-WebSocket-Extensions is malformed")]
pub struct Malformed;

/// One extension with its parameters, as they were written.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Extension<'h> {
    pub(crate) name: &'h str,
    pub(crate) parameters: Vec<Parameter<'h>>,
}

/// A parameter and its value, without the quotes it may have had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Parameter<'h> {
    pub(crate) name: &'h str,
    pub(crate) value: Option<&'h str>,
}

/// Reads a header's value: extensions between commas, parameters between semicolons. A value in
/// quotes must be a token once unquoted, so neither sign hides in one, nor does an escape.
pub(crate) fn parse(header: &str) -> Result<Vec<Extension<'_>>, Malformed> {
    // The list rule of HTTP lets elements be empty.
    let elements = header
        .split(',')
        .filter(|element| !trim(element).is_empty());
    elements.map(extension).collect()
}

fn extension(element: &str) -> Result<Extension<'_>, Malformed> {
    let mut parts = element.split(';');
    let name = token(parts.next().unwrap_or_default())?;
    let parameters = parts.map(parameter).collect::<Result<_, _>>()?;
    Ok(Extension { name, parameters })
}

fn parameter(part: &str) -> Result<Parameter<'_>, Malformed> {
    let Some((name, value)) = part.split_once('=') else {
        return Ok(Parameter {
            name: token(part)?,
            value: None,
        });
    };
    let value = trim(value);
    let bare = value
        .strip_prefix('"')
        .map_or(Some(value), |rest| rest.strip_suffix('"'))
        .ok_or(Malformed)?;
    Ok(Parameter {
        name: token(name)?,
        value: Some(token(bare)?),
    })
}

fn token(text: &str) -> Result<&str, Malformed> {
    let text = trim(text);
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if text.is_empty() || !text.bytes().all(is_token) {
        return Err(Malformed);
    }
    Ok(text)
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::{Extension, Malformed, Parameter, parse};

    #[test]
    fn a_list_is_read_with_parameters_quotes_and_spaces() {
        let list = parse(" a ; x ; y=10 , b;z=\"7\",, c").unwrap();
        let parameter = |name, value| Parameter { name, value };
        let expected = [
            Extension {
                name: "a",
                parameters: vec![parameter("x", None), parameter("y", Some("10"))],
            },
            Extension {
                name: "b",
                parameters: vec![parameter("z", Some("7"))],
            },
            Extension {
                name: "c",
                parameters: Vec::new(),
            },
        ];
        assert_eq!(list, expected);
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn what_is_not_the_grammar_is_refused() {
        for header in [
            ";", "a;", "a;;b", "a;=1", "a;b=", "a;b=\"1", "a;b=\"\"", "a b", "a;b=1=2",
        ] {
            assert_eq!(parse(header), Err(Malformed), "{header}");
        }
    }
}
