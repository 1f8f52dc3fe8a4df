//! Who may come in: tokens, development names, origins and the key of the HTTP API.
//!
//! Pure but for reading key files: takes headers, a query and `now`, gives an identity or a
//! refusal. Keeps true that a token's algorithm is the one of its key, that nothing a token says
//! makes the server fetch anything, and that no refusal or `Debug` repeats a token or a secret.
//! Leaves what an identity may do to the gateway, and routing to the doors.

mod api_key;
mod claims;
mod credentials;
mod doorman;
mod jwks;
mod key;
mod origin;
mod refusal;
mod verifier;

pub use api_key::ApiKey;
pub(crate) use claims::access_named;
pub use credentials::offers_subprotocol;
pub use doorman::{Admission, Doorman};
pub use jwks::KeySet;
pub use key::{KeyAlgorithm, KeySpec, TokenKey};
pub use origin::Origin;
pub use refusal::{AuthRefusal, Reason};
pub use verifier::{TokenRules, Verifier};
