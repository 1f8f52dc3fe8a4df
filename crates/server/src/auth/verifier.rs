//! From a token to an identity: the signature, then the claims, at a given time.
//!
//! Keeps true: the token's algorithm is its key's only one; a key id that is named must be known;
//! `exp` is required; no extension marked critical is passed over; nothing is fetched.

use std::collections::HashSet;

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use roomcast_gateway::{Identity, Reach, Rights};
use roomcast_protocol::{DisplayName, UserId};

use super::claims::Claims;
use super::key::TokenKey;
use super::refusal::{AuthRefusal, Reason};

/// The longest token, in bytes; the limit for a whole request head stands above it.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

const MALFORMED: AuthRefusal = AuthRefusal::unauthorized(
    Reason::Malformed,
    "the token is not a JWT this server reads",
);
const FORGED: AuthRefusal = AuthRefusal::unauthorized(
    Reason::Signature,
    "no key here signed this token with its algorithm",
);
/// To its sender the same: which keys there are is nobody's business.
const UNKNOWN_KEY: AuthRefusal = AuthRefusal::unauthorized(Reason::UnknownKey, FORGED.problem);
const CLAIMS: AuthRefusal = AuthRefusal::unauthorized(
    Reason::Claims,
    "the token's claims are incomplete or of the wrong type: sub and exp are required",
);
const EXPIRED: AuthRefusal = AuthRefusal::unauthorized(Reason::Expired, "the token has expired");
const EARLY: AuthRefusal =
    AuthRefusal::unauthorized(Reason::NotYetValid, "the token is not valid yet");
const AUDIENCE: AuthRefusal =
    AuthRefusal::unauthorized(Reason::Audience, "the token is for another audience");
const ISSUER: AuthRefusal =
    AuthRefusal::unauthorized(Reason::Issuer, "the token comes from another issuer");
const USER: AuthRefusal = AuthRefusal::unauthorized(
    Reason::Claims,
    "the token's sub is no user id: 1 to 127 of the characters A-Z a-z 0-9 . _ : @ # -",
);
const NAME: AuthRefusal = AuthRefusal::unauthorized(
    Reason::Claims,
    "the token's name is no display name: 1 to 128 bytes without control characters",
);
const ROOMS: AuthRefusal = AuthRefusal::unauthorized(
    Reason::Claims,
    "the token's rooms hold no valid pattern: a room, the beginning of one and a *, or * alone",
);
const DIRECT: AuthRefusal = AuthRefusal::unauthorized(
    Reason::Claims,
    "the token's direct holds no valid pattern: a user, the beginning of one and a *, or * alone",
);

/// What a token must say beside being signed.
#[derive(Debug, Clone, Default)]
pub struct TokenRules {
    /// The audience that `aud` must name. `None`: `aud` is not looked at.
    pub audience: Option<String>,
    /// The issuer that `iss` must be. `None`: `iss` is not looked at.
    pub issuer: Option<String>,
    /// How far clocks may differ, in milliseconds.
    pub leeway_ms: u64,
}

/// Checks tokens.
#[derive(Debug)]
pub struct Verifier {
    keys: Vec<TokenKey>,
    rules: TokenRules,
}

impl Verifier {
    /// A verifier with these keys.
    pub fn new(keys: Vec<TokenKey>, rules: TokenRules) -> Self {
        Self { keys, rules }
    }

    /// Who the token speaks for, at `now_ms` since the Unix epoch.
    ///
    /// # Errors
    /// 401 with what is wrong; details of claims only once the signature is known to be good.
    pub fn verify(&self, token: &str, now_ms: u64) -> Result<Identity, AuthRefusal> {
        self.rules.admit(self.signed_claims(token)?, now_ms)
    }

    fn signed_claims(&self, token: &str) -> Result<Claims, AuthRefusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(MALFORMED);
        }
        let header = decode_header(token).map_err(|_| MALFORMED)?;
        if header.crit.is_some() {
            return Err(MALFORMED);
        }
        let candidates = self.keys.iter().filter(|key| {
            key.algorithm.jwt() == header.alg && (header.kid.is_none() || header.kid == key.kid)
        });
        let mut refusal = UNKNOWN_KEY;
        for key in candidates {
            refusal = FORGED;
            match decode::<Claims>(token, &key.key, &signature_only(header.alg)) {
                Ok(decoded) => return Ok(decoded.claims),
                Err(error) if signature_is_wrong(&error) => {}
                Err(_) => return Err(CLAIMS),
            }
        }
        Err(refusal)
    }
}

impl TokenRules {
    fn admit(&self, claims: Claims, now_ms: u64) -> Result<Identity, AuthRefusal> {
        if claims.exp.ms.saturating_add(self.leeway_ms) <= now_ms {
            return Err(EXPIRED);
        }
        if claims
            .nbf
            .is_some_and(|nbf| nbf.ms > now_ms.saturating_add(self.leeway_ms))
        {
            return Err(EARLY);
        }
        if self
            .audience
            .as_ref()
            .is_some_and(|audience| !claims.aud.0.contains(audience))
        {
            return Err(AUDIENCE);
        }
        if self.issuer.is_some() && self.issuer != claims.iss {
            return Err(ISSUER);
        }
        let rights = match claims.rooms {
            None => Rights::everything(),
            Some(rooms) => Rights::from_patterns(rooms.0).map_err(|_| ROOMS)?,
        };
        let direct = match claims.direct {
            None => Reach::everybody(),
            Some(users) => Reach::from_patterns(users.0).map_err(|_| DIRECT)?,
        };
        Ok(Identity {
            user: claims.sub.parse::<UserId>().map_err(|_| USER)?,
            name: display_name(claims.name.as_deref())?,
            rights,
            direct,
            expires_at_ms: Some(claims.exp.ms.saturating_add(self.leeway_ms)),
        })
    }
}

/// Identity providers pad names; a name of spaces alone is none.
fn display_name(text: Option<&str>) -> Result<Option<DisplayName>, AuthRefusal> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| NAME),
    }
}

/// The crate checks the signature; the claims are ours, because the crate reads the clock itself.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims = HashSet::new();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn signature_is_wrong(error: &jsonwebtoken::errors::Error) -> bool {
    use jsonwebtoken::errors::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::InvalidSignature | ErrorKind::Base64(_) | ErrorKind::InvalidKeyFormat
    )
}
