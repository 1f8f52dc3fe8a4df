//! What a run must look like. Pure: cases in, a verdict out.
//!
//! Keeps true: a set that is not complete has failed; what is not known to be good is bad.

use std::collections::{BTreeMap, BTreeSet};

use super::report::Case;

/// How many cases a set has, by the chapters it is made of.
pub(super) struct Set {
    chapters: &'static [&'static str],
    cases: usize,
}

pub(super) const CORE: Set = Set {
    chapters: &["1", "2", "3", "4", "5", "6", "7", "9", "10"],
    cases: 301,
};
pub(super) const DEFLATE: Set = Set {
    chapters: COMPRESSION,
    cases: 216,
};
const CONTROL: Set = Set {
    chapters: &["2", "6"],
    cases: 18,
};
const PRODUCTION: Set = Set {
    chapters: &["1", "2", "3", "4", "5", "6", "7", "9", "10", "12", "13"],
    cases: 517,
};

const COMPRESSION: &[&str] = &["12", "13"];

/// The largest message of a gateway's default limits.
const MESSAGE_BYTES_MAX: u64 = 64 << 10;
const TOO_LARGE: u64 = 1009;

/// The verdict on a run.
#[derive(Default)]
pub(super) struct Verdict {
    counts: BTreeMap<String, usize>,
    faults: Vec<String>,
}

impl Verdict {
    pub(super) fn is_well(&self) -> bool {
        self.faults.is_empty()
    }

    /// What is wrong, a line each.
    pub(super) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// How many cases came out how: `298 OK, 3 INFORMATIONAL`.
    pub(super) fn counts(&self) -> String {
        let counts = self.counts.iter().rev();
        let told: Vec<String> = counts
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        told.join(", ")
    }

    fn count(&mut self, word: &str) {
        *self.counts.entry(word.to_owned()).or_default() += 1;
    }
}

/// Every case of the set is there and good.
pub(super) fn good(cases: &[Case], set: Set) -> Verdict {
    let mut verdict = complete(cases, &set);
    for case in cases {
        verdict.count(&case.behavior);
        verdict.faults.extend(fault(case));
    }
    verdict
}

/// Every case is there; exactly those ended with 1009 whose messages, by a run under generous
/// limits, have more than 64 KiB; all others are good. An average above the bound proves that a
/// message is; the suite has no case whose average hides one, or it would be found here as one
/// that ended with 1009 and should not have.
pub(super) fn production(cases: &[Case], sent_bytes: &BTreeMap<String, u64>) -> Verdict {
    let mut verdict = complete(cases, &PRODUCTION);
    for case in cases {
        let Some(bytes) = sent_bytes.get(&case.id) else {
            let line = format!("{}: how long its messages are is not known", case.id);
            verdict.faults.push(line);
            continue;
        };
        if *bytes <= MESSAGE_BYTES_MAX {
            verdict.count(&case.behavior);
            verdict.faults.extend(fault(case));
        } else if case.close_code == Some(TOO_LARGE) {
            verdict.count("ended with 1009");
        } else {
            verdict.faults.push(format!(
                "{}: has messages of {bytes} bytes and should end with 1009 ({})",
                case.id,
                told(case)
            ));
        }
    }
    verdict
}

/// The wrong echo is found out: in a complete run, and for both that it does wrong, which are
/// pings (chapter 2) and text (chapter 6).
pub(super) fn control(cases: &[Case]) -> Verdict {
    let mut verdict = complete(cases, &CONTROL);
    for case in cases {
        verdict.count(&case.behavior);
    }
    for chapter in CONTROL.chapters {
        let of_it = |case: &&Case| chapter_of(&case.id) == *chapter;
        if !cases.iter().filter(of_it).any(|case| fault(case).is_some()) {
            verdict.faults.push(format!(
                "{chapter}.*: the echo does it wrong, and no case has noticed"
            ));
        }
    }
    verdict
}

/// What is wrong with a case that should be good. Compression knows no case for information only.
fn fault(case: &Case) -> Option<String> {
    let good: &[&str] = if COMPRESSION.contains(&chapter_of(&case.id)) {
        &["OK"]
    } else {
        &["OK", "INFORMATIONAL"]
    };
    let is_good =
        good.contains(&case.behavior.as_str()) && good.contains(&case.behavior_close.as_str());
    (!is_good).then(|| format!("{}: {}", case.id, told(case)))
}

fn told(case: &Case) -> String {
    let code = case
        .close_code
        .map_or_else(|| "no code".to_owned(), |code| code.to_string());
    format!(
        "{}, close {} with {code}",
        case.behavior, case.behavior_close
    )
}

/// A verdict that knows what is missing, and what is there and should not be.
fn complete(cases: &[Case], set: &Set) -> Verdict {
    let mut verdict = Verdict::default();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    if names.len() != set.cases || names.len() != cases.len() {
        verdict.faults.push(format!(
            "{} cases have a verdict, and the set has {}",
            names.len(),
            set.cases
        ));
    }
    for chapter in set.chapters {
        if !names.iter().any(|name| chapter_of(name) == *chapter) {
            verdict
                .faults
                .push(format!("{chapter}.*: no case has a verdict"));
        }
    }
    let strange = names
        .iter()
        .filter(|name| !set.chapters.contains(&chapter_of(name)));
    let strange = strange.map(|name| format!("{name}: it does not belong to the set"));
    verdict.faults.extend(strange);
    verdict
}

