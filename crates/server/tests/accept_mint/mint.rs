//! Makes tokens for the tests of the door: good ones, and bad ones of any shape.

#![allow(dead_code, reason = "each test file uses a part")]

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use roomcast::auth::{AuthRefusal, TokenKey, TokenRules, Verifier};
use roomcast_gateway::Identity;

/// The secret of the key without an id.
pub(crate) const SECRET: &str = "a-secret-of-thirty-two-bytes-or-more";
/// The secret of the key with the id 2024.
pub(crate) const OTHER_SECRET: &str = "another-secret-of-thirty-two-bytes-or";
/// When these tests take place.
pub(crate) const NOW_MS: u64 = 1_700_000_000_000;
/// An hour later, in seconds.
pub(crate) const LATER: u64 = 1_700_003_600;
/// An hour earlier, in seconds.
pub(crate) const EARLIER: u64 = 1_699_996_400;
/// The plain header of a token of the first secret.
pub(crate) const HS: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

/// The path of a key file.
pub(crate) fn pem(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/accept_keys")
        .join(name)
}

/// Its bytes.
pub(crate) fn pem_text(name: &str) -> Vec<u8> {
    std::fs::read(pem(name)).unwrap()
}

/// A key to check with.
pub(crate) fn key(spec: &str) -> TokenKey {
    TokenKey::load(&spec.parse().unwrap()).unwrap()
}

/// One key of each kind.
pub(crate) fn keys() -> Vec<TokenKey> {
    vec![
        key(&format!("hs256:{SECRET}")),
        key(&format!("hs256@2024:{OTHER_SECRET}")),
        key(&format!("rs256@rsa:{}", pem("rsa.public.pem").display())),
        key(&format!("rs256:{}", pem("rsa.public.pem").display())),
        key(&format!("es256:{}", pem("es.public.pem").display())),
        key(&format!("eddsa:{}", pem("ed.public.pem").display())),
    ]
}

/// A verifier with those keys and all rules.
pub(crate) fn verifier() -> Verifier {
    Verifier::new(
        keys(),
        TokenRules {
            audience: Some("chat".into()),
            issuer: Some("https://id.example".into()),
            leeway_ms: 5_000,
        },
    )
}

/// Signs with a secret.
pub(crate) fn hs(secret: &str) -> (Algorithm, EncodingKey) {
    (
        Algorithm::HS256,
        EncodingKey::from_secret(secret.as_bytes()),
    )
}

/// A token with these texts as header and claims, signed whatever they say.
pub(crate) fn signed(
    header: &str,
    claims: &str,
    (algorithm, key): &(Algorithm, EncodingKey),
) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, *algorithm).unwrap();
    format!("{message}.{signature}")
}

/// Claims that are all right, with `more` behind them.
pub(crate) fn claims(more: &str) -> String {
    format!(r#"{{"sub":"alice","aud":"chat","iss":"https://id.example","exp":{LATER}{more}}}"#)
}

/// Claims that would be all right with another `exp`.
pub(crate) fn expiring(exp: &str) -> String {
    format!(r#"{{"sub":"alice","aud":"chat","iss":"https://id.example","exp":{exp}}}"#)
}

/// What the verifier says to these claims, signed.
pub(crate) fn said(claims: &str) -> Result<Identity, AuthRefusal> {
    verifier().verify(&signed(HS, claims, &hs(SECRET)), NOW_MS)
}
