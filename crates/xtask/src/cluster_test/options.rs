//! What the command is asked for.

/// The crowd that the project promises for.
const CLIENTS: u32 = 600;
/// A token is an argument of one command: more would not fit.
const CLIENTS_MAX: u32 = 5_000;

/// The flags.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) clients: u32,
    pub(super) seed: Option<u64>,
    pub(super) keep: bool,
    only: Vec<String>,
}

impl Options {
    /// Reads them; none where somebody asks for help.
    ///
    /// # Errors
    /// A sentence that names what isn't known.
    pub(super) fn read(arguments: &[String], steps: &[&str]) -> Result<Option<Self>, String> {
        let mut options = Self {
            clients: CLIENTS,
            seed: None,
            keep: false,
            only: Vec::new(),
        };
        let mut words = arguments.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
            match word {
                "-h" | "--help" | "help" => return Ok(None),
                "--keep" => options.keep = true,
                "--seed" => {
                    let text = value()?;
                    let seed = text
                        .parse()
                        .map_err(|_| format!("--seed {text}: a number is needed"))?;
                    options.seed = Some(seed);
                }
                "--clients" => {
                    let text = value()?;
                    let count = text
                        .parse()
                        .ok()
                        .filter(|count| (1..=CLIENTS_MAX).contains(count));
                    options.clients = count.ok_or_else(|| {
                        format!("--clients {text}: 1 to {CLIENTS_MAX} are possible")
                    })?;
                }
                "--only" => {
                    let name = value()?;
                    if !steps.contains(&name) {
                        return Err(format!(
                            "there is no step {name:?}; there are {}",
                            steps.join(", ")
                        ));
                    }
                    options.only.push(name.to_owned());
                }
                _ => return Err(format!("cluster-test knows no argument {word:?}")),
            }
        }
        Ok(Some(options))
    }

    /// Whether a step is to be done.
    pub(super) fn wants(&self, step: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == step)
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn read(line: &str) -> Result<Option<Options>, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::read(&words, &["kill", "page"])
    }

    #[test]
    fn without_a_word_all_steps_are_done_with_the_crowd_that_is_promised_for() {
        let options = read("").unwrap().unwrap();
        assert_eq!(
            (options.clients, options.keep, options.seed),
            (600, false, None)
        );
        assert!(options.wants("kill") && options.wants("page"));
    }

    #[test]
    fn flags_choose_steps_and_the_crowd() {
        let options = read("--only kill --clients 30 --keep --seed 7")
            .unwrap()
            .unwrap();
        assert_eq!(
            (options.clients, options.keep, options.seed),
            (30, true, Some(7))
        );
        assert!(options.wants("kill") && !options.wants("page"));
        assert_eq!(read("--only kill --help"), Ok(None));
    }

    #[test]
    fn what_is_not_known_is_named() {
        for (line, named) in [
            ("--only trip", "\"trip\"; there are kill, page"),
            ("--only", "--only wants a value"),
            ("--clients none", "--clients none"),
            ("--clients 0", "--clients 0"),
            ("--seed x", "--seed x"),
            ("up", "\"up\""),
        ] {
            let sentence = read(line).unwrap_err();
            assert!(sentence.contains(named), "{line}: {sentence}");
        }
    }
}
