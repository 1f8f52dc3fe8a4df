//! Chromium without a screen, led by chromedriver: one browser for one test, and one at a time.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep, timeout};

use crate::window::Window;
use crate::{LOOK_EVERY, PATIENCE};

/// Several browsers at once would only make each other late.
static TURN: Mutex<()> = Mutex::const_new(());

/// No traffic but the test's, no window, nothing kept back because nobody seems to look.
const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--lang=en",
    "--window-size=1280,800",
];

/// A browser of the test's own. It and its driver end when this is dropped.
pub(crate) struct Browser {
    client: Client,
    driver: Child,
    port: u16,
    /// The browser's process; the driver's death alone would leave it behind.
    pid: u64,
    windows: usize,
    _files: TempDir,
    /// None where another browser of the same test has it.
    _turn: Option<MutexGuard<'static, ()>>,
}

impl Browser {
    /// Starts one with a window of 1280 to 800 pixels.
    pub(crate) async fn start() -> Self {
        let turn = TURN.lock().await;
        Self::with(json!({}), Some(turn)).await
    }

    /// Starts one more for a test that needs several; its turn is this one's.
    pub(crate) async fn another(&self) -> Self {
        Self::with(json!({}), None).await
    }

    /// Starts one that shows pages as a phone with a screen of 390 to 844 pixels does.
    pub(crate) async fn phone() -> Self {
        let screen = json!({ "width": 390, "height": 844, "pixelRatio": 2.0, "touch": true });
        let turn = TURN.lock().await;
        Self::with(
            json!({ "mobileEmulation": { "deviceMetrics": screen } }),
            Some(turn),
        )
        .await
    }

    async fn with(mut options: Value, turn: Option<MutexGuard<'static, ()>>) -> Self {
        let files = tempfile::tempdir().unwrap();
        let profile = format!("--user-data-dir={}", files.path().join("profile").display());
        let arguments = ARGUMENTS.iter().copied().chain([profile.as_str()]);
        options["args"] = arguments.collect();
        let mut driver = Driver(Some(start_driver(files.path())));
        let port = driver_port(driver.0.as_mut().unwrap(), files.path()).await;
        let mut wishes = Capabilities::new();
        wishes.insert("goog:chromeOptions".to_owned(), options);
        wishes.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let url = format!("http://127.0.0.1:{port}");
        let connecting = builder.capabilities(wishes);
        let connected = timeout(PATIENCE, connecting.connect(&url)).await;
        let client = connected
            .expect("chromium is up in time")
            .expect("chromium starts; it is installed by `cargo xtask test`");
        let told = client
            .capabilities()
            .and_then(|it| it.get("goog:processID"));
        let pid = told.and_then(Value::as_u64).expect("the browser's process");
        Self {
            client,
            driver: driver.0.take().unwrap(),
            port,
            pid,
            windows: 0,
            _files: files,
            _turn: turn,
        }
    }

    /// A window that nothing has been opened in; people in different windows share nothing.
    pub(crate) async fn window(&mut self) -> Window {
        self.windows += 1;
        let handle = if self.windows == 1 {
            self.client.window().await.unwrap()
        } else {
            let opened = self.client.new_window(false).await.unwrap();
            opened.handle
        };
        Window::new(self.client.clone(), handle)
    }

    /// What the browser itself had to complain of since it was last asked: errors of scripts,
    /// breaches of the page's policy, files that are missing.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.client.issue_cmd(BrowserLog).await.unwrap();
        let entries = log.as_array().expect("a list").iter();
        let bad = entries.filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG");
        bad.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if shut_down(self.port).is_ok() && ends(&mut self.driver) {
            return;
        }
        let pid = self.pid.to_string();
        // Whatever is dead already needs no killing.
        let _ = Command::new("kill").args(["-KILL", &pid]).status();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Tells the driver to close its browser and to end.
fn shut_down(port: u16) -> std::io::Result<()> {
    let mut driver = TcpStream::connect(("127.0.0.1", port))?;
    driver.set_read_timeout(Some(PATIENCE))?;
    driver.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    driver.read_to_end(&mut Vec::new()).map(|_| ())
}

fn ends(driver: &mut Child) -> bool {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if driver.try_wait().is_ok_and(|ended| ended.is_some()) {
            return true;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    false
}

/// A driver that goes if its browser doesn't come.
struct Driver(Option<Child>);

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn start_driver(files: &Path) -> Child {
    let missing = "chromedriver and chromium are needed; `cargo xtask test` installs them";
    Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(File::create(files.join("driver")).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .expect(missing)
}

/// The port that the driver chose, once it listens there.
async fn driver_port(driver: &mut Child, files: &Path) -> u16 {
    let until = Instant::now() + PATIENCE;
    loop {
        let told = std::fs::read_to_string(files.join("driver")).unwrap();
        let lines = told.lines().filter(|line| line.contains("successfully"));
        if let Some((_, port)) = lines.filter_map(|line| line.rsplit_once(' ')).next() {
            return port.trim_end_matches('.').parse().expect("a port");
        }
        let ended = driver.try_wait().unwrap();
        let late = Instant::now() > until;
        assert!(ended.is_none() && !late, "chromedriver: {ended:?}\n{told}");
        sleep(LOOK_EVERY).await;
    }
}

/// chromedriver's own command for what stands in the browser's console.
#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/se/log"))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let wish = json!({ "type": "browser" });
        (http::Method::POST, Some(wish.to_string()))
    }
}
