//! Counters that others keep, shown as Prometheus's, and what the process is and costs.
//!
//! Keeps true: a link that there is no more is shown no more; one look at a time.

use parking_lot::Mutex;
use prometheus::core::Collector;
#[cfg(target_os = "linux")]
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder as _, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};
use roomcast_gateway::{Node, Readiness};

use crate::accept::{AcceptStats, HeadFault};

/// What is brought up to date when somebody looks.
pub(super) struct Gauges {
    registry: Registry,
    connections: IntGauge,
    connections_max: IntGauge,
    accepted: IntCounter,
    refused_full: IntCounter,
    refused_address: IntCounter,
    requests_refused: IntCounterVec,
    accept_errors: IntCounter,
    rooms: IntGauge,
    store: Store,
    ready: IntGauge,
    draining: IntGauge,
    /// Held while they are: two that catch up with the same count at once would count it twice.
    looking: Mutex<()>,
}

/// How the store answers, and the links there.
struct Store {
    reconnects: IntCounter,
    unavailable: IntCounter,
    refused: IntCounter,
    corrupt: IntCounter,
    links: IntGaugeVec,
    links_up: IntGaugeVec,
}

impl Gauges {
    /// Registers what is shown of the node with this name.
    ///
    /// # Panics
    /// If the registry has some of these names already.
    pub(super) fn new(registry: Registry, node: &str) -> Self {
        let register = Register(&registry);
        let counter = |name, help| register.counter(name, help);
        let gauge = |name, help| register.gauge(name, help);
        register.info(node);
        register.process();
        Self {
            connections: gauge("roomcast_connections", "Connections open now."),
            connections_max: gauge(
                "roomcast_connections_max",
                "Connections that may be open; more are answered with 503.",
            ),
            accepted: counter(
                "roomcast_connections_accepted_total",
                "Connections accepted.",
            ),
            refused_full: counter(
                "roomcast_connections_refused_full_total",
                "Connections answered with 503 because the node was full.",
            ),
            refused_address: counter(
                "roomcast_connections_refused_address_total",
                "Connections answered with 503 because their address had too many.",
            ),
            requests_refused: register.keep(IntCounterVec::new(
                Opts::new(
                    "roomcast_requests_refused_total",
                    "Connections ended because of a request head, by what was wrong with it.",
                ),
                &["reason"],
            )),
            accept_errors: counter(
                "roomcast_accept_errors_total",
                "Connections the operating system could not give us.",
            ),
            rooms: gauge("roomcast_rooms", "Rooms subscribed to now."),
            store: Store::new(&register),
            ready: gauge("roomcast_ready", "1 if /readyz answers 200, else 0."),
            draining: gauge(
                "roomcast_draining",
                "1 while the node sends its sessions away in order to stop, else 0.",
            ),
            looking: Mutex::new(()),
            registry,
        }
    }

    /// Everything that is counted, in Prometheus's text form.
    pub(super) fn show(
        &self,
        node: &Node,
        accepted: &AcceptStats,
    ) -> prometheus::Result<(String, Vec<u8>)> {
        let _looking = self.looking.lock();
        node.refresh_metrics();
        self.refresh(node, accepted);
        let encoder = TextEncoder::new();
        let mut text = Vec::new();
        encoder.encode(&self.registry.gather(), &mut text)?;
        Ok((encoder.format_type().to_owned(), text))
    }

    fn refresh(&self, node: &Node, accepted: &AcceptStats) {
        level(&self.connections, accepted.open());
        level(&self.connections_max, accepted.connections_max());
        catch_up(&self.accepted, accepted.accepted());
        catch_up(&self.refused_full, accepted.refused_full());
        catch_up(&self.refused_address, accepted.refused_address());
        for fault in HeadFault::ALL {
            let counter = self.requests_refused.with_label_values(&[fault.name()]);
            catch_up(&counter, accepted.refused_heads(fault));
        }
        catch_up(&self.accept_errors, accepted.accept_errors());
        level(&self.rooms, node.broker_stats().subscriptions);
        self.store.refresh(node);
        let readiness = node.readiness();
        level(&self.ready, u64::from(readiness == Readiness::Ready));
        level(&self.draining, u64::from(readiness == Readiness::Draining));
    }
}

impl Store {
    fn new(register: &Register<'_>) -> Self {
        let counter = |name, help| register.counter(name, help);
        let by_link = |name: &str, help: &str| {
            register.keep(IntGaugeVec::new(Opts::new(name, help), &["link"]))
        };
        Self {
            reconnects: counter(
                "roomcast_store_reconnects_total",
                "Links to the message store that were lost and made anew.",
            ),
            unavailable: counter(
                "roomcast_store_unavailable_total",
                "Calls the message store did not answer.",
            ),
            refused: counter(
                "roomcast_store_refused_total",
                "Calls the message store refused.",
            ),
            corrupt: counter(
                "roomcast_store_corrupt_total",
                "Values in the message store that could not be read.",
            ),
            links: by_link(
                "roomcast_store_links",
                "Links to the store that there should be, by where they lead and what for.",
            ),
            links_up: by_link(
                "roomcast_store_links_up",
                "Those of these links that are up now.",
            ),
        }
    }

    fn refresh(&self, node: &Node) {
        let stats = node.broker_stats();
        catch_up(&self.reconnects, stats.reconnects);
        catch_up(&self.unavailable, stats.unavailable);
        catch_up(&self.refused, stats.refused);
        catch_up(&self.corrupt, stats.corrupt);
        // A Cluster's masters come and go.
        self.links.reset();
        self.links_up.reset();
        for (name, wanted, up) in node.store_links() {
            level(&self.links.with_label_values(&[&name]), wanted as u64);
            level(&self.links_up.with_label_values(&[&name]), up as u64);
        }
    }
}

fn catch_up(counter: &IntCounter, to: u64) {
    counter.inc_by(to.saturating_sub(counter.get()));
}

fn level(gauge: &IntGauge, to: u64) {
    gauge.set(i64::try_from(to).unwrap_or(i64::MAX));
}

/// Makes metrics and registers them. Names are ours, so that a bad one is a fault of ours.
struct Register<'a>(&'a Registry);

impl Register<'_> {
    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.keep(IntGauge::new(name, help))
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.keep(IntCounter::new(name, help))
    }

    fn info(&self, node: &str) {
        let info = Opts::new("roomcast_info", "1; its labels say what runs here.");
        let info = self.keep(IntGaugeVec::new(info, &["version", "node"]));
        info.with_label_values(&[env!("CARGO_PKG_VERSION"), node])
            .set(1);
    }

    /// What the operating system counts of this process.
    fn process(&self) {
        #[cfg(target_os = "linux")]
        self.0
            .register(Box::new(ProcessCollector::for_self()))
            .expect("each name is registered once");
    }

    fn keep<C: Collector + Clone + 'static>(&self, collector: prometheus::Result<C>) -> C {
        let collector = collector.expect("names and labels are well formed");
        self.0
            .register(Box::new(collector.clone()))
            .expect("each name is registered once");
        collector
    }
}
