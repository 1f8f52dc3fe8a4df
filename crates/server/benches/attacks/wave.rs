//! A wave of offenders, in a process of their own with the least priority.

use std::io::{BufRead as _, BufReader, Read as _, stdin};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;

use crate::attack::{ATTACKS, Attack};
use crate::offender::Offender;

/// What the process says once all are connected and begin.
const BEGUN: &str = "begun";

/// The process, until it is told to end.
pub(crate) struct Wave(Child);

impl Wave {
    /// Starts one; returns as the offence begins.
    pub(crate) fn start(attack: &Attack, address: SocketAddr) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new("nice")
            .args(["-n", "19"])
            .arg(program)
            .args(["offend", attack.name, &address.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("nice is part of every system");
        let stdout = child.stdout.take().expect("it is piped");
        let line = BufReader::new(stdout).lines().next();
        assert!(
            matches!(line, Some(Ok(line)) if line == BEGUN),
            "{}: the offenders were not let in",
            attack.name
        );
        Self(child)
    }

    /// Lets it end, and all its connections with it.
    pub(crate) fn end(mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// The life of the process: offend, then hold every connection until the parent lets go.
pub(crate) fn offend(name: &str, address: SocketAddr) {
    let attack = ATTACKS.iter().find(|attack| attack.name == name);
    let attack = attack.expect("the parent knows its attacks");
    let together = Arc::new(Barrier::new(attack.offenders + 1));
    for at in 0..attack.offenders {
        let together = together.clone();
        thread::spawn(move || {
            let mut offender = (attack.open)(address, at);
            together.wait();
            (attack.offend)(&mut offender);
            // Held for as long as the process lives.
            std::mem::forget::<Offender>(offender);
        });
    }
    together.wait();
    println!("{BEGUN}");
    // The threads end with the process.
    let _ = stdin().read(&mut [0]);
}
