//! The load: the project's own load test, built as it is released, with its audit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::options::Options;
use super::stack::Stack;
use crate::environment;

/// What a gateway keeps of a room where nobody says otherwise.
const HISTORY: &str = "1000";
/// Beside the talk: connecting, coming to rest, and the audit.
const AROUND: Duration = Duration::from_secs(4 * 60);

/// The crowd, and its program.
pub(super) struct Load {
    program: PathBuf,
    tokens: PathBuf,
    clients: u32,
    seed: Option<u64>,
}

impl Load {
    /// Builds it.
    ///
    /// # Errors
    /// A sentence; cargo's own words are above.
    pub(super) fn build(options: &Options, folder: &Path) -> Result<Self, String> {
        let mut build = Command::new(environment::cargo());
        build.args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "-p",
            "loadtest",
        ]);
        let built = build.current_dir(environment::workspace_root()).status();
        let built = built.map_err(|why| format!("can't start cargo: {why}"))?;
        if !built.success() {
            return Err("the load test doesn't build".to_owned());
        }
        Ok(Self {
            program: environment::target_folder()?.join("release/loadtest"),
            tokens: folder.join("tokens"),
            clients: options.clients,
            seed: options.seed,
        })
    }

    /// How many come.
    pub(super) fn clients(&self) -> u32 {
        self.clients
    }

    /// Where their tokens are, a line each.
    pub(super) fn tokens(&self) -> &Path {
        &self.tokens
    }

    /// Notes the tokens with which they come.
    pub(super) fn take_tokens(&self, tokens: &str) -> Result<(), String> {
        let count = tokens.lines().count();
        if count != self.clients as usize {
            return Err(format!("{count} tokens for {} clients", self.clients));
        }
        fs::write(&self.tokens, tokens)
            .map_err(|why| format!("can't write {}: {why}", self.tokens.display()))
    }

    /// Has them talk for so long, and a fault happen; the result. Whether it is a good one is for others to say.
    ///
    /// # Errors
    /// A sentence, when there is no result.
    pub(super) fn play(
        &self,
        stack: &Stack,
        name: &str,
        fault: &str,
        talk_s: u32,
    ) -> Result<Value, String> {
        let out = stack.project.folder().join(name);
        let result = out.join("result.json");
        // So that nothing old is taken for what comes.
        let _ = fs::remove_file(&result);
        let target = format!("ws://127.0.0.1:{}", stack.project.edge_port());
        let [clients, seed] = [self.clients.to_string(), self.seed.unwrap_or(1).to_string()];
        let [program, tokens, out] =
            [&self.program, &self.tokens, &out].map(|path| path.display().to_string());
        let talk = format!("{talk_s}s");
        let words = [
            [
                &program, "chatter", "--plain", "--target", &target, "--tokens", &tokens,
            ],
            // Whoever reloads a page is away by themselves, which would be taken for the fault's doing.
            [
                "--reloads",
                "0",
                "--clients",
                &clients,
                "--history",
                HISTORY,
                "--for",
            ],
            [&talk, "--seed", &seed, "--out", &out, "--fault", fault],
        ];
        let limit = AROUND + Duration::from_secs(talk_s.into());
        let said = stack
            .project
            .call(&format!("{name}.log"), &words.concat(), limit)?;
        match fs::read_to_string(&result) {
            Ok(text) => {
                serde_json::from_str(&text).map_err(|why| format!("{}: {why}", result.display()))
            }
            Err(_) => Err(format!(
                "the load test came to nothing: {}",
                said.last_words()
            )),
        }
    }
}
