//! Where Redis is, as the settings say it: lists of hosts, and certificates.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use roomcast::config::{Config, Environment, Flags};
use roomcast_redis::processes::Certificate;

fn load(name: &str, value: &str, roots: &str) -> Result<Config, String> {
    let variables = [(name, value), ("ROOMCAST_REDIS_CA_FILE", roots)];
    let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = Environment::from_pairs(owned);
    Config::load(&Flags::default(), &environment).map_err(|error| error.to_string())
}

fn urls(config: &Config) -> Vec<&str> {
    config.redis.iter().map(|url| url.reveal()).collect()
}

#[test]
fn the_hosts_of_one_redis_stay_together_between_commas() {
    let all = [
        "redis+sentinel://:pw@a:1,b:2/main",
        "redis://d:4",
        "rediss+cluster://a:1,b:2,c:3",
    ];
    let config = load("ROOMCAST_REDIS", &all.join(", "), "").unwrap();
    assert_eq!(urls(&config), all);

    let mut flags = Flags::default();
    flags
        .texts
        .insert("redis".into(), all.map(str::to_owned).to_vec());
    let config = Config::load(&flags, &Environment::default()).unwrap();
    assert_eq!(urls(&config), all);
}

#[test]
fn certificates_for_redis_are_read_and_have_to_be_of_use() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("roots.pem");
    std::fs::write(&path, "no certificate").unwrap();
    let of = |url: &str, roots: &str| load("ROOMCAST_REDIS", url, roots);
    let refused = of("rediss://h", path.to_str().unwrap()).unwrap_err();
    assert!(
        refused.contains("redis_ca_file") && refused.contains("PEM"),
        "{refused}"
    );
    let root = Certificate::make().root_text();
    std::fs::write(&path, root).unwrap();
    assert!(of("rediss://h", path.to_str().unwrap()).is_ok());
    let refused = of("redis://h", path.to_str().unwrap()).unwrap_err();
    assert!(refused.contains("begins with rediss"), "{refused}");
}
