//! The report: one HTML file that shows a run at a glance and in full, with nothing to fetch.
//!
//! Owns what stands on the page and in what order. Tables are made here, so they are there without a
//! script; plots are drawn by the page's own script from numbers that are put into it. Keeps true: every
//! word of the run is escaped, a section stands only where there is something in it, and the page asks
//! nothing of any network.

mod checks;
mod escape;
mod faults;
mod grid;
mod hero;
mod numbers;
mod plots;
mod series;
mod tables;
#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Formatter};

use crate::audit::verdict::Outcome as Word;
use crate::outcome::Outcome;
use escape::Text;

const STYLE: &str = concat!(
    include_str!("report/page.css"),
    include_str!("report/plots.css")
);
const SCRIPT: &str = concat!(
    include_str!("report/draw.js"),
    include_str!("report/time.js"),
    include_str!("report/spread.js"),
    include_str!("report/page.js"),
);

/// The whole page.
pub fn html(outcome: &Outcome) -> String {
    Page(outcome).to_string()
}

struct Page<'a>(&'a Outcome);

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let outcome = self.0;
        head(f, outcome)?;
        f.write_str("<body>\n<main>\n")?;
        hero::write(f, outcome)?;
        checks::wrong(f, outcome)?;
        checks::missing(f, &outcome.audit)?;
        plots::steps(f, &outcome.steps)?;
        plots::over_time(f, outcome)?;
        faults::write(f, &outcome.faults)?;
        plots::spread(f, &outcome.latency)?;
        tables::expectations(f, &outcome.expectations)?;
        tables::nodes(f, &outcome.nodes)?;
        tables::servers(f, &outcome.servers)?;
        checks::all(f, &outcome.audit)?;
        tables::run(f, outcome)?;
        f.write_str("</main>\n<script type=\"application/json\" id=\"numbers\">")?;
        f.write_str(&escape::json(&numbers::Numbers::of(outcome)))?;
        write!(
            f,
            "</script>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n"
        )
    }
}

fn head(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let (word, scenario) = (outcome.word(), Text(&outcome.run.scenario));
    let dot = match word {
        Word::Passed => "%231c8a57",
        Word::Failed => "%23b3301f",
        Word::Inconclusive => "%23b07d1a",
    };
    write!(
        f,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{word}: {scenario}</title>\n\
         <link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' \
         viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='4' fill='{dot}'/%3E%3C/svg%3E\">\n\
         <style>\n{STYLE}</style>\n</head>\n"
    )
}
