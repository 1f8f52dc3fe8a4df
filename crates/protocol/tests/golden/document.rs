//! Reads docs/protocol.md: its quotes are what the transcripts say, its tables what the code says.
//!
//! A quote is a fenced block that opens with "```golden NAME" and holds consecutive lines of
//! tests/golden/NAME.txt.

use std::collections::BTreeSet;
use std::fs;

use roomcast_protocol::{CLOSE_CODES, CloseCode, ComeBack, ERROR_CODES};

use crate::transcript::{Transcript, repository};

/// The page.
pub(crate) fn read() -> String {
    fs::read_to_string(repository().join("docs/protocol.md")).expect("docs/protocol.md is there")
}

/// The first quote that is none, or the first transcript without one.
pub(crate) fn check_quotes(page: &str, transcripts: &[Transcript]) -> Result<(), String> {
    let mut unquoted: BTreeSet<&str> = transcripts.iter().map(|t| t.name.as_str()).collect();
    for (name, quote) in quotes(page) {
        let transcript = transcripts
            .iter()
            .find(|transcript| transcript.name == name);
        let transcript = transcript.ok_or_else(|| format!("there is no transcript {name:?}"))?;
        let found = transcript
            .raw
            .windows(quote.len().max(1))
            .any(|window| window == quote);
        if !found {
            return Err(format!("{name}.txt doesn't say\n{}", quote.join("\n")));
        }
        unquoted.remove(name);
    }
    match unquoted.first() {
        Some(name) => Err(format!("{name}.txt is quoted nowhere")),
        None => Ok(()),
    }
}

/// The first code without its row, or the first row without its code.
pub(crate) fn check_codes(page: &str) -> Result<(), String> {
    let errors = ERROR_CODES
        .iter()
        .map(|(code, name, next)| format!("| {} | `{name}` | {next} |", code.number()));
    let closes = CLOSE_CODES.iter().map(|(code, name, why)| {
        let number = code.number();
        format!("| {number} | `{name}` | {why} | {} |", come_back(number))
    });
    let expected: BTreeSet<String> = errors.chain(closes).collect();
    let found: BTreeSet<String> = page
        .lines()
        .filter(|line| is_code_row(line))
        .map(str::to_owned)
        .collect();
    match expected.symmetric_difference(&found).next() {
        Some(row) if expected.contains(row) => Err(format!("this row is missing:\n{row}")),
        Some(row) => Err(format!("no code has this row:\n{row}")),
        None => Ok(()),
    }
}

/// The page's words for [`ComeBack`].
fn come_back(number: u16) -> &'static str {
    match CloseCode::come_back(number) {
        ComeBack::AsTold => "as told",
        ComeBack::WithBackoff => "with back-off",
        ComeBack::NotWithoutChange => "not without a change",
    }
}

/// A row that begins with a whole number and goes on with a name: `| 100 | `bad_frame` | …`.
fn is_code_row(line: &str) -> bool {
    let mut cells = line.split('|').map(str::trim).skip(1);
    let number = cells.next().is_some_and(|cell| cell.parse::<u16>().is_ok());
    number && cells.next().is_some_and(|cell| cell.starts_with('`'))
}

fn quotes(page: &str) -> Vec<(&str, Vec<&str>)> {
    let mut quotes = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("```golden ") {
            quotes.push((
                name,
                lines.by_ref().take_while(|line| *line != "```").collect(),
            ));
        } else if line.starts_with("```") {
            // Another block: what looks like a quote inside it is none.
            lines.by_ref().find(|line| *line == "```");
        }
    }
    quotes
}
