//! `who`: a page of who is in a room. Where members are told of each coming and going, the page is
//! part of what they are told; of a larger room presence is asked.

use roomcast_protocol::{Member, Members, Refusal, ServerFrame, Who};
use tokio::sync::oneshot;

use crate::hub::WhoRequest;
use crate::session::Session;

pub(super) async fn run(session: &mut Session, who: Who) -> Result<(), Refusal> {
    let Who {
        id,
        room,
        after,
        limit,
    } = who;
    session.must_be_in(&room)?;
    let node = &session.node;
    let (done, answer) = oneshot::channel();
    let request = WhoRequest {
        room: room.clone(),
        id: id.clone(),
        after: after.clone(),
        limit: node.members_limit(limit),
        outbox: session.outbox.clone(),
        done,
    };
    if node.hub.who(request, answer).await {
        return Ok(());
    }
    let roster = node.members(&room, after.as_ref(), limit).await?;
    let member = |present: roomcast_presence::Present| Member {
        user: present.user,
        name: present.name,
    };
    session.answer(&ServerFrame::Members(Members {
        id,
        room,
        count: roster.count,
        members: roster.members.into_iter().map(member).collect(),
        more: roster.more,
    }));
    Ok(())
}
