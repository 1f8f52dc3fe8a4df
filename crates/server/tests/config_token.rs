//! `roomcast token` from outside: what it prints is what the verifier admits.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;

use roomcast::auth::{TokenKey, TokenRules, Verifier};

const KEY: &str = "hs256@2024:a-secret-of-thirty-two-bytes-or-more";
/// A time before any on which this test runs, in milliseconds.
const BEFORE_MS: u64 = 1_700_000_000_000;

fn run(arguments: &[&str], keys: Option<&str>) -> Result<String, String> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_roomcast"));
    program.arg("token").args(arguments).env_clear();
    if let Some(keys) = keys {
        program.env("ROOMCAST_TOKEN_KEYS", keys);
    }
    let output = program.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

fn verifier(key: &str) -> Verifier {
    let key = TokenKey::load(&key.parse().unwrap()).unwrap();
    Verifier::new(
        vec![key],
        TokenRules {
            audience: Some("chat".into()),
            ..TokenRules::default()
        },
    )
}

fn pem(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/accept_keys")
        .join(name)
}

#[test]
fn a_printed_token_is_admitted_with_its_name_rights_and_end() {
    let asked = [
        "--user",
        "alice",
        "--name",
        "Alice A",
        "--room",
        "team.*=rw",
        "--room",
        "news=r",
        "--direct",
        "bob",
        "--direct",
        "staff.*",
    ];
    let more = ["--ttl-s", "60", "--audience", "chat", "--key", KEY];
    let token = run(&[&asked[..], &more].concat(), None).unwrap();
    assert_eq!(token.matches('\n').count(), 1);
    let identity = verifier(KEY).verify(token.trim_end(), BEFORE_MS).unwrap();
    assert_eq!(identity.user.as_str(), "alice");
    assert_eq!(identity.name.unwrap().as_str(), "Alice A");
    let may_write = |room: &str| identity.rights.may_write(&room.parse().unwrap());
    assert!(may_write("team.a") && !may_write("news") && !may_write("lobby"));
    let reaches = |user: &str| identity.direct.has(&user.parse().unwrap());
    assert!(reaches("bob") && reaches("staff.7") && !reaches("carol"));
    let ends_ms = identity.expires_at_ms.unwrap();
    assert!(ends_ms > BEFORE_MS);
    assert!(verifier(KEY).verify(token.trim_end(), ends_ms).is_err());
}

#[test]
fn the_configured_secret_signs_when_no_key_is_given() {
    let keys = format!("rs256:{},{KEY}", pem("rsa.public.pem").display());
    let token = run(&["--user", "alice", "--audience", "chat"], Some(&keys)).unwrap();
    let identity = verifier(KEY).verify(token.trim_end(), BEFORE_MS).unwrap();
    let anybody = "anybody".parse().unwrap();
    assert!(identity.direct.has(&anybody), "nothing was said of it");
}

#[test]
fn each_of_several_users_gets_a_token_in_a_line_of_its_own() {
    let asked = ["--user", "alice", "--user", "bob", "--audience", "chat"];
    let tokens = run(&[&asked[..], &["--key", KEY]].concat(), None).unwrap();
    let user = |token| verifier(KEY).verify(token, BEFORE_MS).unwrap().user;
    let users: Vec<String> = (tokens.lines())
        .map(|token| user(token).as_str().to_owned())
        .collect();
    assert_eq!(users, ["alice", "bob"]);
    assert!(tokens.ends_with('\n'));
    assert!(run(&["--key", KEY], None).unwrap_err().contains("--user"));
}

#[test]
fn private_keys_sign_for_their_public_ones() {
    for (algorithm, name) in [("rs256", "rsa"), ("es256", "es"), ("eddsa", "ed")] {
        let private = format!(
            "{algorithm}:{}",
            pem(&format!("{name}.private.pem")).display()
        );
        let public = format!(
            "{algorithm}:{}",
            pem(&format!("{name}.public.pem")).display()
        );
        let arguments = ["--user", "alice", "--audience", "chat", "--key", &private];
        let token = run(&arguments, None).unwrap();
        assert!(
            verifier(&public)
                .verify(token.trim_end(), BEFORE_MS)
                .is_ok(),
            "{algorithm}"
        );
    }
}

#[test]
fn what_cannot_be_signed_is_said() {
    assert!(
        run(&["--user", "alice"], None)
            .unwrap_err()
            .contains("no key to sign with")
    );
    for wrong in [
        &["--user", "a b", "--key", KEY][..],
        &["--user", "alice", "--key", KEY, "--room", "a*b=r"],
        &["--user", "alice", "--key", KEY, "--room", "a=x"],
        &["--user", "alice", "--key", KEY, "--direct", "a*b"],
        &["--user", "alice", "--key", KEY, "--ttl-s", "0"],
        &["--user", "alice", "--key", "hs256:short"],
    ] {
        assert!(run(wrong, None).is_err(), "{wrong:?}");
    }
}
