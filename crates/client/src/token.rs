//! Where the token comes from: fixed, or asked for anew at each connect.
//!
//! Keeps tokens out of logs: nothing here prints one.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

/// Anything a token provider can fail with.
pub type TokenError = Box<dyn Error + Send + Sync>;

type Provide = dyn Fn() -> BoxFuture<'static, Result<String, TokenError>> + Send + Sync;

/// Where the token comes from.
#[derive(Clone)]
pub enum TokenSource {
    /// Always the same one. When it is refused, the client stops.
    Fixed(Arc<str>),
    /// Asked for at each connect, within the connect timeout. A refused token is a reason to ask
    /// again, a few times.
    Provider(Arc<Provide>),
}

impl TokenSource {
    /// Always `token`.
    pub fn fixed(token: impl AsRef<str>) -> Self {
        Self::Fixed(token.as_ref().into())
    }

    /// Calls `provide` at each connect.
    pub fn provider<F, Fut>(provide: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, TokenError>> + Send + 'static,
    {
        Self::Provider(Arc::new(move || Box::pin(provide())))
    }

    /// Whether asking again may give another token.
    pub(crate) fn can_change(&self) -> bool {
        matches!(self, Self::Provider(_))
    }

    pub(crate) async fn token(&self) -> Result<String, TokenError> {
        match self {
            Self::Fixed(token) => Ok(token.to_string()),
            Self::Provider(provide) => provide().await,
        }
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed(_) => "Fixed(hidden)",
            Self::Provider(_) => "Provider",
        })
    }
}
