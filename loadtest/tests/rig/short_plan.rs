//! The short plan of faults, as the load test itself runs it against a cluster of the same build.

use std::process::Command;

use crate::program::roomcast;

#[test]
fn a_cluster_comes_through_the_short_plan() {
    let out = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    command.args(["faults", "--short", "--plain", "--seed", "1", "--roomcast"]);
    command.arg(roomcast()).arg("--out").arg(out.path());
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{why}");
    let report = out.path().join("short/report.html");
    assert!(report.exists(), "{told}");
}
