//! One window of the browser, and the person before it: what they type, and what they get to see.

use std::net::SocketAddr;

use fantoccini::elements::Element;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, Locator};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::screen::{READ, Screen};
use crate::{LOOK_EVERY, PATIENCE};

/// A window. All windows of a browser share one line to it, so each call turns to its own first.
pub(crate) struct Window {
    client: Client,
    handle: WindowHandle,
}

impl Window {
    pub(crate) fn new(client: Client, handle: WindowHandle) -> Self {
        Self { client, handle }
    }

    /// Opens the page, as with `/` or `/#room`.
    pub(crate) async fn open(&self, node: SocketAddr, path: &str) {
        self.turn_to().await;
        let url = format!("http://{node}{path}");
        self.client.goto(&url).await.unwrap();
    }

    /// Loads the page anew.
    pub(crate) async fn reload(&self) {
        self.turn_to().await;
        self.client.refresh().await.unwrap();
    }

    /// Opens the page and goes into a room; returns when the room is there.
    pub(crate) async fn enter(&self, node: SocketAddr, name: &str, room: &str) {
        self.open(node, "/").await;
        self.type_into("#name", name).await;
        self.element("#room").await.clear().await.unwrap();
        self.type_into("#room", room).await;
        self.click("#enter").await;
        let entered = |screen: &Screen| {
            screen.signed_in && screen.title == room && screen.count.ends_with(" online")
        };
        self.sees(&format!("{name} is in {room}"), entered).await;
    }

    /// Writes a message and sends it. Characters beyond the basic plane can't be typed.
    pub(crate) async fn say(&self, text: &str) {
        self.type_into("#message", text).await;
        self.click("#send").await;
    }

    pub(crate) async fn type_into(&self, selector: &str, text: &str) {
        let field = self.element(selector).await;
        field.send_keys(text).await.unwrap();
    }

    pub(crate) async fn click(&self, selector: &str) {
        self.element(selector).await.click().await.unwrap();
    }

    /// The one element that is meant.
    pub(crate) async fn element(&self, selector: &str) -> Element {
        self.turn_to().await;
        let found = self.client.find(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    /// Runs a script on the page; what it returns.
    pub(crate) async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.turn_to().await;
        self.client.execute(script, arguments).await.unwrap()
    }

    /// Runs a script on the page until it returns this.
    pub(crate) async fn until(
        &self,
        script: &str,
        arguments: Vec<Value>,
        wanted: impl Into<Value>,
    ) {
        let wanted = wanted.into();
        let until = Instant::now() + PATIENCE;
        loop {
            let got = self.run(script, arguments.clone()).await;
            if got == wanted {
                return;
            }
            assert!(Instant::now() < until, "{got} for {arguments:?}:{script}");
            sleep(LOOK_EVERY).await;
        }
    }

    /// The page as it is now.
    pub(crate) async fn screen(&self) -> Screen {
        let read = self.run(READ, Vec::new()).await;
        serde_json::from_value(read).expect("what the script returns")
    }

    /// The page, once it is like this.
    pub(crate) async fn sees(&self, what: &str, is_so: impl Fn(&Screen) -> bool) -> Screen {
        let until = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen().await;
            if is_so(&screen) {
                return screen;
            }
            assert!(Instant::now() < until, "not seen: {what}\n{screen:#?}");
            sleep(LOOK_EVERY).await;
        }
    }

    /// The page, once it is connected and holds these messages, said back by the room, and no other.
    pub(crate) async fn sees_exactly(&self, texts: &[&str]) -> Screen {
        let what = format!("exactly {texts:?}");
        let settled = |screen: &Screen| screen.is_settled() && screen.texts() == texts;
        self.sees(&what, settled).await
    }

    async fn turn_to(&self) {
        let handle = self.handle.clone();
        self.client.switch_to_window(handle).await.unwrap();
    }
}
