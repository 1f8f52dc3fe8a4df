//! Rules that hold between settings, once each is right by itself.

use super::problem::Problem;
use super::settings::Config;

/// What is wrong between the settings of `config`.
pub(super) fn across_settings(config: &Config) -> Vec<Problem> {
    [
        development_is_local(config),
        listeners_differ(config),
        messages_fit(config),
        presence_can_be_kept(config),
        names_end_after_singles(config),
        roots_are_of_use(config),
        headers_are_of_use(config),
    ]
    .into_iter()
    .flatten()
    .map(Problem::sentence)
    .collect()
}

fn development_is_local(config: &Config) -> Option<String> {
    if !config.is_development() || config.listen.ip().is_loopback() {
        return None;
    }
    Some(format!(
        "listen = {}: with neither token_keys nor jwks_file set, anybody is believed to be anybody \
         (development mode), so the server listens on loopback only; set token_keys, for example \
         to hs256:<a random secret of 32 bytes or more>, or listen on 127.0.0.1",
        config.listen
    ))
}

fn listeners_differ(config: &Config) -> Option<String> {
    let same = config.listen == config.ops_listen && config.listen.port() != 0;
    same.then(|| {
        format!(
            "listen and ops_listen are both {}; give each a port of its own",
            config.listen
        )
    })
}

fn messages_fit(config: &Config) -> Option<String> {
    let frame = config.frame_bytes_max;
    let larger = [
        ("message_bytes_max", config.message_bytes_max),
        ("data_bytes_max", config.data_bytes_max),
    ];
    let (key, bytes) = larger.into_iter().find(|(_, bytes)| *bytes > frame)?;
    Some(format!(
        "{key} = {bytes} is more than frame_bytes_max = {frame}, which has to carry it"
    ))
}

fn presence_can_be_kept(config: &Config) -> Option<String> {
    let wrong = config.presence().check().err()?;
    // The setting's name says what is kept, the crate's how.
    let key = match wrong.key {
        "read_ttl_ms" => "read_marks_ms",
        key => key,
    };
    Some(format!(
        "{key} = {}: expected {}",
        wrong.value, wrong.expected
    ))
}

fn names_end_after_singles(config: &Config) -> Option<String> {
    let (each, named) = (config.presence_each_max, config.presence_named_max);
    (each > named)
        .then(|| format!("presence_each_max = {each} is more than presence_named_max = {named}"))
}

fn roots_are_of_use(config: &Config) -> Option<String> {
    let is_idle = !config.redis.iter().any(|url| url.address().is_tls());
    (is_idle && config.redis_ca_file.is_some()).then(|| {
        "redis_ca_file is set, but no address in redis begins with rediss, so that nothing would be \
         checked with it"
            .to_owned()
    })
}

fn headers_are_of_use(config: &Config) -> Option<String> {
    (config.otlp_endpoint.is_none() && !config.otlp_headers.is_empty())
        .then(|| "otlp_headers is set, but no otlp_endpoint that they would be sent to".to_owned())
}
