//! Arbitrary frames of every variant, with arbitrary valid content. Owns one strategy a variant.

use proptest::collection::vec;
use proptest::prelude::*;
use roomcast_protocol::{
    Ack, Auth, Chat, ClientFrame, Connected, Control, Direct, ErrorFrame, Gap, GapRange, History,
    HistoryPage, Join, JoinRoom, Joined, Json, Leave, Member, Members, Ok, Order, PROTOCOL_VERSION,
    Ping, Pong, PresenceNews, Read, ReadMark, Reads, Reconnect, Said, Say, ServerFrame, Signal,
    TypingNews, TypingNow, TypingSeen, Typists, UserJoined, UserLeft, UserMark, Who, WireLimits,
    encode_server,
};

use crate::values::{
    data, display_name, epoch, key, message_id, node, option, request_id, room, seq, session_id,
    since, text, user,
};

pub(crate) fn client_frame() -> BoxedStrategy<ClientFrame> {
    prop_oneof![
        (request_id(), vec(join_room(), 1..5))
            .prop_map(|(id, rooms)| ClientFrame::Join(Join { id, rooms })),
        (request_id(), room()).prop_map(|(id, room)| ClientFrame::Leave(Leave { id, room })),
        (request_id(), room(), text(), option(data()), option(key())).prop_map(
            |(id, room, message, data, key)| ClientFrame::Chat(Say {
                id,
                room,
                message,
                data,
                key,
            })
        ),
        (request_id(), user(), text(), option(data()), option(key())).prop_map(
            |(id, to, message, data, key)| ClientFrame::Direct(Direct {
                id,
                to,
                message,
                data,
                key,
            })
        ),
        (room(), any::<bool>())
            .prop_map(|(room, typing)| ClientFrame::Typing(TypingNow { room, typing })),
        (option(request_id()), room(), seq()).prop_map(|(id, room, seq)| ClientFrame::Read(Read {
            id,
            room,
            seq
        })),
        (request_id(), room(), option(user()), option(any::<u32>())).prop_map(
            |(id, room, after, limit)| ClientFrame::Who(Who {
                id,
                room,
                after,
                limit
            })
        ),
        history().prop_map(ClientFrame::History),
        (request_id(), text()).prop_map(|(id, token)| ClientFrame::Auth(Auth { id, token })),
        request_id().prop_map(|id| ClientFrame::Ping(Ping { id })),
    ]
    .boxed()
}

pub(crate) fn server_frame() -> BoxedStrategy<ServerFrame> {
    prop_oneof![session_frame(), room_frame(), answer()].boxed()
}

pub(crate) fn signal() -> BoxedStrategy<Signal> {
    let user = (room(), user(), option(display_name()), any::<u64>());
    let order = prop_oneof![
        (option(session_id()), any::<u16>(), text()).prop_map(|(session, code, reason)| {
            Order::Disconnect {
                session,
                code,
                reason,
            }
        }),
        (room(), option(any::<u64>())).prop_map(|(from, banned_until_ms)| Order::Remove {
            from,
            banned_until_ms
        }),
    ];
    prop_oneof![
        (user, any::<bool>(), any::<u64>()).prop_map(
            |((room, user, name, count), joined, revision)| match joined {
                true => Signal::Joined {
                    user: UserJoined {
                        room,
                        user,
                        name,
                        count
                    },
                    revision,
                },
                false => Signal::Left {
                    user: UserLeft {
                        room,
                        user,
                        name,
                        count
                    },
                    revision,
                },
            }
        ),
        (room(), self::user(), any::<bool>())
            .prop_map(|(room, user, typing)| Signal::Typing(TypingSeen { room, user, typing })),
        (room(), self::user(), seq()).prop_map(|(room, user, seq)| Signal::Read(ReadMark {
            room,
            user,
            seq
        })),
        (room(), order).prop_map(|(room, order)| Signal::Control(Control { room, order })),
    ]
    .boxed()
}

pub(crate) fn said() -> BoxedStrategy<Said> {
    let who = (message_id(), user(), option(display_name()), option(user()));
    (who, text(), option(data()), option(key()))
        .prop_map(|((id, from, name, to), message, data, key)| Said {
            id,
            from,
            name,
            to,
            message,
            data,
            key,
        })
        .boxed()
}

pub(crate) fn chat() -> BoxedStrategy<Chat> {
    (room(), epoch(), seq(), any::<u64>(), said())
        .prop_map(|(room, epoch, seq, timestamp, said)| Chat {
            room,
            epoch,
            seq,
            timestamp,
            id: said.id,
            from: said.from,
            name: said.name,
            to: said.to,
            message: said.message,
            data: said.data,
            key: said.key,
        })
        .boxed()
}

/// `since` and `history` never together: `join` refuses that.
fn join_room() -> impl Strategy<Value = JoinRoom> {
    let from = prop_oneof![
        Just((None, None)),
        since().prop_map(|since| (Some(since), None)),
        any::<u32>().prop_map(|history| (None, Some(history))),
    ];
    (room(), from).prop_map(|(room, (since, history))| JoinRoom {
        room,
        since,
        history,
    })
}

fn history() -> impl Strategy<Value = History> {
    let range = (option(seq()), option(seq()), option(any::<u32>()));
    (request_id(), room(), range).prop_map(|(id, room, (before, after, limit))| History {
        id,
        room,
        before,
        after,
        limit,
    })
}

