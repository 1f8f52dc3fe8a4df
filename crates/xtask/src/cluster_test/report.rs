//! What the steps came to: a line each as it begins and as it ends, a count, and a table of figures for the documents.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::figures::Figures;
use super::waiting::now;

/// How a step that could be done ended.
pub(super) enum Word {
    /// As it should; what was seen.
    Well(String),
    /// It can't be said here, and why.
    Unjudged(String),
}

/// The lines so far.
pub(super) struct Report {
    folder: PathBuf,
    well: usize,
    unjudged: usize,
    failed: usize,
    rows: Vec<String>,
    began: Instant,
}

impl Report {
    /// Nothing yet. The table goes into the folder.
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            well: 0,
            unjudged: 0,
            failed: 0,
            rows: Vec::new(),
            began: now(),
        }
    }

    /// Does a step; whether it went well, or could not be judged.
    pub(super) fn step(&mut self, name: &str, step: impl FnOnce() -> Result<Word, String>) -> bool {
        let from = begin(name);
        let outcome = step();
        self.add(name, from.elapsed(), outcome)
    }

    /// Does a step that makes something; none where it failed.
    pub(super) fn value<T>(
        &mut self,
        name: &str,
        step: impl FnOnce() -> Result<(T, Word), String>,
    ) -> Option<T> {
        let mut made = None;
        self.step(name, || {
            step().map(|(value, word)| {
                made = Some(value);
                word
            })
        });
        made
    }

    /// Plays an act, whose figures go into the table, too.
    pub(super) fn act(&mut self, name: &str, act: impl FnOnce() -> Result<Figures, String>) {
        let from = begin(name);
        let outcome = act();
        if let Ok(figures) = &outcome {
            self.rows.push(figures.row(name));
        }
        let outcome = outcome.and_then(|figures| match figures.failures.is_empty() {
            true => Ok(Word::Well(figures.words())),
            false => Err(format!(
                "{}. {}",
                figures.failures.join("; "),
                figures.words()
            )),
        });
        self.add(name, from.elapsed(), outcome);
    }

    fn add(&mut self, name: &str, took: Duration, outcome: Result<Word, String>) -> bool {
        let (verdict, words, count) = match outcome {
            Ok(Word::Well(words)) => ("ok", words, &mut self.well),
            Ok(Word::Unjudged(words)) => ("unjudged", words, &mut self.unjudged),
            Err(words) => ("FAILED", words, &mut self.failed),
        };
        *count += 1;
        println!(
            "{verdict:<8}  {name:<15} {:>6.1} s  {words}",
            took.as_secs_f64()
        );
        verdict != "FAILED"
    }

    /// Writes the table and says how many went well; whether none failed.
    pub(super) fn close(self) -> Result<bool, String> {
        if !self.rows.is_empty() {
            let file = self.folder.join("figures.md");
            let text = format!("{}{}\n", Figures::HEAD, self.rows.join("\n"));
            let cannot = |why| format!("can't write {}: {why}", file.display());
            std::fs::write(&file, text).map_err(cannot)?;
            println!("\ntable: {}", file.display());
        }
        let Self {
            well,
            unjudged,
            failed,
            ..
        } = self;
        let took = self.began.elapsed().as_secs();
        println!(
            "\n{well} well, {failed} failed, {unjudged} unjudged, in {} min {} s",
            took / 60,
            took % 60
        );
        Ok(failed == 0)
    }
}

/// Says what is done now: some steps take minutes.
fn begin(step: &str) -> Instant {
    println!("== {step}");
    now()
}
