//! Who players are and what they may, and the tokens that say so.

use roomcast_gateway::{Access, Authority, Identity, Reach, Rights};
use roomcast_protocol::{ErrorCode, Refusal};

/// Tokens are written `user` or `user:pattern`, where the pattern may be read and written.
pub(crate) struct Tokens;

impl Authority for Tokens {
    fn identify(&self, token: &str) -> Result<Identity, Refusal> {
        if token == "expired" {
            return Err(Refusal::new(ErrorCode::BadToken, "it has run out"));
        }
        Ok(match token.split_once(':') {
            None => identity(token, Rights::everything()),
            Some((user, pattern)) => identity(user, rights(&[(pattern, Access::ReadWrite)])),
        })
    }
}

pub(crate) fn identity(user: &str, rights: Rights) -> Identity {
    Identity {
        user: user.parse().unwrap(),
        name: None,
        rights,
        direct: Reach::everybody(),
        expires_at_ms: None,
    }
}

pub(crate) fn rights(patterns: &[(&str, Access)]) -> Rights {
    let owned = patterns
        .iter()
        .map(|(text, access)| ((*text).to_owned(), *access));
    Rights::from_patterns(owned).unwrap()
}
