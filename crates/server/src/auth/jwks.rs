//! Keys from a JWKS file (RFC 7517), read once at the start; nothing is ever fetched.
//!
//! A set from an identity provider may hold keys for other purposes: those are passed over, and a
//! set in which nothing is left is refused.

use std::fmt;
use std::path::{Path, PathBuf};

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::PublicKeyUse;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm as Named};
use serde::Deserialize;

use super::key::{KeyAlgorithm, KeySpec, TokenKey};

/// The most keys one set may hold.
const KEYS_MAX: usize = 64;
/// The shortest RSA modulus, as base64url of 2,048 bits.
const MODULUS_CHARS_MIN: usize = 342;
/// The shortest HMAC secret, as base64url of 32 bytes.
const SECRET_CHARS_MIN: usize = 43;

/// The keys of one file.
#[derive(Clone)]
pub struct KeySet {
    path: PathBuf,
    keys: Vec<TokenKey>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// What loads as one.
    pub const EXPECTED: &str =
        "the path of a JWKS file with at least one key for RS256, ES256, EdDSA or HS256";

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn load(path: &Path) -> Result<Self, String> {
        let keys = Self::parse(&KeySpec::read_key_file(path)?)
            .map_err(|why| format!("{}: {why}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            keys,
        })
    }

    /// The keys.
    pub fn keys(&self) -> &[TokenKey] {
        &self.keys
    }

    /// Where the keys came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn parse(text: &[u8]) -> Result<Vec<TokenKey>, String> {
        // The parser's own words could repeat a part of a key.
        let document: Document =
            serde_json::from_slice(text).map_err(|_| "it is no JSON object with keys")?;
        if document.keys.len() > KEYS_MAX {
            return Err(format!("it holds more than {KEYS_MAX} keys"));
        }
        let mut keys = Vec::new();
        for (index, value) in document.keys.into_iter().enumerate() {
            let jwk: Option<Jwk> = serde_json::from_value(value).ok();
            if let Some(jwk) = jwk.filter(signs)
                && let Some(algorithm) = algorithm(&jwk)
            {
                keys.push(token_key(&jwk, algorithm, index)?);
            }
        }
        if keys.is_empty() {
            Err("no key in it can check a token".into())
        } else {
            Ok(keys)
        }
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.path, f)
    }
}

fn signs(jwk: &Jwk) -> bool {
    matches!(
        jwk.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    )
}

/// The one algorithm of a key: the one it names, or the one its kind has here. A secret must name
/// its own, so that no public key is ever taken for a secret.
fn algorithm(jwk: &Jwk) -> Option<KeyAlgorithm> {
    let (kind, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (KeyAlgorithm::Rs256, Named::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (KeyAlgorithm::Es256, Named::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (KeyAlgorithm::EdDsa, Named::EdDSA)
        }
        AlgorithmParameters::OctetKey(_) if jwk.common.key_algorithm.is_some() => {
            (KeyAlgorithm::Hs256, Named::HS256)
        }
        _ => return None,
    };
    (jwk.common.key_algorithm.unwrap_or(named) == named).then_some(kind)
}

fn token_key(jwk: &Jwk, algorithm: KeyAlgorithm, index: usize) -> Result<TokenKey, String> {
    let kid = jwk.common.key_id.clone();
    let shown = match &kid {
        Some(kid) => format!("the key {kid}"),
        None => format!("key number {}", index + 1),
    };
    let weak = match &jwk.algorithm {
        AlgorithmParameters::RSA(key) => key.n.len() < MODULUS_CHARS_MIN,
        AlgorithmParameters::OctetKey(key) => key.value.len() < SECRET_CHARS_MIN,
        _ => false,
    };
    if weak {
        return Err(format!("{shown} is too short"));
    }
    let key = DecodingKey::from_jwk(jwk).map_err(|_| format!("{shown} is damaged"))?;
    TokenKey::new(algorithm, kid, key, shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn set(keys: &[&str]) -> Result<Vec<TokenKey>, String> {
        KeySet::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes())
    }

    #[test]
    fn keys_for_other_purposes_are_passed_over() {
        let keys = set(&[
            r#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#,
            r#"{"kty":"OKP","crv":"Ed25519","use":"enc","x":"AA"}"#,
            r#"{"kty":"new","q":1}"#,
            r#"{"kty":"RSA","alg":"RS512","n":"AA","e":"AQAB"}"#,
            ED,
        ])
        .unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].kid.as_deref(), Some("ed"));
        assert_eq!(keys[0].algorithm, KeyAlgorithm::EdDsa);
    }

    #[test]
    fn a_set_that_checks_nothing_or_weakly_is_refused() {
        let secret = "c2VjcmV0";
        for (keys, why) in [
            (vec![], "no key in it"),
            (vec![r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#], "too short"),
            (
                vec![r#"{"kty":"oct","alg":"HS256","k":"c2VjcmV0"}"#],
                "too short",
            ),
            (vec![r#"{"kty":"oct","k":"c2VjcmV0"}"#], "no key in it"),
            (
                vec![r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#],
                "is no key for es256",
            ),
        ] {
            let refused = set(&keys).unwrap_err();
            assert!(refused.contains(why), "{refused}");
            assert!(!refused.contains(secret), "{refused}");
        }
        assert!(KeySet::parse(b"[1").is_err());
    }
}
