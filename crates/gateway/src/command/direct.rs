//! `direct`: says something to one user. It lands in their inbox and in the sender's own, as the same
//! message, so that all devices of both agree.

use roomcast_protocol::{Ack, Direct, Draft, Refusal, RoomName, ServerFrame, TraceContext};

use crate::gate::{self, Saying};
use crate::session::Session;
use crate::trace::Entrance;

pub(super) async fn run(session: &mut Session, direct: Direct) -> Result<(), Refusal> {
    let put = |trace| put(session, direct, trace);
    session.node.traced(Entrance::Direct, None, put).await
}

/// Puts it into both inboxes, and acks it.
async fn put(
    session: &Session,
    direct: Direct,
    trace: Option<Box<TraceContext>>,
) -> Result<(), Refusal> {
    let Direct {
        id,
        to,
        message,
        data,
        key,
    } = direct;
    gate::may_direct(&session.identity, &to)?;
    let node = &session.node;
    let (inbox, own) = (RoomName::inbox(&to), session.own_inbox());
    let saying = |message, data| Saying {
        from: session.identity.user.clone(),
        name: session.identity.name.clone(),
        to: Some(to.clone()),
        message,
        data,
        key: key.clone(),
    };
    let first = saying(message.clone(), data.clone());
    let mut draft = gate::draft(inbox.clone(), first, node.mint(), node.limits())?;
    draft.trace.clone_from(&trace);
    let published = node.publish(&draft, session.seen(&inbox)).await?;
    if own != inbox {
        // The id of the first try: a retry after a crash in between makes the copy good.
        let mut copy = gate::draft(
            own.clone(),
            saying(message, data),
            published.id,
            node.limits(),
        )?;
        copy.trace = trace;
        // One key may have gone to several users, whose copies meet here; the id is one message's.
        copy.key = published.id.to_string().parse().ok();
        keep_own_copy(session, &copy, key.is_some()).await?;
    }
    session.answer(&ServerFrame::Ack(Ack {
        id,
        room: inbox,
        epoch: published.position.epoch,
        seq: published.position.seq,
        timestamp: published.timestamp_ms,
        duplicate: published.duplicate,
    }));
    Ok(())
}

/// Without a key a retry would be a second message, which is worse than a missing copy.
async fn keep_own_copy(session: &Session, copy: &Draft, has_key: bool) -> Result<(), Refusal> {
    match session.node.publish(copy, session.seen(&copy.room)).await {
        Err(refusal) if has_key => Err(refusal),
        Err(refusal) => {
            tracing::debug!(%refusal, "a sender has no copy of a direct message");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}
