//! How many texts make a value: one, perhaps one, or a list. What a single text has to be is for
//! `parse.rs`.

use super::parse::Parse;

/// Reads the texts of one setting.
pub(super) trait Kind {
    /// What they become.
    type Value;

    /// What they have to be, for errors and the reference.
    fn expected(&self) -> String;
    /// Reads them.
    fn read(&self, texts: &[String]) -> Result<Self::Value, Wrong>;
    /// The value as logs may show it.
    fn show(&self, value: &Self::Value) -> String;
    /// Whether several are meant to be given.
    fn is_list(&self) -> bool {
        false
    }
    /// Whether a flag without a value means `true`.
    fn is_switch(&self) -> bool {
        false
    }
}

/// A text that was refused.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The text as errors may show it.
    pub(super) shown: String,
    /// What is wrong with it, where that says more than what was expected.
    pub(super) why: String,
}

/// Exactly one text.
pub(super) struct One<P>(pub(super) P);

/// One text or none.
pub(super) struct Maybe<P>(pub(super) P);

/// Any number of texts.
pub(super) struct Many<P>(pub(super) P);

impl<P: Parse> Kind for One<P> {
    type Value = P::Value;

    fn expected(&self) -> String {
        self.0.expected()
    }

    fn read(&self, texts: &[String]) -> Result<P::Value, Wrong> {
        let [text] = texts else {
            return Err(several(texts));
        };
        parsed(&self.0, text)
    }

    fn show(&self, value: &P::Value) -> String {
        self.0.show(value)
    }

    fn is_switch(&self) -> bool {
        self.0.is_switch()
    }
}

impl<P: Parse> Kind for Maybe<P> {
    type Value = Option<P::Value>;

    fn expected(&self) -> String {
        self.0.expected()
    }

    fn read(&self, texts: &[String]) -> Result<Self::Value, Wrong> {
        match texts {
            [] => Ok(None),
            [text] => parsed(&self.0, text).map(Some),
            _ => Err(several(texts)),
        }
    }

    fn show(&self, value: &Self::Value) -> String {
        value
            .as_ref()
            .map_or_else(|| "(none)".to_owned(), |value| self.0.show(value))
    }
}

impl<P: Parse> Kind for Many<P> {
    type Value = Vec<P::Value>;

    fn expected(&self) -> String {
        format!("a list, each {}", self.0.expected())
    }

    fn read(&self, texts: &[String]) -> Result<Self::Value, Wrong> {
        let mut whole: Vec<String> = Vec::with_capacity(texts.len());
        for text in texts {
            match whole.last_mut() {
                Some(before) if self.0.goes_on(text) => {
                    before.push(',');
                    before.push_str(text);
                }
                _ => whole.push(text.clone()),
            }
        }
        whole.iter().map(|text| parsed(&self.0, text)).collect()
    }

    fn show(&self, value: &Self::Value) -> String {
        let shown: Vec<String> = value.iter().map(|value| self.0.show(value)).collect();
        format!("[{}]", shown.join(", "))
    }

    fn is_list(&self) -> bool {
        true
    }
}

fn parsed<P: Parse>(parse: &P, text: &str) -> Result<P::Value, Wrong> {
    parse.parse(text).map_err(|why| {
        let shown = if parse.is_secret() {
            format!("(hidden, {} characters)", text.chars().count())
        } else {
            format!("{text:?}")
        };
        Wrong { shown, why }
    })
}

fn several(texts: &[String]) -> Wrong {
    Wrong {
        shown: format!("({} values)", texts.len()),
        why: "one value is wanted".into(),
    }
}
