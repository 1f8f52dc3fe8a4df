//! Real Redis processes of a test's own, in every shape: one server, a master with replicas and
//! sentinels, a Cluster. Started on free ports, stopped with the test.

mod certificate;
mod cluster;
mod server;
mod turns;
mod watched;

pub use certificate::Certificate;
pub use cluster::ClusterProcesses;
pub use server::{RedisProcess, free_port};
pub use turns::{Together, Turn, Turns};
pub use watched::WatchedProcesses;