fn chapter_of(id: &str) -> &str {
    id.split('.').next().unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Case, Set, Verdict, control, good, production};

    fn case(id: &str, behavior: &str, close: &str, code: u64) -> Case {
        Case {
            id: id.into(),
            behavior: behavior.into(),
            behavior_close: close.into(),
            close_code: Some(code),
            report: String::new(),
        }
    }

    fn ok(id: &str) -> Case {
        case(id, "OK", "OK", 1000)
    }

    const SMALL: Set = Set {
        chapters: &["1", "2"],
        cases: 3,
    };
    const BIT: Set = Set {
        chapters: &["12"],
        cases: 1,
    };

    fn faults(verdict: &Verdict) -> Vec<&str> {
        verdict.faults().iter().map(String::as_str).collect()
    }

    #[test]
    fn a_complete_set_of_good_cases_is_well() {
        let cases = [
            ok("1.1"),
            ok("1.2"),
            case("2.1", "INFORMATIONAL", "INFORMATIONAL", 1002),
        ];
        let verdict = good(&cases, SMALL);
        assert!(verdict.is_well(), "{:?}", verdict.faults());
        assert_eq!(verdict.counts(), "2 OK, 1 INFORMATIONAL");
    }

    #[test]
    fn whatever_is_not_good_fails_the_set_by_name() {
        for (behavior, close) in [
            ("NON-STRICT", "OK"),
            ("FAILED", "OK"),
            ("UNIMPLEMENTED", "OK"),
            ("OK", "UNCLEAN"),
            ("OK", "WRONG CODE"),
            ("SOMETHING NEW", "OK"),
        ] {
            let cases = [ok("1.1"), ok("1.2"), case("2.1", behavior, close, 1000)];
            let verdict = good(&cases, SMALL);
            let expected = format!("2.1: {behavior}, close {close} with 1000");
            assert_eq!(faults(&verdict), [expected]);
        }
    }

    #[test]
    fn compression_must_be_ok_and_not_for_information() {
        assert!(good(&[ok("12.1.1")], BIT).is_well());
        let told = case("12.1.1", "INFORMATIONAL", "OK", 1000);
        assert!(!good(&[told], BIT).is_well());
    }

    #[test]
    fn a_set_with_a_case_too_few_too_many_or_of_another_chapter_fails() {
        let few = good(&[ok("1.1"), ok("2.1")], SMALL);
        assert_eq!(faults(&few), ["2 cases have a verdict, and the set has 3"]);
        let many = [ok("1.1"), ok("1.2"), ok("2.1"), ok("2.2")];
        assert!(!good(&many, SMALL).is_well());
        let strange = good(&[ok("1.1"), ok("2.1"), ok("9.1")], SMALL);
        assert_eq!(faults(&strange), ["9.1: it does not belong to the set"]);
        let lopsided = good(&[ok("1.1"), ok("1.2"), ok("1.3")], SMALL);
        assert_eq!(faults(&lopsided), ["2.*: no case has a verdict"]);
        assert!(!good(&[], SMALL).is_well());
    }

    /// 517 good cases in all chapters, of which each sends 100 bytes.
    fn everything() -> (Vec<Case>, BTreeMap<String, u64>) {
        let chapters = [1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13];
        let ids = (0..517).map(|n| format!("{}.{}", chapters[n % 11], n));
        let cases: Vec<Case> = ids.map(|id| ok(&id)).collect();
        let sent = cases.iter().map(|case| (case.id.clone(), 100)).collect();
        (cases, sent)
    }

    #[test]
    fn under_production_limits_exactly_the_large_ones_end_with_1009() {
        let (mut cases, mut sent) = everything();
        assert!(production(&cases, &sent).is_well());
        // Large, and ended as it must.
        sent.insert(cases[3].id.clone(), 65_537);
        cases[3] = case(&cases[3].id.clone(), "FAILED", "FAILED", 1009);
        // At the bound.
        sent.insert(cases[4].id.clone(), 65_536);
        let verdict = production(&cases, &sent);
        assert!(verdict.is_well(), "{:?}", verdict.faults());
        assert_eq!(verdict.counts(), "1 ended with 1009, 516 OK");
    }

    #[test]
    fn a_large_one_let_through_and_a_small_one_refused_are_found() {
        let (mut cases, mut sent) = everything();
        sent.insert(cases[3].id.clone(), 65_537);
        cases[5] = case(&cases[5].id.clone(), "FAILED", "FAILED", 1009);
        let verdict = production(&cases, &sent);
        assert_eq!(verdict.faults().len(), 2, "{:?}", verdict.faults());
        assert!(verdict.faults()[0].contains("should end with 1009"));
        assert!(verdict.faults()[1].ends_with("FAILED, close FAILED with 1009"));
        let id = cases[7].id.clone();
        sent.remove(&id);
        let verdict = production(&cases, &sent);
        assert!(
            verdict
                .faults()
                .contains(&format!("{id}: how long its messages are is not known"))
        );
    }

    /// The control's cases, with these verdicts on all pings and on all texts.
    fn controlled(pings: &str, texts: &str) -> Vec<Case> {
        let pings = (0..11).map(|n| case(&format!("2.{n}"), pings, "OK", 1000));
        let texts = (0..7).map(|n| case(&format!("6.{n}"), texts, "OK", 1000));
        pings.chain(texts).collect()
    }

    #[test]
    fn a_control_that_passes_or_is_not_complete_is_a_failure() {
        let cases = controlled("FAILED", "FAILED");
        assert!(control(&cases).is_well());
        assert!(!control(&cases[1..]).is_well());
        assert!(!control(&[]).is_well());
        assert_eq!(control(&controlled("OK", "OK")).faults().len(), 2);
        assert_eq!(control(&controlled("FAILED", "OK")).faults().len(), 1);
        assert_eq!(control(&controlled("OK", "FAILED")).faults().len(), 1);
    }
}
