//! A bound on how long a request may take, body and all, around any service.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use tokio::time::timeout;
use tower_service::Service;

use super::problem;

/// How long a request may take: longer than the slowest answer of a store that answers at all.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// A service whose answers come in time, or are 408.
#[derive(Clone)]
pub struct WithDeadline<S>(pub S);

impl<S, A, B> Service<Request<A>> for WithDeadline<S>
where
    S: Service<Request<A>, Response = Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: From<String> + Send + 'static,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move {
            timeout(REQUEST_TIMEOUT, answer).await.unwrap_or_else(|_| {
                let late = problem::plain(
                    StatusCode::REQUEST_TIMEOUT,
                    "the request took too long to arrive or to answer",
                );
                Ok(late.map(B::from))
            })
        })
    }
}
