//! A refusal at the door: an HTTP status, one sentence that says what to do, and a name to count it by.

use http::StatusCode;

/// Why somebody was not let in. The sentence never repeats what they sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct AuthRefusal {
    /// 401: come back with another token; 403: a token doesn't help.
    pub status: StatusCode,
    /// What was wrong, for the one who sent it.
    pub problem: &'static str,
    /// The same for the operator; may tell more.
    pub reason: Reason,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// What was wrong, as metrics tell it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
        }

        impl Reason {
            /// All of them, in the order of the type.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name as a metric's label.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

reasons! {
    /// A page of an origin that isn't listed.
    Origin = "origin";
    /// No token, more than one, or one in a query where that isn't allowed.
    NoToken = "no_token";
    /// No JWT, too long, or with an extension that nobody here knows.
    Malformed = "malformed";
    /// No key here has its key id, or its algorithm.
    UnknownKey = "unknown_key";
    /// The keys that could have signed it did not.
    Signature = "signature";
    /// It has run out.
    Expired = "expired";
    /// It isn't valid yet.
    NotYetValid = "not_yet_valid";
    /// It is for another audience.
    Audience = "audience";
    /// Another issuer's.
    Issuer = "issuer";
    /// A claim is missing, of the wrong type, or says what can't be.
    Claims = "claims";
    /// In development mode: no user, or one that can't be.
    User = "user";
    /// The HTTP API's key is wrong or missing.
    ApiKey = "api_key";
    /// The HTTP API is off.
    ApiOff = "api_off";
}

impl AuthRefusal {
    /// 401.
    pub(crate) const fn unauthorized(reason: Reason, problem: &'static str) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            problem,
            reason,
        }
    }

    /// 403.
    pub(crate) const fn forbidden(reason: Reason, problem: &'static str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            problem,
            reason,
        }
    }
}
