//! The public routes: the WebSocket door, the API for back ends, the page. One table.

mod body;
mod deadline;
mod doors;
mod messages;
mod problem;
mod upgrade;

use warp::{Filter, Rejection, Reply};

use crate::web;
pub use deadline::WithDeadline;
pub use doors::Doors;

/// Every public route.
pub fn routes(
    doors: Doors,
) -> impl Filter<Extract = (impl Reply,), Error = std::convert::Infallible> + Clone {
    let page = doors.page;
    let shown = warp::any()
        .and_then(move || {
            let shown = if page {
                Ok(())
            } else {
                Err(warp::reject::not_found())
            };
            std::future::ready(shown)
        })
        .untuple_one()
        .and(web::routes());
    upgrade::route(doors.clone())
        .or(messages::routes(doors))
        .or(shown)
        .recover(async |rejection: Rejection| {
            Ok::<_, std::convert::Infallible>(problem::of(&rejection))
        })
}
