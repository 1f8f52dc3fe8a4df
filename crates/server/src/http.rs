//! The public routes: the WebSocket door, the API for back ends, the page, and whether there is a node that
//! serves them. One table.

mod api;
mod bans;
mod body;
mod call;
mod deadline;
mod doors;
mod members;
mod messages;
mod metrics;
mod paging;
mod problem;
mod reads;
mod upgrade;
mod users;
mod wishes;

use warp::{Filter, Rejection, Reply};

use crate::ready;
use crate::web;
use api::{Route, table};
pub(crate) use body::read as read_object;
pub use deadline::WithDeadline;
pub use doors::Doors;
pub use metrics::DoorMetrics;

/// The API for back ends: a method, a path under `/v1` with a star for each name, what answers.
static API: &[Route] = table! {
    POST "rooms/*/messages" => messages::say_in_room;
    GET "rooms/*/messages" => messages::read;
    GET "rooms/*/members" => members::list;
    DELETE "rooms/*/members/*" => members::remove;
    GET "rooms/*/reads" => reads::list;
    GET "rooms/*/bans" => bans::list;
    PUT "rooms/*/bans/*" => bans::ban;
    DELETE "rooms/*/bans/*" => bans::end;
    GET "users/*" => users::whereabouts;
    POST "users/*/messages" => messages::say_to_user;
    GET "users/*/sessions" => users::sessions;
    POST "users/*/disconnect" => users::disconnect;
};

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
    let ready = ready::route(doors.node.clone());
    upgrade::route(doors.clone())
        .or(ready)
        .or(api::routes(doors, API))
        .or(shown)
        .recover(async |rejection: Rejection| {
            Ok::<_, std::convert::Infallible>(problem::of(&rejection))
        })
}