fn session_frame() -> BoxedStrategy<ServerFrame> {
    prop_oneof![
        connected().prop_map(ServerFrame::Connected),
        (any::<u64>(), text())
            .prop_map(|(after_ms, reason)| ServerFrame::Reconnect(Reconnect { after_ms, reason })),
        (
            option(request_id()),
            any::<u16>(),
            text(),
            option(any::<u64>())
        )
            .prop_map(|(id, code, message, retry_after_ms)| ServerFrame::Error(
                ErrorFrame {
                    id,
                    room: None,
                    code,
                    message,
                    retry_after_ms,
                }
            )),
    ]
    .boxed()
}

fn connected() -> impl Strategy<Value = Connected> {
    let limits = any::<(u64, u64, u64, u32, u32)>().prop_map(|limits| WireLimits {
        frame_bytes_max: limits.0,
        message_bytes_max: limits.1,
        data_bytes_max: limits.2,
        rooms_max: limits.3,
        page_messages_max: limits.4,
    });
    (session_id(), user(), node(), any::<(u64, u64)>(), limits).prop_map(
        |(session, user, node, (heartbeat_ms, server_time), limits)| Connected {
            session,
            user,
            node,
            protocol: PROTOCOL_VERSION,
            heartbeat_ms,
            server_time,
            limits,
        },
    )
}

fn room_frame() -> BoxedStrategy<ServerFrame> {
    let presence = (room(), user(), option(display_name()), any::<u64>());
    prop_oneof![
        chat().prop_map(|chat| ServerFrame::Chat(Box::new(chat))),
        presence.prop_flat_map(|(room, user, name, count)| prop_oneof![
            Just(ServerFrame::UserJoined(UserJoined {
                room: room.clone(),
                user: user.clone(),
                name: name.clone(),
                count,
            })),
            Just(ServerFrame::UserLeft(UserLeft {
                room,
                user,
                name,
                count,
            })),
        ]),
        (room(), members(), vec(user(), 0..3), any::<u64>()).prop_map(
            |(room, joined, left, count)| ServerFrame::Presence(PresenceNews {
                room,
                joined,
                left,
                count,
            })
        ),
        (room(), typing_news())
            .prop_map(|(room, news)| ServerFrame::Typists(Typists { room, news })),
        (room(), vec((user(), seq()), 0..4)).prop_map(|(room, marks)| {
            let mark = |(user, seq)| UserMark { user, seq };
            let marks = marks.into_iter().map(mark).collect();
            ServerFrame::Reads(Reads { room, marks })
        }),
        (room(), user(), any::<bool>()).prop_map(|(room, user, typing)| ServerFrame::Typing(
            TypingSeen { room, user, typing }
        )),
        (room(), user(), seq()).prop_map(|(room, user, seq)| ServerFrame::Read(ReadMark {
            room,
            user,
            seq
        })),
        (room(), epoch(), seq(), seq()).prop_map(|(room, epoch, from, to)| ServerFrame::Gap(Gap {
            room,
            epoch,
            from,
            to,
        })),
    ]
    .boxed()
}

fn answer() -> BoxedStrategy<ServerFrame> {
    prop_oneof![
        joined().prop_map(ServerFrame::Joined),
        (request_id(), room(), epoch(), seq(), any::<(u64, bool)>()).prop_map(
            |(id, room, epoch, seq, (timestamp, duplicate))| {
                ServerFrame::Ack(Ack {
                    id,
                    room,
                    epoch,
                    seq,
                    timestamp,
                    duplicate,
                })
            }
        ),
        (request_id(), room(), any::<(u64, bool)>(), members()).prop_map(
            |(id, room, (count, more), members)| {
                ServerFrame::Members(Members {
                    id,
                    room,
                    count,
                    members,
                    more,
                })
            }
        ),
        (request_id(), room(), epoch(), messages(), any::<bool>()).prop_map(
            |(id, room, epoch, messages, more)| ServerFrame::History(HistoryPage {
                id,
                room,
                epoch,
                messages,
                more,
            })
        ),
        request_id().prop_map(|id| ServerFrame::Ok(Ok { id })),
        (request_id(), any::<u64>())
            .prop_map(|(id, server_time)| ServerFrame::Pong(Pong { id, server_time })),
    ]
    .boxed()
}

fn joined() -> impl Strategy<Value = Joined> {
    let gap = (seq(), seq()).prop_map(|(from, to)| GapRange { from, to });
    let log = (epoch(), seq(), any::<bool>(), messages(), option(gap));
    let people = (any::<u64>(), option(members()), option(typing_news()));
    let own = (option(seq()), option(any::<u64>()));
    (option(request_id()), room(), log, people, own).prop_map(
        |(id, room, (epoch, seq, recovered, messages, gap), (count, members, typing), own)| {
            Joined {
                id,
                room,
                epoch,
                seq,
                recovered,
                messages,
                gap,
                count,
                members,
                typing,
                read: own.0,
                unread: own.1,
            }
        },
    )
}

fn typing_news() -> impl Strategy<Value = TypingNews> {
    (any::<u64>(), vec(user(), 0..4)).prop_map(|(count, users)| TypingNews { count, users })
}

fn messages() -> impl Strategy<Value = Vec<Json>> {
    let encoded = chat().prop_map(|chat| {
        let frame = encode_server(&ServerFrame::Chat(Box::new(chat)));
        Json::parse(frame).expect("an encoded frame is JSON")
    });
    vec(encoded, 0..3)
}

fn members() -> impl Strategy<Value = Vec<Member>> {
    let member = (user(), option(display_name())).prop_map(|(user, name)| Member { user, name });
    vec(member, 0..4)
}
