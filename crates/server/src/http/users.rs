//! `/v1/users/{user}`: where a user is, their sessions, and ending those.

use roomcast_gateway::Disconnect;
use roomcast_protocol::{NodeId, SessionId, UserId};
use serde::{Deserialize, Serialize};

use super::api::Answer;
use super::call::{Call, answer};

/// Where a user is.
#[derive(Serialize)]
struct Whereabouts {
    user: UserId,
    online: bool,
    sessions: usize,
    nodes: Vec<NodeId>,
    /// When the last session ended, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<u64>,
}

/// A user's sessions.
#[derive(Serialize)]
struct Sessions {
    user: UserId,
    sessions: Vec<Listed>,
    more: bool,
}

/// One of them.
#[derive(Serialize)]
struct Listed {
    session: SessionId,
    node: NodeId,
}

/// How sessions are to be ended.
#[derive(Deserialize)]
struct Leave {
    session: Option<SessionId>,
    code: Option<u16>,
    reason: Option<String>,
}

/// How many there were to end.
#[derive(Serialize)]
struct Disconnected {
    user: UserId,
    sessions: usize,
}

/// `GET /v1/users/{user}`
pub(super) async fn whereabouts(call: Call) -> Answer {
    let user: UserId = call.name(0)?;
    let [] = call.query([])?;
    let found = call.node.whereabouts(&user).await?;
    Ok(answer(&Whereabouts {
        user,
        online: found.sessions > 0,
        sessions: found.sessions,
        nodes: found.nodes,
        last_seen: found.last_seen_ms,
    }))
}

/// `GET /v1/users/{user}/sessions`
pub(super) async fn sessions(call: Call) -> Answer {
    let user: UserId = call.name(0)?;
    let [] = call.query([])?;
    let found = call.node.sessions_of(&user).await?;
    let sessions = found.listed.into_iter().map(|at| Listed {
        session: at.session,
        node: at.node,
    });
    Ok(answer(&Sessions {
        user,
        sessions: sessions.collect(),
        more: found.more,
    }))
}

/// `POST /v1/users/{user}/disconnect`
pub(super) async fn disconnect(call: Call) -> Answer {
    let user: UserId = call.name(0)?;
    let [] = call.query([])?;
    let Leave {
        session,
        code,
        reason,
    } = call.body()?;
    let how = Disconnect {
        session,
        code,
        reason,
    };
    let sessions = call.node.disconnect(&user, how).await?;
    Ok(answer(&Disconnected { user, sessions }))
}
