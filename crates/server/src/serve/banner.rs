//! What a person at a terminal sees when a node is up.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;

use crate::config::Config;
use crate::logs::LogFormat;

/// Says in the log, and to a person also in plain words, where everything is.
pub(super) fn show(config: &Config, address: SocketAddr, ops: SocketAddr) {
    tracing::info!(node = %config.node, listen = %address, ops_listen = %ops, "serving");
    if config.is_development() {
        tracing::warn!("no token key is set: development mode, `?user=` is believed");
    }
    if config.log_format != LogFormat::Json || std::io::stdout().is_terminal() {
        // Nothing is lost if nobody can read it.
        let _ = std::io::stdout().write_all(text(config, address, ops).as_bytes());
    }
}

fn text(config: &Config, address: SocketAddr, ops: SocketAddr) -> String {
    let rooms = match config.redis.as_slice() {
        [] => "in the memory of this node alone".to_owned(),
        urls => urls
            .iter()
            .map(|url| url.shown())
            .collect::<Vec<_>>()
            .join(", "),
    };
    let page = if config.page {
        format!("  chat       http://{address}/\n")
    } else {
        String::new()
    };
    let tokens = if config.is_development() {
        "none needed: development mode, on this machine only"
    } else {
        "required"
    };
    format!(
        "\nRoomcast {} is up, as {}\n\n\
         {page}  websocket  ws://{address}/v1/ws\n  \
         operators  http://{ops}/readyz  http://{ops}/metrics\n  \
         rooms      {rooms}\n  \
         tokens     {tokens}\n\n",
        env!("CARGO_PKG_VERSION"),
        config.node,
    )
}
