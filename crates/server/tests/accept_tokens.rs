//! Tokens at the door: the good ones of each algorithm, keys, and what the doorman makes of them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "accept_mint/mint.rs"]
mod mint;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use jsonwebtoken::{Algorithm, EncodingKey};
use roomcast::auth::{Admission, Doorman, KeySet, KeySpec, Reason, TokenKey, TokenRules, Verifier};

use mint::{
    EARLIER, HS, LATER, NOW_MS, OTHER_SECRET, SECRET, claims, expiring, hs, keys, pem, pem_text,
    said, signed, verifier,
};

#[test]
fn a_token_of_each_algorithm_is_admitted() {
    let rsa = EncodingKey::from_rsa_pem(&pem_text("rsa.private.pem")).unwrap();
    for (header, signer) in [
        (HS, hs(SECRET)),
        (r#"{"alg":"HS256","kid":"2024"}"#, hs(OTHER_SECRET)),
        (r#"{"alg":"HS256"}"#, hs(OTHER_SECRET)),
        (r#"{"alg":"RS256"}"#, (Algorithm::RS256, rsa.clone())),
        (r#"{"alg":"RS256","kid":"rsa"}"#, (Algorithm::RS256, rsa)),
        (
            r#"{"alg":"ES256"}"#,
            (
                Algorithm::ES256,
                EncodingKey::from_ec_pem(&pem_text("es.private.pem")).unwrap(),
            ),
        ),
        (
            r#"{"alg":"EdDSA"}"#,
            (
                Algorithm::EdDSA,
                EncodingKey::from_ed_pem(&pem_text("ed.private.pem")).unwrap(),
            ),
        ),
    ] {
        let token = signed(header, &claims(r#","name":" Alice ""#), &signer);
        let identity = verifier().verify(&token, NOW_MS).unwrap();
        assert_eq!(identity.user.as_str(), "alice", "{header}");
        assert_eq!(identity.name.unwrap().as_str(), "Alice");
        assert_eq!(identity.expires_at_ms, Some(LATER * 1000 + 5_000));
        assert!(identity.rights.may_write(&"lobby".parse().unwrap()));
    }
}

#[test]
fn good_claims_in_other_spellings_are_admitted() {
    for more in [
        r#","nbf":1699996400"#,
        r#","nbf":1700000004.5"#,
        r#","name":"  ""#,
    ] {
        assert!(said(&claims(more)).is_ok(), "{more}");
    }
    assert!(said(&expiring("1.7000036e9")).is_ok());
    assert!(said(&claims("").replace("\"chat\"", "[\"x\",\"chat\"]")).is_ok());
}

#[test]
fn the_leeway_is_the_only_grace_after_expiry() {
    let token = signed(HS, &expiring(&EARLIER.to_string()), &hs(SECRET));
    let at = |ms: u64| verifier().verify(&token, ms);
    assert!(at(EARLIER * 1000 + 4_999).is_ok());
    assert!(at(EARLIER * 1000 + 5_000).is_err());
}

#[test]
fn the_rooms_claim_gives_these_rights_and_no_others() {
    let identity = said(&claims(
        r#","rooms":{"team.*":"rw","team.board":"r","log":"w"}"#,
    ))
    .unwrap();
    let may = |room: &str| {
        let room = room.parse().unwrap();
        (
            identity.rights.may_read(&room),
            identity.rights.may_write(&room),
        )
    };
    assert_eq!(may("team.a"), (true, true));
    assert_eq!(may("team.board"), (true, false));
    assert_eq!(may("log"), (false, true));
    assert_eq!(may("lobby"), (false, false));
    let none = said(&claims(r#","rooms":{}"#)).unwrap();
    assert!(!none.rights.may_read(&"lobby".parse().unwrap()));
}

#[test]
fn the_direct_claim_says_whom_one_may_write_to() {
    let reaches = |more: &str, user: &str| {
        let identity = said(&claims(more)).unwrap();
        identity.direct.has(&user.parse().unwrap())
    };
    assert!(reaches("", "bob"), "without it, everybody");
    assert!(reaches(r#","direct":"*""#, "bob"));
    for list in [r#","direct":"staff.*""#, r#","direct":["staff.*","bob"]"#] {
        assert!(reaches(list, "staff.7"), "{list}");
        assert!(!reaches(list, "bobby"), "{list}");
    }
    assert!(!reaches(r#","direct":[]"#, "bob"), "nobody");
}

#[test]
fn keys_that_could_not_check_are_refused_at_the_start_without_being_repeated() {
    let public = pem("rsa.public.pem").display().to_string();
    for spec in [
        format!("es256:{public}"),
        format!("eddsa:{public}"),
        format!("rs256:{}", pem("es.public.pem").display()),
        format!("rs256:{}", pem("rsa.private.pem").display()),
        format!("rs256:{}", pem("rsa-1024.public.pem").display()),
        format!("es256:{}", pem("es384.public.pem").display()),
        format!("eddsa:{}", pem("no-such-file.pem").display()),
        format!("rs256:{}", pem("README.md").display()),
        format!("rs256:{}", pem("").display()),
    ] {
        let parsed: KeySpec = spec.parse().unwrap();
        assert!(TokenKey::load(&parsed).is_err(), "{spec}");
    }
    for spec in [
        "",
        "hs256",
        "hs256:",
        "hs256:short",
        "hs512:x",
        "none:",
        ":x",
        "hs256@:secret",
    ] {
        let refused = spec.parse::<KeySpec>().unwrap_err();
        assert!(!refused.contains("short"), "{refused}");
    }
    let shown = format!("{:?}", keys());
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(shown.contains("hs256@2024:(hidden)"), "{shown}");
}

#[test]
fn a_key_set_file_checks_tokens_by_key_id() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let secret = URL_SAFE_NO_PAD.encode(SECRET);
    let set = format!(r#"{{"keys":[{{"kty":"oct","alg":"HS256","kid":"a","k":"{secret}"}}]}}"#);
    std::fs::write(&path, set).unwrap();
    let verifier = Verifier::new(
        KeySet::load(&path).unwrap().keys().to_vec(),
        TokenRules::default(),
    );
    let verify = |header| verifier.verify(&signed(header, &claims(""), &hs(SECRET)), NOW_MS);
    assert!(verify(r#"{"alg":"HS256","kid":"a"}"#).is_ok());
    assert!(verify(r#"{"alg":"HS256","kid":"b"}"#).is_err());
    assert!(verify(HS).is_ok());
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect()
}

#[test]
fn the_doorman_asks_for_a_token_where_it_may_stand() {
    let bound = "127.0.0.1:8080".parse().unwrap();
    let doorman = |query_token| {
        let origins = vec!["https://app.example".parse().unwrap()];
        Doorman::new(
            Admission::Tokens(verifier()),
            origins,
            query_token,
            None,
            bound,
        )
    };
    let token = signed(HS, &claims(""), &hs(SECRET));
    let bearer = format!("Bearer {token}");
    let listed = format!("roomcast.v1, bearer.{token}");
    let query = format!("token={token}");
    let strict = doorman(false);
    assert!(
        strict
            .admit(&headers(&[("authorization", &bearer)]), None, NOW_MS)
            .is_ok()
    );
    assert!(
        strict
            .admit(
                &headers(&[("sec-websocket-protocol", &listed)]),
                None,
                NOW_MS
            )
            .is_ok()
    );
    assert!(
        doorman(true)
            .admit(&HeaderMap::new(), Some(&query), NOW_MS)
            .is_ok()
    );
    let refused = |headers: &HeaderMap, query: Option<&str>| {
        strict
            .admit(headers, query, NOW_MS)
            .unwrap_err()
            .status
            .as_u16()
    };
    assert_eq!(refused(&HeaderMap::new(), Some(&query)), 401);
    assert_eq!(refused(&HeaderMap::new(), Some("user=alice")), 401);
    let from = |origin| headers(&[("authorization", &bearer), ("origin", origin)]);
    assert_eq!(refused(&from("https://evil.test"), None), 403);
    assert_eq!(refused(&from("null"), None), 403);
    assert!(
        strict
            .admit(&from("https://app.example"), None, NOW_MS)
            .is_ok()
    );
    assert!(strict.renew(&token, NOW_MS).is_ok());
    assert_eq!(
        strict
            .admit_api(&headers(&[("authorization", &bearer)]))
            .unwrap_err()
            .status,
        403
    );
}

#[test]
fn in_development_a_user_is_believed_but_only_from_the_nodes_own_page() {
    let bound = "127.0.0.1:8123".parse().unwrap();
    let doorman = Doorman::new(Admission::Development, Vec::new(), false, None, bound);
    let admit = |origin: Option<&str>, query| {
        let sent = origin
            .map(|origin| headers(&[("origin", origin)]))
            .unwrap_or_default();
        doorman
            .admit(&sent, Some(query), NOW_MS)
            .map_err(|refused| refused.status.as_u16())
    };
    let alice = admit(None, "user=alice&name=Alice+A&batch=1").unwrap();
    assert_eq!((alice.user.as_str(), alice.expires_at_ms), ("alice", None));
    assert_eq!(alice.name.unwrap().as_str(), "Alice A");
    assert!(alice.direct.has(&"bob".parse().unwrap()));
    for origin in ["http://127.0.0.1:8123", "http://localhost:8123"] {
        assert!(admit(Some(origin), "user=alice").is_ok(), "{origin}");
    }
    for origin in [
        "http://127.0.0.1:8124",
        "https://localhost:8123",
        "http://evil.test:8123",
        "null",
    ] {
        assert_eq!(admit(Some(origin), "user=alice"), Err(403), "{origin}");
    }
    for query in [
        "",
        "user=",
        "user=a%20b",
        "user=a&user=b",
        "user=a&name=%00",
        "token=x",
    ] {
        assert_eq!(admit(None, query), Err(401), "{query}");
    }
    assert!(doorman.renew("x", NOW_MS).is_err());
}

#[test]
fn operators_are_told_a_key_that_is_not_here_from_a_wrong_signature_and_strangers_are_not() {
    let strange = hs("a-secret-that-nobody-here-has-heard-of");
    let late = expiring(&EARLIER.to_string());
    for (header, claims, signer, reason) in [
        (HS, claims(""), &strange, Reason::Signature),
        (
            r#"{"alg":"HS256","kid":"2024"}"#,
            claims(""),
            &hs(SECRET),
            Reason::Signature,
        ),
        (
            r#"{"alg":"HS256","kid":"2025"}"#,
            claims(""),
            &hs(SECRET),
            Reason::UnknownKey,
        ),
        (HS, late, &hs(SECRET), Reason::Expired),
    ] {
        let token = signed(header, &claims, signer);
        let refusal = verifier().verify(&token, NOW_MS).unwrap_err();
        assert_eq!(refusal.reason, reason, "{header}");
        if reason != Reason::Expired {
            let told = "no key here signed this token with its algorithm";
            assert_eq!(refusal.problem, told);
        }
    }
}
