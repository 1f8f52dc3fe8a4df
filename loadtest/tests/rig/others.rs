//! A cluster of somebody else, of which we know numbers and addresses alone.

use std::process::{Child, Command};

use loadtest::fault::Fault;
use loadtest::fault::deed::Deed;
use loadtest::stage::Stage;
use loadtest::stage::cluster::Cluster;

use crate::waiting::until;

/// Stands for a node.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        Self(Command::new("sleep").arg("600").spawn().unwrap())
    }

    fn file(&self, name: &str) -> String {
        let path = std::path::Path::new("/proc").join(self.0.id().to_string());
        std::fs::read_to_string(path.join(name)).unwrap_or_default()
    }

    fn is_stopped(&self) -> bool {
        self.file("status").contains("State:\tT")
    }

    fn open_files(&self) -> String {
        let limits = self.file("limits");
        let row = limits.lines().find(|row| row.contains("open files"));
        row.unwrap_or_default().to_owned()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn stage(sleeper: &Sleeper) -> Stage {
    Stage::theirs(Cluster {
        processes: vec![("east".into(), sleeper.0.id())],
        redis: None,
        targets: vec!["ws://127.0.0.1:1/v1/ws".into()],
    })
}

fn deed(written: &str) -> Deed {
    written.parse::<Fault>().unwrap().deed
}

#[tokio::test]
async fn a_named_process_is_stopped_starved_and_drained() {
    let sleeper = Sleeper::start();
    let mut stage = stage(&sleeper);
    let (stop, starve) = (deed("stop:east@1s"), deed("starve:east@1s"));
    stage.begin(&stop).await.unwrap();
    until("its stop", async || sleeper.is_stopped()).await;
    stage.end(&stop).await.unwrap();
    until("that it goes on", async || !sleeper.is_stopped()).await;

    let before = sleeper.open_files();
    stage.begin(&starve).await.unwrap();
    let words = sleeper.open_files();
    assert_eq!(words.split_whitespace().nth(3), Some("0"), "{words}");
    stage.end(&starve).await.unwrap();
    assert_eq!(sleeper.open_files(), before);

    let drain = deed("drain:east@1s");
    stage.begin(&drain).await.unwrap();
    // It ends, and nobody but us could start it anew.
    stage.end(&drain).await.unwrap();
    stage.end(&stop).await.unwrap();
    stage.close().await.unwrap();
}

#[tokio::test]
async fn whatever_becomes_of_the_run_a_process_goes_on() {
    let sleeper = Sleeper::start();
    let before = sleeper.open_files();
    let mut stage = stage(&sleeper);
    stage.begin(&deed("stop:east@1s")).await.unwrap();
    stage.begin(&deed("starve:east@1s")).await.unwrap();
    until("its stop", async || sleeper.is_stopped()).await;
    drop(stage);
    until("that it goes on", async || !sleeper.is_stopped()).await;
    assert_eq!(sleeper.open_files(), before);
}

#[tokio::test]
async fn what_cant_be_done_is_told_before_it_is_tried() {
    let sleeper = Sleeper::start();
    let stage = stage(&sleeper);
    let told = [
        ("kill:west@1s", "no node \"west\"; there are: east"),
        ("redis-flush@1s", "not known where Redis is"),
        ("cut-feed@1s", "not known where Redis is"),
        ("redis-stop@1s", "number of the process redis"),
        ("redis-restart@1s", "must be started by us"),
        ("reconnect@1s", "done by clients"),
    ];
    for (written, sentence) in told {
        let error = stage.can(&deed(written)).unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
    }
    for written in ["kill:east@1s", "starve:east@1s", "run:true@1s"] {
        stage.can(&deed(written)).unwrap();
    }
}

#[tokio::test]
async fn a_command_runs_to_its_end_and_says_what_went_wrong() {
    let sleeper = Sleeper::start();
    let mut stage = stage(&sleeper);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("done");
    // What it leaves in the background isn't waited for.
    let fine = deed(&format!("run:sleep 3 & echo yes > {}@1s", file.display()));
    // A run does its deeds in a task of their own.
    let task = tokio::spawn(async move {
        stage.begin(&fine).await.unwrap();
        stage.end(&fine).await.unwrap();
        stage
    });
    stage = task.await.unwrap();
    assert_eq!(std::fs::read_to_string(file).unwrap(), "yes\n");
    let wrong = deed("run:echo no such switch >&2; exit 3@1s");
    let error = stage.begin(&wrong).await.unwrap_err().to_string();
    assert!(
        error.contains("no such switch") && error.contains('3'),
        "{error}"
    );
}
