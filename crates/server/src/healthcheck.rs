//! `roomcast healthcheck`: asks a node's ops listener whether it is ready, for images without
//! other tools.

use crate::ops_client::{self, Question};

/// The arguments of `roomcast healthcheck`.
#[derive(clap::Args, Debug)]
pub struct HealthcheckArgs {
    /// The ops listener, as host:port or http://host:port. Without it, the one of the setting
    /// ops_listen.
    #[arg(long, value_name = "HOST:PORT")]
    pub ops: Option<String>,
}

/// Asks `GET /readyz` of `host_port`.
///
/// # Errors
/// A sentence that says what came instead of `200`.
pub fn ask(host_port: &str) -> Result<(), String> {
    let question = Question {
        method: "GET",
        path: "/readyz",
        body: "",
    };
    let answer = ops_client::ask(host_port, &question)?;
    match answer.status {
        200 => Ok(()),
        _ => Err(format!(
            "{} is not ready: {}",
            answer.address, answer.status_line
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops_client::tests::answering;

    #[test]
    fn only_200_is_ready() {
        for (answer, ready) in [
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.1 404 Not Found\r\n\r\n", false),
            ("HTTP/1.1 503 x\r\n\r\n", false),
            ("", false),
        ] {
            let (address, asked) = answering(answer);
            assert_eq!(ask(&address.to_string()).is_ok(), ready, "{answer:?}");
            let asked = asked.join().unwrap();
            assert!(asked.starts_with("GET /readyz HTTP/1.1\r\n"), "{asked}");
        }
    }
}
