//! The configuration from outside: which source wins, what is refused and how, what stays hidden.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::process::Command;

use roomcast::config::{Config, Environment, Flags};

const KEY: &str = "hs256@k1:a-secret-of-thirty-two-bytes-or-more";
const API_KEY: &str = "an-api-key-of-some-length";

/// One load: flags as (key, text), variables as (name, value), the file's text.
#[derive(Default)]
struct Given<'a> {
    flags: &'a [(&'a str, &'a str)],
    variables: &'a [(&'a str, &'a str)],
    file: Option<&'a str>,
}

impl Given<'_> {
    fn load(&self) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let mut flags = Flags::default();
        for (key, text) in self.flags {
            flags
                .texts
                .entry((*key).into())
                .or_default()
                .push((*text).into());
        }
        if let Some(text) = self.file {
            let path = folder.path().join("roomcast.toml");
            std::fs::write(&path, text).unwrap();
            flags.config_file = Some(path);
        }
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = Environment::from_pairs(self.variables.iter().map(owned));
        Config::load(&flags, &environment).map_err(|error| error.to_string())
    }
}

fn from_file(text: &str) -> Result<Config, String> {
    Given {
        file: Some(text),
        ..Given::default()
    }
    .load()
}

#[test]
fn without_anything_a_node_stands_alone_on_loopback() {
    let config = Given::default().load().unwrap();
    assert_eq!(config.listen, "127.0.0.1:8080".parse().unwrap());
    assert!(config.is_development() && config.redis.is_empty() && config.page);
    assert_eq!((config.connections_max, config.drain_ms), (20_000, 10_000));
    let node = config.node.as_str();
    assert!(node.len() == 11 && node.starts_with("node-"), "{node}");
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file_over_the_default() {
    let file = Some("node = 'file'\ndrain_ms = 3\nlog = 'warn'\nheartbeat_ms = 30_000");
    let variables = &[
        ("ROOMCAST_NODE", "env"),
        ("ROOMCAST_DRAIN_MS", "2"),
        ("ROOMCAST_LOG", ""),
    ];
    let config = Given {
        flags: &[("node", "flag")],
        variables,
        file,
    }
    .load()
    .unwrap();
    assert_eq!(config.node.as_str(), "flag");
    assert_eq!(config.drain_ms, 2);
    assert_eq!(config.log, "warn", "an empty variable counts as absent");
    assert_eq!(config.heartbeat_ms, 30_000);
    assert_eq!(config.write_stall_ms, 8_000);
}

#[test]
fn a_list_is_an_array_a_repeated_flag_or_a_variable_with_commas() {
    let two = ["redis://a:6379", "redis://b:6379"];
    let file = Some("redis = ['redis://a:6379', 'redis://b:6379']");
    let variables = &[("ROOMCAST_REDIS", "redis://a:6379, redis://b:6379,")];
    let flags = &[("redis", two[0]), ("redis", two[1])];
    for given in [
        Given {
            file,
            ..Given::default()
        },
        Given {
            variables,
            ..Given::default()
        },
        Given {
            flags,
            ..Given::default()
        },
    ] {
        let config = given.load().unwrap();
        let urls: Vec<&str> = config.redis.iter().map(|url| url.reveal()).collect();
        assert_eq!(urls, two);
    }
}

#[test]
fn a_bad_value_names_the_key_the_source_the_value_and_what_was_expected() {
    let refused = Given {
        flags: &[("handshake_ms", "soon")],
        variables: &[("ROOMCAST_LISTEN", "localhost")],
        file: Some("drain_ms = -1\npage = 'maybe'\nlog_format = 'xml'\nrooms_max = 1.5"),
    }
    .load()
    .unwrap_err();
    for (part, of) in [
        (
            "handshake_ms = \"soon\" (from --handshake-ms): expected",
            "milliseconds from 100 to",
        ),
        (
            "listen = \"localhost\" (from ROOMCAST_LISTEN): expected",
            "an IP address and a port",
        ),
        ("drain_ms = \"-1\" (from /", "milliseconds"),
        ("page = \"maybe\"", "true or false"),
        ("log_format = \"xml\"", "text or json"),
        ("rooms_max = \"1.5\"", "a whole number from 1 to"),
    ] {
        let line = refused
            .lines()
            .find(|line| line.starts_with(part))
            .expect(part);
        assert!(line.contains(of), "{line}");
    }
    assert_eq!(refused.lines().count(), 6, "{refused}");
}

#[test]
fn every_setting_refuses_nonsense_by_its_own_name() {
    for setting in Config::settings() {
        // The settings that take any text refuse one that is too long.
        let nonsense = "\u{1}=".repeat(1000);
        let refused = Given {
            flags: &[(setting.key, &nonsense)],
            ..Given::default()
        }
        .load();
        let refused = refused.expect_err(setting.key);
        assert!(
            refused.contains(&format!("{} = ", setting.key)),
            "{refused}"
        );
    }
}

#[test]
fn an_unknown_key_in_the_file_is_refused_by_name() {
    let refused = from_file("lisen = '127.0.0.1:1'").unwrap_err();
    assert!(
        refused.contains("\"lisen\" is no setting; did you mean listen?"),
        "{refused}"
    );
    let refused = Given {
        flags: &[],
        variables: &[("ROOMCAST_CONFIG", "/no/such/file")],
        file: None,
    };
    assert!(
        refused
            .load()
            .unwrap_err()
            .contains("/no/such/file cannot be read")
    );
}

#[test]
fn a_variable_that_looks_like_a_slip_is_told_and_a_stranger_is_not() {
    let warnings = |name: &str| {
        let environment = Environment::from_pairs([(name.to_owned(), "x".to_owned())]);
        environment.warnings(&Config::settings())
    };
    assert!(warnings("ROOMCAST_LISTN")[0].contains("ROOMCAST_LISTEN"));
    for fine in [
        "ROOMCAST_CONFIG",
        "ROOMCAST_LISTEN",
        "ROOMCAST_SERVICE_HOST",
        "PATH",
    ] {
        assert!(warnings(fine).is_empty(), "{fine}");
    }
}

#[test]
fn without_keys_only_loopback_is_listened_on() {
    for listen in ["0.0.0.0:8080", "[::]:8080", "10.0.0.1:8080"] {
        let open = Given {
            flags: &[("listen", listen)],
            ..Given::default()
        };
        let refused = open.load().unwrap_err();
        assert!(
            refused.contains("development mode") && refused.contains("token_keys"),
            "{refused}"
        );
        let keyed = Given {
            flags: &[("listen", listen), ("token_keys", KEY)],
            ..Given::default()
        };
        assert!(!keyed.load().unwrap().is_development());
    }
    for listen in ["127.0.0.2:0", "[::1]:0"] {
        assert!(
            Given {
                flags: &[("listen", listen)],
                ..Given::default()
            }
            .load()
            .is_ok()
        );
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    assert!(
        from_file("ops_listen = '127.0.0.1:8080'")
            .unwrap_err()
            .contains("ops_listen")
    );
    let refused = from_file("frame_bytes_max = 2000").unwrap_err();
    assert!(
        refused.contains("message_bytes_max = 16384 is more than frame_bytes_max"),
        "{refused}"
    );
}

#[test]
fn what_presence_could_not_keep_is_refused_by_the_names_of_the_settings() {
    let half = "expected at least 20 and at most half of lease_ms";
    for (file, sentence) in [
        ("beat_ms = 5_001", format!("beat_ms = 5001: {half}")),
        ("lease_ms = 4_000", format!("beat_ms = 3000: {half}")),
        (
            "typing_repeat_ms = 6_000",
            "typing_repeat_ms = 6000: expected less than typing_ttl_ms".to_owned(),
        ),
        (
            "presence_named_max = 199",
            "presence_each_max = 200 is more than presence_named_max = 199".to_owned(),
        ),
    ] {
        assert_eq!(from_file(file).unwrap_err(), sentence);
    }
}

#[test]
fn presence_takes_every_value_that_its_settings_take() {
    for key in [
        "lease_ms",
        "beat_ms",
        "grace_ms",
        "typing_ttl_ms",
        "typing_repeat_ms",
        "read_marks_ms",
        "last_seen_ms",
        "rooms_max",
        "occupants_max",
        "sessions_listed_max",
        "reads_per_room_max",
        "bans_per_room_max",
    ] {
        let settings = Config::settings();
        let setting = settings.iter().find(|setting| setting.key == key);
        let words: Vec<&str> = setting.expect(key).expected.split(' ').collect();
        let [.., "from", least, "to", most] = words[..] else {
            panic!("{key}: {words:?}");
        };
        for value in [least, most] {
            // What it has to be less than is as great as can be, and the other way round.
            let mut file = format!("{key} = {value}\n");
            for (other, value) in [
                ("lease_ms", "86400000"),
                ("beat_ms", "20"),
                ("typing_ttl_ms", "86400000"),
                ("typing_repeat_ms", "0"),
            ] {
                if other != key {
                    file.push_str(&format!("{other} = {value}\n"));
                }
            }
            let loaded = from_file(&file);
            assert!(loaded.is_ok(), "{file}{}", loaded.unwrap_err());
        }
    }
}

#[test]
fn no_secret_is_shown_by_debug_by_the_log_or_by_an_error() {
    let file = format!(
        "token_keys = ['{KEY}']\napi_key = '{API_KEY}'\nredis = ['redis://u:pass-word@h:6379/1']"
    );
    let config = from_file(&file).unwrap();
    assert_eq!(config.redis[0].reveal(), "redis://u:pass-word@h:6379/1");
    let shown: Vec<String> = config
        .shown()
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    assert_eq!(shown.len(), Config::settings().len());
    let bound = config.listen;
    let everything = format!(
        "{config:?}\n{config:#?}\n{shown:?}\n{:?}",
        config.doorman(bound)
    );
    for secret in ["thirty-two", API_KEY, "pass-word"] {
        assert!(!everything.contains(secret), "{everything}");
    }
    assert!(
        shown.contains(&"token_keys=[hs256@k1:(hidden)]".to_owned()),
        "{shown:?}"
    );
    assert!(
        shown.contains(&"redis=[redis://u:***@h:6379/1]".to_owned()),
        "{shown:?}"
    );

    for file in [
        "token_keys = ['hs256:canary']",
        "token_keys = ['canary']",
        "api_key = 'canary'",
        "redis = ['canary://u:canary@h']",
        "redis = ['redis+ring://u:canary@h']",
        "redis = ['redis+sentinel://:canary@h']",
        "api_key = 'canary",
        "api_key = 'x'\napi_key = 'canary'",
        "api_key = { canary = 1 }",
        "api_key = ['canary-one-canary-one', 'canary-two-canary-two']",
    ] {
        let refused = from_file(file).unwrap_err();
        assert!(!refused.contains("canary"), "{refused}");
    }
}

#[test]
fn a_configuration_error_ends_the_program_with_78_and_a_sentence() {
    let run = |arguments: &[&str]| {
        let program = Command::new(env!("CARGO_BIN_EXE_roomcast"))
            .args(arguments)
            .env_clear()
            .output()
            .unwrap();
        (
            program.status.code(),
            String::from_utf8(program.stderr).unwrap(),
        )
    };
    for arguments in [&["--listen", "x"][..], &["serve", "--listen", "0.0.0.0:1"]] {
        let (code, said) = run(arguments);
        assert_eq!(code, Some(78), "{said}");
        assert!(said.contains("listen = "), "{said}");
    }
    assert_eq!(run(&["--no-such-flag"]).0, Some(2));
}

#[test]
fn the_reference_in_the_documents_is_the_one_the_program_prints() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    let written = std::fs::read_to_string(&page).unwrap();
    assert!(
        written == roomcast::config::markdown(),
        "docs/settings.md is not up to date: write it again with `roomcast settings`"
    );
}
