//! Where traces go, as the settings say it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use roomcast::config::{Config, Environment, Flags};

fn load(variables: &[(&str, &str)]) -> Result<Config, String> {
    let owned = |(name, value): &(&str, &str)| (format!("ROOMCAST_{name}"), (*value).to_owned());
    let environment = Environment::from_pairs(variables.iter().map(owned));
    Config::load(&Flags::default(), &environment).map_err(|error| error.to_string())
}

#[test]
fn nothing_is_traced_unless_one_says_where_to() {
    let config = load(&[]).unwrap();
    assert!(config.otlp_endpoint.is_none() && config.otlp_headers.is_empty());
    assert_eq!(
        (config.trace_sample, config.traces_per_second_max),
        (0.01, 100)
    );
}

#[test]
fn a_collector_is_shown_and_its_secrets_are_not() {
    let config = load(&[
        ("OTLP_ENDPOINT", "https://collector.example/otlp"),
        (
            "OTLP_HEADERS",
            "authorization=Bearer 5ecret, x-tenant=5ecret",
        ),
        ("TRACE_SAMPLE", "1"),
    ]);
    let shown = format!("{:?}", config.unwrap());
    assert!(
        shown.contains("https://collector.example/otlp/v1/traces"),
        "{shown}"
    );
    assert!(
        shown.contains("[authorization=(hidden), x-tenant=(hidden)]"),
        "{shown}"
    );
    assert!(!shown.contains("5ecret"), "{shown}");
}

#[test]
fn what_cannot_be_is_refused_without_a_secret_in_the_sentence() {
    for (name, value, why) in [
        (
            "OTLP_ENDPOINT",
            "http://me:5ecret@collector",
            "otlp_headers",
        ),
        ("OTLP_ENDPOINT", "collector:4317?5ecret", "http://"),
        ("OTLP_HEADERS", "Bearer 5ecret", "name=value"),
        ("TRACE_SAMPLE", "1.5", "from 0 to 1"),
        ("TRACE_SAMPLE", "NaN", "from 0 to 1"),
        ("TRACES_PER_SECOND_MAX", "0", "from 1"),
    ] {
        let sentence = load(&[(name, value)]).unwrap_err();
        let key = name.to_lowercase();
        assert!(
            sentence.contains(&key) && sentence.contains(why),
            "{sentence}"
        );
        assert!(!sentence.contains("5ecret"), "{sentence}");
    }
    let alone = load(&[("OTLP_HEADERS", "authorization=5ecret")]).unwrap_err();
    assert!(
        alone.contains("otlp_endpoint") && !alone.contains("5ecret"),
        "{alone}"
    );
}
