//! A node of the cluster, on the same ports in all its lives.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::RigError;
use super::options::RigOptions;
use super::ports;
use super::probe::probe;
use super::process::Process;

/// For a start on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);
/// For a drain of any usual window.
const DRAIN_PATIENCE: Duration = Duration::from_secs(90);
const ASK_EVERY: Duration = Duration::from_millis(50);
/// Starts, should another process take a port first.
const TRIES: usize = 5;

/// A `roomcast serve` of ours.
pub(super) struct Gateway {
    pub(super) process: Process,
    /// Where clients connect.
    pub(super) address: SocketAddr,
    /// Where operators and the balancer connect.
    pub(super) ops: SocketAddr,
}

impl Gateway {
    /// Starts one and waits until it is ready.
    pub(super) async fn start(
        name: String,
        redis: &str,
        program: &Path,
        directory: &Path,
        options: &RigOptions,
    ) -> Result<Self, RigError> {
        let mut process = Process::new(name, program, directory);
        for _ in 0..TRIES {
            let ports = ports::free(2)?;
            let here = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let (address, ops) = (here(ports[0]), here(ports[1]));
            let mut arguments: Vec<String> = ["serve", "--node", &process.name, "--redis", redis]
                .map(str::to_owned)
                .into();
            arguments.extend(["--listen".to_owned(), address.to_string()]);
            arguments.extend(["--ops-listen".to_owned(), ops.to_string()]);
            arguments.extend(options.settings.iter().cloned());
            process.start(arguments)?;
            let mut gateway = Self {
                process,
                address,
                ops,
            };
            match gateway.up().await {
                Err(error) if is_port_taken(&error) => process = gateway.process,
                up => return up.map(|()| gateway),
            }
        }
        Err(process.ended_early())
    }

    /// Starts it again on its old ports, and waits until it is ready.
    pub(super) async fn start_anew(&mut self) -> Result<(), RigError> {
        let until = Instant::now() + PATIENCE;
        loop {
            self.process.start_anew()?;
            match self.up().await {
                // Whoever has the port may be about to leave; clients know this one.
                Err(error) if is_port_taken(&error) && Instant::now() < until => {
                    sleep(ASK_EVERY).await;
                }
                up => return up,
            }
        }
    }

    /// Waits until a node that was asked to end has done so; what is wrong with its end, if anything is.
    pub(super) async fn drained(&mut self) -> Result<Option<String>, RigError> {
        let status = self.process.ended(DRAIN_PATIENCE).await?;
        let name = &self.process.name;
        Ok((!status.success()).then(|| format!("{name}: its drain ended with {status}")))
    }

    async fn up(&mut self) -> Result<(), RigError> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if self.process.is_gone().is_some() {
                return Err(self.process.ended_early());
            }
            if probe(self.ops, "/readyz").await == Some(200) {
                return Ok(());
            }
            sleep(ASK_EVERY).await;
        }
        Err(self.process.too_slow("become ready", PATIENCE))
    }
}

fn is_port_taken(error: &RigError) -> bool {
    matches!(error, RigError::Ended { last, .. } if last.contains("in use"))
}
