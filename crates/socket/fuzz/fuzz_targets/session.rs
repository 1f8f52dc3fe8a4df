//! The conversation of a gateway over a real socket, with a client that does any of what clients
//! do, in any order: it never panics, never breaks a rule itself, and always ends; a client that
//! keeps the rules hears everything, in order.
//!
//! An input: one byte of switches (1: compression agreed; 2: the first bytes come with the
//! handshake), then acts: a byte for which, then what it takes.

#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use roomcast::socket::End;
use roomcast_protocol::CloseCode;
use roomcast_socket::{CloseCode as WireCode, Event};
use roomcast_socket_fuzz::peer::MESSAGE_BYTES_MAX;
use roomcast_socket_fuzz::recipe::{Recipe, cut};
use roomcast_socket_fuzz::scene::{Held, Scene};

const ACTS_MAX: usize = 24;
/// Below the bound of a frame, whatever compression does to it.
const TEXT_BYTES_MAX: usize = MESSAGE_BYTES_MAX / 2;

thread_local! {
    static SCENE: OnceCell<Scene> = const { OnceCell::new() };
}

/// What the client must hear, as long as both keep the rules and go on.
#[derive(Default)]
struct Owed {
    echoes: Vec<String>,
    told: Vec<String>,
    pongs: Vec<Vec<u8>>,
    /// The client has broken a rule, or one of both has begun to end it.
    nothing: bool,
}

fuzz_target!(|data: &[u8]| {
    SCENE.with(|scene| {
        let scene = scene.get_or_init(Scene::default);
        scene.runtime.block_on(hold(scene, Recipe::new(data)));
    });
});

async fn hold(scene: &Scene, mut recipe: Recipe<'_>) {
    let switches = recipe.byte();
    let mut owed = Owed::default();
    let mut early = Vec::new();
    if switches & 2 != 0 {
        early = recipe.payload();
        owed.nothing |= !early.is_empty();
    }
    let mut held = scene.begin(switches & 1 != 0, early).await;
    for _ in 0..ACTS_MAX {
        if recipe.is_empty() || held.is_over {
            break;
        }
        act(&mut held, &mut recipe, &mut owed).await;
    }
    if !owed.nothing {
        let events = owed.echoes.len() + owed.told.len() + owed.pongs.len();
        held.hear(events).await.expect("a gateway keeps the rules");
        owed.is_what(&held.heard);
    }
    if let Some(close) = held.machine().close(WireCode::NORMAL, "bye", 1) {
        held.send(&close).await;
    }
    held.shut_down().await;
    held.hear(usize::MAX)
        .await
        .expect("a gateway keeps the rules");
    if !owed.nothing {
        let last = held.heard.last();
        assert!(matches!(last, Some(Event::Close { .. })), "{last:?}");
    }
    let ended = held.leave().await;
    assert!(owed.nothing || ended.end == End::Peer, "{:?}", ended.end);
}

async fn act(held: &mut Held, recipe: &mut Recipe<'_>, owed: &mut Owed) {
    match recipe.byte() % 9 {
        0 | 1 => {
            let text = text("said", recipe);
            if let Some(frame) = held.machine().text(&text) {
                let sizes: Vec<usize> = recipe.sizes().iter().map(|size| size * 8).collect();
                for piece in cut(&frame, &sizes) {
                    held.send(piece).await;
                    tokio::task::yield_now().await;
                }
                owed.echoes.push(text);
            }
        }
        2 => {
            let payload: Vec<u8> = recipe
                .sizes()
                .iter()
                .map(|&size| size.to_le_bytes()[0])
                .collect();
            if let Some(frame) = held.machine().ping(&payload) {
                held.send(&frame).await;
                owed.pongs.push(payload);
            }
        }
        3 => {
            let text = text("told", recipe);
            held.party.tell(&text);
            owed.told.push(text);
        }
        4 => tokio::task::yield_now().await,
        5 => {
            let heard = held.heard.len() + 1;
            let due = owed.echoes.len() + owed.told.len() + owed.pongs.len();
            if !owed.nothing && heard <= due {
                held.hear(heard).await.expect("a gateway keeps the rules");
            }
        }
        6 => {
            let bytes = recipe.payload();
            owed.nothing |= !bytes.is_empty();
            held.send(&bytes).await;
        }
        7 => {
            owed.nothing = true;
            held.party.end(CloseCode::Stuck);
        }
        _ => {
            owed.nothing = true;
            held.shut_down().await;
        }
    }
}

/// A text that begins with whose it is.
fn text(whose: &str, recipe: &mut Recipe<'_>) -> String {
    let mut text = format!("{whose} {}", String::from_utf8_lossy(&recipe.payload()));
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    text.truncate(end);
    text
}

impl Owed {
    /// Each kind in its own order: how they mix is nobody's promise.
    fn is_what(&self, heard: &[Event<'static>]) {
        let texts = |whose: &str| -> Vec<&str> {
            let texts = heard.iter().filter_map(|event| match event {
                Event::Text(text) => Some(text.as_ref()),
                _ => None,
            });
            texts.filter(|text| text.starts_with(whose)).collect()
        };
        assert_eq!(texts("said "), self.echoes);
        assert_eq!(texts("told "), self.told);
        let pongs = heard.iter().filter_map(|event| match event {
            Event::Pong(payload) => Some(payload.as_ref()),
            _ => None,
        });
        assert_eq!(pongs.collect::<Vec<&[u8]>>(), self.pongs);
    }
}
