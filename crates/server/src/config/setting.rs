//! One setting's names and description, as flags, variables and the reference use them.

/// One setting as the reference describes it.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its name: the key in the file. The flag is `--` and this with hyphens, the variable
    /// `ROOMCAST_` and this in capitals.
    pub key: &'static str,
    /// The default as text; empty for none.
    pub default: &'static str,
    /// What a value has to be.
    pub expected: String,
    /// What it is for.
    pub doc: &'static str,
    /// Whether it is a list: repeated flags, an array, commas in the variable.
    pub is_list: bool,
    /// Whether its flag may stand without a value, meaning `true`.
    pub is_switch: bool,
}

impl Setting {
    /// The flag, without its hyphens in front.
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// The environment variable.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.to_ascii_uppercase())
    }
}

/// What every variable of ours begins with.
pub(super) const VARIABLE_PREFIX: &str = "ROOMCAST_";
