//! A back end: asks the HTTP API with its key, one request a connection.

use crate::line::Answer;
use crate::node::{API_KEY, Node};

/// The head of a request with the key and these further lines.
pub(crate) fn head(method: &str, path: &str, more: &str) -> String {
    let key = API_KEY.replace(' ', "-");
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n{more}\r\n")
}

pub(crate) fn get(node: &Node, path: &str) -> Answer {
    node.ask(head("GET", path, ""))
}

pub(crate) fn delete(node: &Node, path: &str) -> Answer {
    node.ask(head("DELETE", path, ""))
}

pub(crate) fn post(node: &Node, path: &str, body: &str) -> Answer {
    post_with(node, path, "", body.as_bytes())
}

pub(crate) fn put(node: &Node, path: &str, body: &str) -> Answer {
    with_body(node, "PUT", path, "", body.as_bytes())
}

/// With these further header lines, and any bytes as body.
pub(crate) fn post_with(node: &Node, path: &str, more: &str, body: &[u8]) -> Answer {
    with_body(node, "POST", path, more, body)
}

fn with_body(node: &Node, method: &str, path: &str, more: &str, body: &[u8]) -> Answer {
    let more = format!("Content-Length: {}\r\n{more}", body.len());
    node.ask([head(method, path, &more).as_bytes(), body].concat())
}
