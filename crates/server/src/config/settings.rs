//! The table of settings: one row each, with its documentation, type, kind and default.
//!
//! A row is all there is to a setting: its flag, variable, file key, parser, field and reference
//! follow from it. An empty default means none.

use std::fmt;
use std::net::SocketAddr;

use roomcast_protocol::NodeId;

use super::kinds::{Kind, Many, Maybe, One};
use super::parse::{
    Address, BackEndKey, Collector, CollectorHeader, Filter, Format, Key, KeyFile, NodeName, Page,
    RedisLink, RootsFile, Share, Switch, Text, bytes, count, ms, small_count,
};
use super::problem::Problem;
use super::setting::Setting;
use super::sources::Sources;
use super::table::{describe, settings, take};
use super::values::{RedisRoots, RedisUrl};
use crate::auth::{ApiKey, KeySet, Origin, TokenKey};
use crate::logs::LogFormat;
use crate::otlp::{Endpoint, Header};

settings! {
    /// Where clients connect: WebSocket, the HTTP API and the page.
    listen: SocketAddr = One(Address), "127.0.0.1:8080";
    /// Where the operator's probes and Prometheus connect: /livez, /readyz, /metrics.
    ops_listen: SocketAddr = One(Address), "127.0.0.1:9100";
    /// This node's name in the cluster. Two nodes must not share one.
    node: NodeId = One(NodeName), "random";
    /// The Redis that keeps the rooms: a server, a master that sentinels watch (the hosts are the
    /// sentinels), or a Cluster (some of its nodes). With several, each room lives on one of them.
    /// Without any, rooms live in this process and the node stands alone.
    redis: Vec<RedisUrl> = Many(RedisLink), "";
    /// The certificates that a Redis with rediss:// is believed by, instead of the system's.
    redis_ca_file: Option<RedisRoots> = Maybe(RootsFile), "";
    /// How many connections for commands are kept to each Redis.
    redis_connections: usize = One(count(1, 64)), "2";
    /// How many replicas must have a message before it is acknowledged. 0: none is waited for.
    redis_durable_replicas: usize = One(count(0, 16)), "0";
    /// Whether the chat page is served at /.
    page: bool = One(Switch), "true";
    /// How log lines are written.
    log_format: LogFormat = One(Format), "text";
    /// Which log lines are written.
    log: String = One(Filter), "info";
    /// The collector that spans of traced messages are sent to: OTLP over HTTP, at /v1/traces below this
    /// address. Without it nothing is traced.
    otlp_endpoint: Option<Endpoint> = Maybe(Collector), "";
    /// Headers that the collector wants to see. Their values are secrets; in the variable, none can
    /// hold a comma.
    otlp_headers: Vec<Header> = Many(CollectorHeader), "";
    /// The share of messages that are traced. A back end that calls within a trace of its own decides
    /// for itself.
    trace_sample: f64 = One(Share), "0.01";
    /// The most messages traced a second, those that back ends decide for included; for a moment up to
    /// twice as many.
    traces_per_second_max: u32 = One(small_count(1, 100_000)), "100";
    /// How long a stopping node takes to send its sessions elsewhere.
    drain_ms: u64 = One(ms(0, 3_600_000)), "10000";

    /// Keys that tokens are checked with. A token may use a key's own algorithm only; a token that
    /// names a key id is checked with the keys of that id. In the variable, a secret can't hold a
    /// comma; as a flag, others on the machine can see it. With neither this nor jwks_file, the
    /// server runs in development mode.
    token_keys: Vec<TokenKey> = Many(Key), "";
    /// A file of further keys, as an identity provider publishes them. Read once, at the start.
    jwks_file: Option<KeySet> = Maybe(KeyFile), "";
    /// The audience that a token's aud must name. Without it, aud is not looked at.
    token_audience: Option<String> = Maybe(Text), "";
    /// The issuer that a token's iss must be. Without it, iss is not looked at.
    token_issuer: Option<String> = Maybe(Text), "";
    /// How far the clocks of this node and of whoever signs tokens may differ.
    token_leeway_ms: u64 = One(ms(0, 30_000)), "5000";
    /// Whether a token may stand in the query (?token=), where proxies may log it.
    allow_query_token: bool = One(Switch), "false";
    /// The pages that may open sessions, besides what is not a browser. In development mode the
    /// node's own page is always among them.
    origins: Vec<Origin> = Many(Page), "";
    /// The bearer key of the HTTP API. Without it the API is off.
    api_key: Option<ApiKey> = Maybe(BackEndKey), "";

    /// The most connections to the public listener. More are answered 503. The limit of open files
    /// may lower it.
    connections_max: usize = One(count(1, 10_000_000)), "20000";
    /// The most connections from one address, an IPv6 /64 counting as one. 0: no such limit. Behind
    /// a load balancer all come from its address.
    connections_per_address_max: usize = One(count(0, 10_000_000)), "0";
    /// How long a connection may take to send its request head.
    handshake_ms: u64 = One(ms(100, 60_000)), "5000";
    /// The largest request head. A token is a part of it.
    head_bytes_max: usize = One(bytes(1024, 65_536)), "16384";

    /// The largest frame a client may send.
    frame_bytes_max: usize = One(bytes(1024, 16_777_216)), "65536";
    /// The largest text of a message.
    message_bytes_max: usize = One(bytes(1, 1_048_576)), "16384";
    /// The largest data of a message.
    data_bytes_max: usize = One(bytes(0, 1_048_576)), "16384";
    /// The most rooms one session may be in.
    rooms_per_session_max: usize = One(count(1, 100_000)), "100";
    /// The most sessions one user may have on this node.
    sessions_per_user_max: usize = One(count(1, 100_000)), "20";
    /// The most rooms with members on this node. The inbox of each user who is here is one.
    rooms_max: usize = One(count(1, 100_000_000)), "100000";
    /// The most memberships on this node: each room of each session is one, its inbox too.
    occupants_max: usize = One(count(1, 100_000_000)), "1000000";
    /// How many commands a second a session may send for long.
    commands_per_second: u32 = One(small_count(1, 100_000)), "20";
    /// How many commands it may send at once after a rest.
    commands_burst: u32 = One(small_count(1, 1_000_000)), "60";
    /// The most bytes that wait for a slow reader. What doesn't fit is told as a gap and read from
    /// the log later.
    outbox_bytes_max: usize = One(bytes(4096, 1_073_741_824)), "262144";
    /// How long a reader may take nothing at all before its session is closed.
    write_stall_ms: u64 = One(ms(1_000, 3_600_000)), "8000";
    /// How often a silent session is asked for a sign of life.
    heartbeat_ms: u64 = One(ms(1_000, 600_000)), "25000";
    /// Whether frames are compressed (permessage-deflate) for clients that offer it.
    deflate: bool = One(Switch), "true";
    /// Frames of fewer bytes are not compressed: they hardly get smaller.
    deflate_bytes_min: u32 = One(small_count(0, 16_777_216)), "256";
    /// How hard to compress: 1, the fastest, to 9, the smallest.
    deflate_level: u32 = One(small_count(1, 9)), "1";
    /// How long events are gathered into one frame for clients that ask for batches (?batch=1).
    /// 0: only what has queued already goes together.
    batch_ms: u64 = One(ms(0, 50)), "0";

    /// How many messages of a room are kept.
    history_messages: usize = One(count(1, 10_000_000)), "1000";
    /// How long the messages of a room are kept after the last one.
    history_ms: u64 = One(ms(1_000, 315_360_000_000)), "86400000";
    /// The most messages in one page of history.
    page_messages_max: usize = One(count(1, 10_000)), "100";
    /// The most messages given at a join.
    join_messages_max: usize = One(count(1, 10_000)), "100";
    /// The most users named at a join, and in one page of users, read marks or bans.
    page_members_max: usize = One(count(1, 10_000)), "200";
    /// How long a node keeps listening to a room after its last member left.
    linger_ms: u64 = One(ms(0, 3_600_000)), "10000";
    /// How long the embedded back end keeps a room that nobody uses.
    idle_room_ms: u64 = One(ms(0, 315_360_000_000)), "3600000";

    /// How long the other nodes believe in one that gives no sign of life. Then its users have
    /// left. The same on all nodes.
    lease_ms: u64 = One(ms(100, 86_400_000)), "10000";
    /// How often a node gives that sign, and looks for nodes that died: at least twice in lease_ms.
    beat_ms: u64 = One(ms(20, 43_200_000)), "3000";
    /// How long a user's last session may be away (a reload, a reconnect) before they have left. The
    /// same on all nodes.
    grace_ms: u64 = One(ms(0, 86_400_000)), "5000";
    /// The most users in a room where each coming, going and read mark is told by itself.
    presence_each_max: usize = One(count(0, 1_000_000)), "200";
    /// The most users in a room where it is told who came, went and read. With more, only how many
    /// are there. At least presence_each_max.
    presence_named_max: usize = One(count(0, 1_000_000)), "1000";
    /// How often a room with more than presence_each_max users is told of them.
    presence_every_ms: u64 = One(ms(10, 60_000)), "250";
    /// How long typing lasts that is neither repeated nor ended. The same on all nodes.
    typing_ttl_ms: u64 = One(ms(100, 86_400_000)), "6000";
    /// How soon a repetition of typing counts: less than typing_ttl_ms. The same on all nodes.
    typing_repeat_ms: u64 = One(ms(0, 86_399_999)), "3000";
    /// The most users who are named while they type. Of more, only how many is told.
    typists_named_max: usize = One(count(0, 1_000)), "8";
    /// How long the read marks of a room are kept after the last one moved. The same on all nodes.
    read_marks_ms: u64 = One(ms(1_000, 315_360_000_000)), "2592000000";
    /// The most read marks of a room. A newcomer takes the place of one that moved long ago.
    reads_per_room_max: usize = One(count(1, 10_000_000)), "100000";
    /// How long it is known when a user was last seen. The same on all nodes.
    last_seen_ms: u64 = One(ms(1_000, 315_360_000_000)), "2592000000";
    /// The most users banned from a room at a time.
    bans_per_room_max: usize = One(count(1, 1_000_000)), "10000";
    /// The most sessions of a user that are listed.
    sessions_listed_max: usize = One(count(1, 10_000)), "250";
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.shown()).finish()
    }
}
