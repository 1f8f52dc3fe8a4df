//! Words and numbers that come from outside, made safe to stand in a page.

use std::fmt::{self, Display, Formatter, Write};

use serde::Serialize;

/// A text that stands between tags or in a quoted attribute.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A value as JSON that stands in a `script`. No `<` is left in it, so nothing in it ends the element or
/// begins a comment. Such signs stand in strings only, where a number means the same.
pub(super) fn json(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).expect("numbers and texts are JSON");
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::{Text, json};

    #[test]
    fn signs_of_markup_lose_their_meaning() {
        let text = Text("<b a='1' c=\"2\">&amp;").to_string();
        assert_eq!(text, "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp;");
    }

    #[test]
    fn json_does_not_end_its_element_and_reads_back() {
        let words = vec!["</script><!--", "&lt;"];
        let json = json(&words);
        assert!(!json.contains('<'));
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), words);
    }
}
