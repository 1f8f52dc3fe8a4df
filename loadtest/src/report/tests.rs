//! What stands on the page: every section where there is something in it, and nothing that isn't escaped.

use super::html;
use crate::lively;
use crate::outcome::Outcome;

fn sections(page: &str) -> Vec<&str> {
    let ids = page.split("<section id=\"").skip(1);
    ids.filter_map(|rest| rest.split('"').next()).collect()
}

fn plots(page: &str) -> Vec<&str> {
    let body = page.split("<script").next().unwrap();
    let plots = body.split("data-plot=\"").skip(1);
    plots.filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn a_run_that_passed_shows_its_verdict_figures_and_all_sections() {
    let page = html(&lively::passed());
    assert_eq!(
        sections(&page),
        [
            "time",
            "faults",
            "latency",
            "expectations",
            "nodes",
            "servers",
            "audit",
            "run"
        ]
    );
    assert_eq!(
        plots(&page),
        [
            "latency",
            "messages",
            "deliveries",
            "sessions",
            "nodes",
            "trouble",
            "histogram",
            "tails"
        ]
    );
    let wanted = [
        "<title>PASSED: steady, with faults</title>",
        "<header class=\"passed\" id=\"verdict\">",
        "<p class=\"word\">Passed</p>",
        "<div class=\"zero good\"><dt>lost</dt><dd>0</dd>",
        "37 forgotten where a fault let it",
        "<code id=\"command\">loadtest run steady --clients 10000",
        "<b>kill gateway-2</b>",
        "<code>no_duplicate</code>",
        "31.3 KiB",
    ];
    for wanted in wanted {
        assert!(page.contains(wanted), "no {wanted}");
    }
    assert!(!page.contains("class=\"tag bad\"") && !page.contains("class=\"zero bad\""));
}

#[test]
fn a_run_that_failed_begins_with_what_was_broken() {
    let page = html(&lively::failed());
    assert_eq!(sections(&page)[..2], ["wrong", "time"]);
    let wanted = [
        "<p class=\"word\">Failed</p>",
        "<div class=\"zero bad\"><dt>repeated</dt><dd>11</dd>",
        "<li>client 4711 got seq 812 of room-17 twice, 0.412 s after kill gateway-2</li>",
        "and 8 more",
        "<li>Fault rolling restart: <b>99 % were back after 7.84 s",
        "<span class=\"tag bad\">not as expected</span>",
        "<span class=\"tag bad\">not met</span>",
        "<span class=\"tag bad\">broken</span>",
    ];
    for wanted in wanted {
        assert!(page.contains(wanted), "no {wanted}");
    }
}

#[test]
fn an_inconclusive_run_begins_with_what_it_lacks_and_shows_no_green_zero() {
    let page = html(&lively::inconclusive());
    assert_eq!(sections(&page)[..2], ["missing", "time"]);
    assert!(page.contains("<code>every_fault_happened</code> 5 faults, not the 6"));
    assert!(page.contains("<p class=\"word\">Inconclusive</p>"));
    assert!(!page.contains("class=\"zero good\""));
}

#[test]
fn a_saturated_run_shows_where_it_ends_and_no_empty_tables() {
    let page = html(&lively::saturated());
    assert_eq!(
        sections(&page),
        ["steps", "time", "latency", "nodes", "audit", "run"]
    );
    assert_eq!(plots(&page)[..2], ["kept", "knee"]);
    assert!(page.contains("Kept up to 8,000 messages a second: 400,000 deliveries a second"));
}

#[test]
fn a_run_of_nothing_is_a_page_without_plots() {
    let page = html(&lively::empty());
    assert_eq!(sections(&page), ["missing", "audit", "run"]);
    assert_eq!(plots(&page), Vec::<&str>::new());
    assert!(page.contains("<div class=\"zero unproven\"><dt>lost</dt><dd>–</dd>"));
    assert!(page.contains("not looked at"));
    assert!(page.contains("<dt>half delivered in</dt><dd>–<small>"));
}

/// Puts words into every text of a run that comes from outside.
fn with_words(words: &str) -> Outcome {
    let mut outcome = lively::failed();
    let run = &mut outcome.run;
    run.targets = vec![words.into()];
    for text in [&mut run.scenario, &mut run.command, &mut run.version] {
        *text = words.into();
    }
    for fault in &mut outcome.faults {
        fault.name = words.into();
        fault.expects = words.into();
        fault.failures = vec![words.into()];
    }
    outcome
        .nodes
        .iter_mut()
        .for_each(|node| node.name = words.into());
    outcome
        .servers
        .iter_mut()
        .for_each(|server| server.name = words.into());
    for expectation in &mut outcome.expectations {
        expectation.what = words.into();
        expectation.measured = words.into();
    }
    for checked in &mut outcome.audit.checks {
        checked.first = vec![words.into()];
    }
    outcome.audit.missing = lively::inconclusive().audit.missing;
    for missing in &mut outcome.audit.missing {
        missing.why = words.into();
    }
    outcome
}

#[test]
fn no_word_from_outside_breaks_out_of_the_page() {
    let page = html(&with_words(
        "</script></title><!--\"'><img src=x onerror=alert(1)>&",
    ));
    assert!(!page.contains("<img"));
    assert_eq!(page.matches("<!--").count(), 0);
    assert_eq!(page.matches("</script>").count(), 2);
    assert_eq!(page.matches("</title>").count(), 1);
    assert!(page.contains("&lt;/script&gt;&lt;/title&gt;&lt;!--&quot;&#39;&gt;&lt;img"));
    assert!(page.contains("\\u003c/script\\u003e"));
}

#[test]
fn the_page_asks_nothing_of_any_network() {
    let page = html(&lively::passed());
    assert!(page.contains("default-src 'none'"));
    let known = "http://www.w3.org/2000/svg";
    assert!(!page.replace(known, "").contains("://"));
    for word in [
        "@import",
        "<link rel=\"stylesheet",
        " src=",
        "fetch(",
        "XMLHttpRequest",
    ] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn the_numbers_of_the_page_are_json_with_every_column() {
    let page = html(&lively::passed());
    let begin = page.find("id=\"numbers\">").unwrap() + "id=\"numbers\">".len();
    let end = begin + page[begin..].find("</script>").unwrap();
    let numbers: serde_json::Value = serde_json::from_str(&page[begin..end]).unwrap();
    let series = &numbers["series"];
    let columns =
        "at_s due acked delivered cut gaps refused open settled waiting p50_us p99_us max_us";
    for column in columns.split(' ') {
        assert_eq!(series[column].as_array().unwrap().len(), 600, "{column}");
    }
    assert_eq!(series["by_node"].as_array().unwrap().len(), 3);
    assert_eq!(numbers["faults"][0]["back_s"], 82.2);
    assert_eq!(numbers["spreads"].as_array().unwrap().len(), 6);
}

/// A run of one second, with one delivery and one rate.
fn short() -> Outcome {
    let mut outcome = lively::saturated();
    outcome.run.took_ms = 1_000;
    outcome.seconds.truncate(1);
    outcome.steps.truncate(1);
    let delivery = &mut outcome.latency.delivery;
    delivery.count = 1;
    delivery.buckets = vec![(delivery.max_us, 1)];
    outcome
}

/// A run of a day, with two dozen faults.
fn long() -> Outcome {
    let mut outcome = lively::passed();
    let (seconds, faults) = (outcome.seconds.clone(), outcome.faults.clone());
    outcome.run.took_ms = 86_400_000;
    let day = (0..86_400)
        .zip(seconds.iter().cycle())
        .map(|(at_s, second)| {
            let mut second = second.clone();
            second.at_s = at_s;
            second
        });
    outcome.seconds = day.collect();
    let faults = faults
        .iter()
        .cycle()
        .take(24)
        .zip(0_u64..)
        .map(|(fault, place)| {
            let mut fault = fault.clone();
            fault.began_ms += place * 3_400_000;
            fault.ended_ms += place * 3_400_000;
            fault
        });
    outcome.faults = faults.collect();
    outcome
}

#[test]
fn a_day_makes_no_larger_page_than_an_hour() {
    let page = html(&long());
    assert!(page.contains("Each point stands for 72 seconds: rates on average"));
    assert!(page.len() < 400_000, "{}", page.len());
    assert!(page.contains("24:00:00\u{a0}h"));
}

#[test]
#[ignore = "writes pages for somebody to look at"]
fn pages_to_look_at() {
    let folder = tempfile::Builder::new()
        .prefix("report-")
        .tempdir()
        .unwrap()
        .keep();
    let pages = [
        ("passed", lively::passed()),
        ("failed", lively::failed()),
        ("inconclusive", lively::inconclusive()),
        ("saturated", lively::saturated()),
        ("empty", lively::empty()),
        ("short", short()),
        ("long", long()),
        (
            "hostile",
            with_words("</script><img src=x onerror=alert(1)>"),
        ),
    ];
    for (name, outcome) in pages {
        std::fs::write(folder.join(name).with_extension("html"), html(&outcome)).unwrap();
    }
    println!("{}", folder.display());
}
