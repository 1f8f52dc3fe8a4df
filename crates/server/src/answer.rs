//! What probes and operators are answered: a status and a line of text.

use http::{Response, StatusCode};

pub(crate) fn text(status: StatusCode, text: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(text.as_bytes().to_vec());
    *response.status_mut() = status;
    response
}
