//! How a chore ends badly.
//!
//! Keeps apart what the chore found (exit code 1, already told) from what it was wrongly asked
//! (exit code 2, told by `main`).

/// Why a chore did not end well.
pub(crate) enum Fault {
    /// The chore found something wrong, or could not do its work; it has already said what.
    Found,
    /// The chore was asked for something it doesn't know; the sentence says what.
    Misuse(String),
}

/// Refuses arguments, for chores that take none.
pub(crate) fn refuse_arguments(arguments: &[String]) -> Result<(), Fault> {
    match arguments.first() {
        None => Ok(()),
        Some(first) => Err(Fault::Misuse(format!(
            "this command takes no argument {first:?}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, refuse_arguments};

    #[test]
    fn a_chore_without_arguments_refuses_one_by_name() {
        assert!(refuse_arguments(&[]).is_ok());
        let Err(Fault::Misuse(sentence)) = refuse_arguments(&["--fast".into()]) else {
            panic!("an unknown argument passed unnoticed");
        };
        assert!(sentence.contains("--fast"), "{sentence}");
    }
}
