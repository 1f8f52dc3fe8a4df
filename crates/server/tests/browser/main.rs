//! The page in a real browser, on real nodes: what two people see of each other, of an outage, and
//! of those who mean them harm. Each file beside this one holds one of these stories, or one of the
//! processes it is played with.
//!
//! Keeps true: nothing is slept for, all is waited for; whatever was started is stopped.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod browser;
mod company;
mod crowd;
mod direct;
mod door;
mod guest;
mod hostile;
mod manners;
mod node;
mod outages;
mod phone;
mod screen;
mod taken_out;
mod talking;
mod through_the_balancer;
mod unread;
mod window;

use std::time::Duration;

/// Longer than anything here takes, on any machine; a wait ends early by what it waits for.
const PATIENCE: Duration = Duration::from_secs(45);
/// How often what is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
