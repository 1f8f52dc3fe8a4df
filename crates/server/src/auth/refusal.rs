//! A refusal at the door: an HTTP status and one sentence that says what to do.

use http::StatusCode;

/// Why somebody was not let in. The sentence never repeats what they sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct AuthRefusal {
    /// 401: come back with another token; 403: a token doesn't help.
    pub status: StatusCode,
    /// What was wrong, for the one who sent it.
    pub problem: &'static str,
}

impl AuthRefusal {
    /// 401.
    pub(crate) const fn unauthorized(problem: &'static str) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            problem,
        }
    }

    /// 403.
    pub(crate) const fn forbidden(problem: &'static str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            problem,
        }
    }
}
