//! HAProxy in front of the nodes, as an operator would set it up.
//!
//! Keeps true: its checks are those of deploy/haproxy.cfg. A node that doesn't answer loses its sessions within
//! seconds, and so does one that has lost Redis while another one has not; a node that drains keeps them, and all
//! of them do when Redis is lost by all: sessions that are cut then have nowhere to go.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};

use super::error::RigError;
use super::gateway::Gateway;
use super::ports;
use super::probe::probe;
use super::process::Process;

/// Its name among the processes.
pub(super) const NAME: &str = "balancer";
const PATIENCE: Duration = Duration::from_secs(30);
const ASK_EVERY: Duration = Duration::from_millis(50);
const TRIES: usize = 5;
/// Open files that aren't connections, and of those each client has two.
const FILES_KEPT: u64 = 200;
const CLIENTS_MAX: u64 = 50_000;
/// Of systems whose PATH for plain users leaves out servers.
const PLACES: [&str; 3] = ["haproxy", "/usr/sbin/haproxy", "/usr/local/sbin/haproxy"];

/// An `haproxy` of ours.
pub(super) struct Balancer {
    pub(super) process: Process,
    /// Where clients connect.
    pub(super) address: SocketAddr,
    socket: PathBuf,
}

impl Balancer {
    /// Where the program is, if it is installed.
    pub(super) fn program() -> Option<&'static Path> {
        let runs = |place: &&str| {
            let mut command = Command::new(place);
            command.arg("-v").stdin(Stdio::null());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        PLACES.iter().copied().find(runs).map(Path::new)
    }

    /// Starts one and waits until it passes requests on.
    pub(super) async fn start(
        program: &Path,
        directory: &Path,
        nodes: &[Gateway],
        open_files: u64,
    ) -> Result<Self, RigError> {
        let mut process = Process::new(NAME, program, directory);
        let file = directory.join("balancer.cfg");
        let socket = directory.join("balancer.sock");
        for _ in 0..TRIES {
            let port = ports::free(1)?[0];
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            std::fs::write(&file, settings(address, &socket, nodes, open_files))
                .map_err(RigError::io("writing the balancer's settings"))?;
            // In the foreground, and without a second process.
            let arguments = ["-db", "-f", &file.to_string_lossy()].map(str::to_owned);
            process.start(arguments.into())?;
            let mut balancer = Self {
                process,
                address,
                socket: socket.clone(),
            };
            match balancer.up().await {
                Err(RigError::Ended { last, .. }) if last.contains("in use") => {
                    process = balancer.process;
                }
                up => return up.map(|()| balancer),
            }
        }
        Err(process.ended_early())
    }

    async fn up(&mut self) -> Result<(), RigError> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if self.process.is_gone().is_some() {
                return Err(self.process.ended_early());
            }
            // 503 is its own word for having nobody to ask.
            if probe(self.address, "/")
                .await
                .is_some_and(|status| status != 503)
            {
                return Ok(());
            }
            sleep(ASK_EVERY).await;
        }
        Err(self.process.too_slow("answer", PATIENCE))
    }

    /// What it thinks of each node: `UP`, `DOWN`, `NOLB` while a node gets no new sessions, and so on.
    /// Empty if it doesn't answer.
    pub(super) async fn view(&self) -> Vec<(String, String)> {
        let answer = timeout(PATIENCE, self.ask("show stat\n")).await;
        let table = answer.ok().and_then(Result::ok).unwrap_or_default();
        read_view(&table)
    }

    async fn ask(&self, command: &str) -> std::io::Result<String> {
        let mut stream = UnixStream::connect(&self.socket).await?;
        stream.write_all(command.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

/// Reads the table that HAProxy tells as comma-separated values, its head behind `# `.
fn read_view(table: &str) -> Vec<(String, String)> {
    let mut rows = table.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let head = rows.next().unwrap_or_default();
    let column = |name| {
        head.iter()
            .position(|title| title.trim_start_matches("# ") == name)
    };
    let columns = column("svname").zip(column("status"));
    let Some(((server, status), backend)) = columns.zip(column("pxname")) else {
        return Vec::new();
    };
    // The nodes stand there twice: with their sessions, and to be counted.
    let rows = rows.filter(|row| row.len() > status && row[backend] == "gateways");
    rows.filter(|row| row[server] != "BACKEND")
        .map(|row| (row[server].to_owned(), row[status].to_owned()))
        .collect()
}

/// The checks are those of deploy/haproxy.cfg, which says why they are so; `slowstart` is left out, so that who
/// comes back to a cluster this small is spread evenly at once.
fn settings(address: SocketAddr, socket: &Path, nodes: &[Gateway], open_files: u64) -> String {
    let clients_max = (open_files.saturating_sub(FILES_KEPT) / 2).clamp(1, CLIENTS_MAX);
    let socket = socket.display();
    let mut text = format!(
        "global
    maxconn {clients_max}
    stats socket {socket} mode 600 level operator
    log stdout format raw local0 notice
    # What a client doesn't read is to be felt by its node, not kept here by the megabyte.
    tune.sndbuf.client 65536
    tune.rcvbuf.server 65536

defaults
    log global
    mode http
    maxconn {clients_max}
    timeout connect 2s
    timeout http-request 10s
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h
    timeout client-fin 5s
    timeout check 500ms
    option redispatch 1
    retries 3

frontend clients
    bind {address} backlog 4096
    default_backend gateways

backend gateways
    balance leastconn
    option httpchk
    http-check disable-on-404
    http-check send meth GET uri /readyz
    http-check expect ! string-lf %[nbsrv(ready),bool,iif(broken,none-of-these)]
    http-check expect status 200 error-status L7OKC
    default-server inter 1s fastinter 700ms downinter 1s fall 4 rise 1
    default-server on-marked-down shutdown-sessions
"
    );
    let servers: String = nodes.iter().map(server).collect();
    text += &servers;
    text += "
backend ready
    option httpchk
    http-check send meth GET uri /readyz
    http-check expect status 200
    default-server inter 250ms fall 1 rise 40
";
    text + &servers
}

fn server(node: &Gateway) -> String {
    let (name, at, ops) = (&node.process.name, node.address, node.ops.port());
    format!("    server {name} {at} check port {ops}\n")
}

#[cfg(test)]
mod tests {
    use super::read_view;

    #[test]
    fn the_balancers_table_is_read_by_its_head() {
        let table = "# pxname,svname,qcur,status,weight\nclients,FRONTEND,,OPEN,\n\
                     gateways,gateway-1,0,UP,1\ngateways,gateway-2,0,DOWN 1/2,1\n\
                     gateways,BACKEND,0,UP,1\n\
                     ready,gateway-1,0,DOWN,1\n\n";
        let told = [("gateway-1", "UP"), ("gateway-2", "DOWN 1/2")];
        let told = told.map(|(node, status)| (node.to_owned(), status.to_owned()));
        assert_eq!(read_view(table), told);
        assert!(read_view("").is_empty());
        assert!(read_view("a,b\nc").is_empty());
    }
}
