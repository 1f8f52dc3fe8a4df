//! What an operator is answered: a status and a line of text.

use http::{Response, StatusCode};

pub(super) fn text(status: StatusCode, text: &str) -> Response<Vec<u8>> {
    let mut response = Response::new(text.as_bytes().to_vec());
    *response.status_mut() = status;
    response
}
