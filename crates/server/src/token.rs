//! `roomcast token`: signs a token for development and tests.
//!
//! Owns the shape of the claims it writes; what is accepted is for `auth` to say, with the same
//! types for keys, users and patterns.

use std::collections::BTreeMap;
use std::str::FromStr;

use jsonwebtoken::{EncodingKey, Header};
use roomcast_gateway::{Reach, Rights};
use roomcast_protocol::{DisplayName, UserId};
use serde::Serialize;

use crate::auth::{KeyAlgorithm, KeySpec, access_named};

/// How long a token lasts when nothing else is said, in seconds.
const TTL_S: u64 = 3600;
/// The longest life of a token, in seconds: ten years.
const TTL_S_MAX: u64 = 10 * 366 * 24 * 3600;

/// The arguments of `roomcast token`.
#[derive(clap::Args, Debug)]
pub struct TokenArgs {
    /// Who the token speaks for; may be repeated, for a token a line in the same order.
    #[arg(long = "user", value_name = "USER", required = true)]
    users: Vec<UserId>,
    /// How they are shown to others.
    #[arg(long)]
    name: Option<DisplayName>,
    /// A room, or the beginning of one and a *, with = and r, w or rw; may be repeated. Without
    /// any, the token is good for all rooms.
    #[arg(long = "room", value_name = "PATTERN=RIGHT")]
    rooms: Vec<RoomRight>,
    /// A user whom they may write to directly, or the beginning of one and a *; may be repeated.
    /// Without any, they may write to everybody.
    #[arg(long, value_name = "PATTERN", value_parser = user_pattern)]
    direct: Vec<String>,
    /// How long it lasts, in seconds.
    #[arg(long, default_value_t = TTL_S, value_parser = clap::value_parser!(u64).range(1..=TTL_S_MAX))]
    ttl_s: u64,
    /// The audience, for servers that ask for one.
    #[arg(long)]
    audience: Option<String>,
    /// The issuer, for servers that ask for one.
    #[arg(long)]
    issuer: Option<String>,
    /// The key to sign with: hs256:SECRET, or rs256:, es256: or eddsa: and the path of a private
    /// key as PEM (PKCS #8), with a key id as in hs256@2024:SECRET. Without it, the first secret
    /// of ROOMCAST_TOKEN_KEYS.
    #[arg(long)]
    key: Option<KeySpec>,
}

/// One `--room`.
#[derive(Clone, Debug)]
struct RoomRight {
    pattern: String,
    right: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a DisplayName>,
    iat: u64,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    rooms: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    direct: &'a [String],
}

impl FromStr for RoomRight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (pattern, right) = text
            .split_once('=')
            .ok_or("expected a room pattern, = and r, w or rw")?;
        let access = access_named(right).ok_or("the right is r, w or rw")?;
        Rights::from_patterns([(pattern.to_owned(), access)]).map_err(|e| e.to_string())?;
        Ok(Self {
            pattern: pattern.to_owned(),
            right: right.to_owned(),
        })
    }
}

fn user_pattern(text: &str) -> Result<String, String> {
    Reach::from_patterns([text.to_owned()]).map_err(|e| e.to_string())?;
    Ok(text.to_owned())
}

/// The tokens that `args` ask for, each with its line's end, at `now_s` since the Unix epoch; `configured` are
/// the keys to choose from when none is given.
///
/// # Errors
/// A sentence that says which key is missing or can't sign.
pub fn sign(args: &TokenArgs, configured: &[KeySpec], now_s: u64) -> Result<String, String> {
    let secret = configured
        .iter()
        .find(|key| key.algorithm == KeyAlgorithm::Hs256);
    let spec = args.key.as_ref().or(secret).ok_or(
        "no key to sign with: give --key hs256:<the server's secret>, or set ROOMCAST_TOKEN_KEYS",
    )?;
    let mut header = Header::new(spec.algorithm.jwt());
    header.kid = spec.kid.clone();
    let key = signing_key(spec)?;
    let cannot = |error| format!("{spec} cannot sign: {error}");
    let token = |user| jsonwebtoken::encode(&header, &claims(args, user, now_s), &key);
    let line = |user| token(user).map(|token| token + "\n").map_err(cannot);
    args.users.iter().map(line).collect()
}

fn claims<'a>(args: &'a TokenArgs, user: &'a UserId, now_s: u64) -> Claims<'a> {
    Claims {
        sub: user,
        name: args.name.as_ref(),
        iat: now_s,
        exp: now_s.saturating_add(args.ttl_s),
        aud: args.audience.as_deref(),
        iss: args.issuer.as_deref(),
        rooms: args
            .rooms
            .iter()
            .map(|r| (r.pattern.as_str(), r.right.as_str()))
            .collect(),
        direct: &args.direct,
    }
}

fn signing_key(spec: &KeySpec) -> Result<EncodingKey, String> {
    let Some(path) = spec.path() else {
        return Ok(EncodingKey::from_secret(spec.material.reveal().as_bytes()));
    };
    let pem = KeySpec::read_key_file(path)?;
    let key = match spec.algorithm {
        KeyAlgorithm::Hs256 => Ok(EncodingKey::from_secret(&pem)),
        KeyAlgorithm::Rs256 => EncodingKey::from_rsa_pem(&pem),
        KeyAlgorithm::Es256 => EncodingKey::from_ec_pem(&pem),
        KeyAlgorithm::EdDsa => EncodingKey::from_ed_pem(&pem),
    };
    key.map_err(|_| {
        format!(
            "{} holds no private key of that kind, as PEM",
            path.display()
        )
    })
}
