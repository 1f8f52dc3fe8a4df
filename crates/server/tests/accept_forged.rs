//! A corpus of forged tokens, each refused with 401: by shape, by algorithm, by key, by claims.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "accept_mint/mint.rs"]
mod mint;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};

use mint::{
    HS, LATER, NOW_MS, OTHER_SECRET, SECRET, claims, expiring, hs, pem_text, said, signed, verifier,
};

fn refused(forged: impl IntoIterator<Item = (&'static str, String)>) {
    for (name, token) in forged {
        let refused = verifier().verify(&token, NOW_MS).expect_err(name);
        assert_eq!(refused.status, 401, "{name}");
    }
}

/// Good claims under this header, signed with this secret.
fn headed(header: &str, secret: &str) -> String {
    signed(header, &claims(""), &hs(secret))
}

#[test]
fn a_token_of_the_wrong_shape_is_refused() {
    let token = headed(HS, SECRET);
    assert!(
        verifier().verify(&token, NOW_MS).is_ok(),
        "what the others are made of"
    );
    let (message, signature) = token.rsplit_once('.').unwrap();
    let head = message.split_once('.').unwrap().0;
    let other = signed(HS, &claims(r#","admin":true"#), &hs(SECRET));
    let other_payload = other.split('.').nth(1).unwrap();
    refused([
        ("nothing", String::new()),
        ("dots", "..".into()),
        ("no JWT", "not a token".into()),
        ("not base64", "ä.ö.ü".into()),
        ("two parts", message.into()),
        ("four parts", format!("{token}.x")),
        ("five parts, encrypted", format!("{token}.x.y")),
        ("no signature", format!("{message}.")),
        ("cut signature", token[..token.len() - 4].into()),
        ("padded signature", format!("{token}=")),
        (
            "signature of other claims",
            format!("{head}.{other_payload}.{signature}"),
        ),
        ("space before", format!(" {token}")),
        ("too long", format!("{token}{}", "x".repeat(20_000))),
        ("header no object", headed("[]", SECRET)),
        ("header no JSON", headed("{", SECRET)),
    ]);
}

#[test]
fn a_token_of_another_algorithm_is_refused() {
    let token = headed(HS, SECRET);
    let payload = token.split('.').nth(1).unwrap();
    let unsigned = |header: &str| format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(header));
    let rsa = EncodingKey::from_rsa_pem(&pem_text("rsa.private.pem")).unwrap();
    let by = |header, algorithm, key| signed(header, &claims(""), &(algorithm, key));
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    refused([
        ("none", unsigned(r#"{"alg":"none"}"#)),
        ("None", unsigned(r#"{"alg":"None"}"#)),
        ("nOnE", unsigned(r#"{"alg":"nOnE","typ":"JWT"}"#)),
        ("none, signed", headed(r#"{"alg":"none"}"#, SECRET)),
        ("empty", unsigned(r#"{"alg":""}"#)),
        ("missing", headed(r#"{"typ":"JWT"}"#, SECRET)),
        ("null", headed(r#"{"alg":null}"#, SECRET)),
        ("array", headed(r#"{"alg":["HS256"]}"#, SECRET)),
        ("twice", headed(r#"{"alg":"HS256","alg":"HS256"}"#, SECRET)),
        ("lower case", headed(r#"{"alg":"hs256"}"#, SECRET)),
        (
            "HS512 with the right secret",
            by(r#"{"alg":"HS512"}"#, Algorithm::HS512, secret),
        ),
        (
            "RS512 with the right key",
            by(r#"{"alg":"RS512"}"#, Algorithm::RS512, rsa.clone()),
        ),
        (
            "PS256 with the right key",
            by(r#"{"alg":"PS256"}"#, Algorithm::PS256, rsa),
        ),
        (
            "RS256 said, HS256 made",
            headed(r#"{"alg":"RS256"}"#, SECRET),
        ),
        (
            "ES256 said, HS256 made",
            headed(r#"{"alg":"ES256"}"#, SECRET),
        ),
        (
            "EdDSA said, HS256 made",
            headed(r#"{"alg":"EdDSA"}"#, SECRET),
        ),
    ]);
    for public in ["rsa.public.pem", "es.public.pem", "ed.public.pem"] {
        let key = EncodingKey::from_secret(&pem_text(public));
        refused([
            (
                "a public key as a secret",
                by(HS, Algorithm::HS256, key.clone()),
            ),
            (
                "the same by name",
                by(r#"{"alg":"HS256","kid":"rsa"}"#, Algorithm::HS256, key),
            ),
        ]);
    }
}

#[test]
fn a_token_of_another_key_is_refused_whatever_its_header_points_at() {
    let own_jwk = r#"{"alg":"HS256","jwk":{"kty":"oct","k":"Zm9yZ2Vy","alg":"HS256"}}"#;
    refused([
        (
            "another secret",
            headed(HS, "x-secret-of-thirty-two-bytes-or-more"),
        ),
        ("an empty secret", headed(HS, "")),
        (
            "unknown kid",
            headed(r#"{"alg":"HS256","kid":"2025"}"#, SECRET),
        ),
        (
            "another key's kid",
            headed(r#"{"alg":"HS256","kid":"2024"}"#, SECRET),
        ),
        (
            "kid of an RSA key",
            headed(r#"{"alg":"HS256","kid":"rsa"}"#, SECRET),
        ),
        (
            "kid path",
            headed(r#"{"alg":"HS256","kid":"../../../../dev/null"}"#, ""),
        ),
        (
            "kid SQL",
            headed(r#"{"alg":"HS256","kid":"x' OR '1'='1"}"#, SECRET),
        ),
        ("kid empty", headed(r#"{"alg":"HS256","kid":""}"#, SECRET)),
        (
            "kid number",
            headed(r#"{"alg":"HS256","kid":2024}"#, OTHER_SECRET),
        ),
        (
            "kid twice",
            headed(r#"{"alg":"HS256","kid":"a","kid":"2024"}"#, OTHER_SECRET),
        ),
        (
            "crit",
            headed(r#"{"alg":"HS256","crit":["exp"],"exp":1}"#, SECRET),
        ),
        ("crit empty", headed(r#"{"alg":"HS256","crit":[]}"#, SECRET)),
        (
            "crit text",
            headed(r#"{"alg":"HS256","crit":"b64"}"#, SECRET),
        ),
        ("the forger's jwk", headed(own_jwk, "forger")),
        (
            "the forger's jku",
            headed(r#"{"alg":"HS256","jku":"https://evil.test/a"}"#, "forger"),
        ),
        (
            "the forger's x5u",
            headed(r#"{"alg":"RS256","x5u":"https://evil.test/a"}"#, "forger"),
        ),
    ]);
}

#[test]
fn a_missing_claim_is_missed_though_the_rest_is_signed() {
    let all = [
        ("sub", r#""alice""#),
        ("aud", r#""chat""#),
        ("iss", r#""https://id.example""#),
        ("exp", "1700003600"),
    ];
    let without = |claim: &str| {
        let left = all.iter().filter(|(name, _)| *name != claim);
        let pairs: Vec<String> = left
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        said(&format!("{{{}}}", pairs.join(",")))
    };
    assert!(without("none of them").is_ok());
    for (name, _) in all {
        assert!(without(name).is_err(), "without {name}");
    }
    for whole in ["[]", "null", "\"x\"", "{", "", "7"] {
        assert!(said(whole).is_err(), "{whole:?}");
    }
}

#[test]
fn an_end_that_is_past_or_no_time_is_refused() {
    for exp in [
        "\"never\"",
        "\"1700003600\"",
        "null",
        "true",
        "[]",
        "{}",
        "0",
        "1e9",
    ] {
        assert!(said(&expiring(exp)).is_err(), "exp {exp}");
    }
    for exp in [
        "-1",
        "1e999",
        "-1e999",
        "1e300",
        "18446744073709551615",
        "18446744073709551616",
    ] {
        assert!(said(&expiring(exp)).is_err(), "exp {exp}");
    }
    for nbf in [
        "\"9999999999\"",
        "\"0\"",
        "1700003600",
        "1e999",
        "null",
        "-1",
    ] {
        assert!(
            said(&claims(&format!(r#","nbf":{nbf}"#))).is_err(),
            "nbf {nbf}"
        );
    }
}

#[test]
fn a_claim_told_twice_is_refused() {
    for more in [
        &*format!(r#","exp":{LATER}"#),
        r#","sub":"bob""#,
        r#","aud":"chat""#,
        r#","iss":"https://id.example""#,
        r#","rooms":{},"rooms":{"*":"rw"}"#,
        r#","rooms":{"*":"r","*":"rw"}"#,
        r#","name":"a","name":"b""#,
        r#","direct":"bob","direct":"*""#,
    ] {
        assert!(said(&claims(more)).is_err(), "{more}");
    }
}

#[test]
fn a_name_or_a_right_of_the_wrong_kind_is_refused() {
    for name in [r#""a\nb""#, "7", r#""a\u202eb""#, "[]"] {
        assert!(
            said(&claims(&format!(r#","name":{name}"#))).is_err(),
            "name {name}"
        );
    }
    for rooms in [
        "null",
        "7",
        r#""*""#,
        r#"["*"]"#,
        r#"{"*":"rwx"}"#,
        r#"{"*":""}"#,
    ] {
        assert!(
            said(&claims(&format!(r#","rooms":{rooms}"#))).is_err(),
            "rooms {rooms}"
        );
    }
    for rooms in [
        r#"{"*":null}"#,
        r#"{"a*b":"r"}"#,
        r#"{"":"r"}"#,
        r#"{"a b":"r"}"#,
    ] {
        assert!(
            said(&claims(&format!(r#","rooms":{rooms}"#))).is_err(),
            "rooms {rooms}"
        );
    }
    let many = format!("[{}]", vec![r#""a""#; 257].join(","));
    for direct in [
        "null",
        "true",
        r#"{"*":"rw"}"#,
        "[7]",
        "[null]",
        r#"[["bob"]]"#,
        r#""""#,
        r#""a*b""#,
        r#"["bob","a b"]"#,
        &many,
    ] {
        assert!(
            said(&claims(&format!(r#","direct":{direct}"#))).is_err(),
            "direct {direct}"
        );
    }
}

#[test]
fn a_claim_that_names_somebody_else_is_refused() {
    for sub in [
        r#""""#,
        "7",
        "null",
        r#""a b""#,
        r#""a{b}""#,
        r#""a*""#,
        r#""\u0000""#,
        r#"["a"]"#,
    ] {
        assert!(
            said(&claims("").replace(r#""alice""#, sub)).is_err(),
            "sub {sub}"
        );
    }
    for aud in [
        r#""chat2""#,
        r#""Chat""#,
        "[]",
        r#"["other"]"#,
        "{}",
        "7",
        r#"["chat",7]"#,
    ] {
        assert!(
            said(&claims("").replace(r#""chat""#, aud)).is_err(),
            "aud {aud}"
        );
    }
    for iss in [
        r#""https://id.example/""#,
        r#""""#,
        "null",
        r#"["https://id.example"]"#,
    ] {
        assert!(
            said(&claims("").replace(r#""https://id.example""#, iss)).is_err(),
            "iss {iss}"
        );
    }
}
