//! What the public door counts: who was not let in, by what was wrong. Labels are bounded: a reason's name,
//! from its own table.

use prometheus::{IntCounterVec, Opts, Registry};

use crate::auth::{AuthRefusal, Reason};

/// The counters of the public door.
#[derive(Clone)]
pub struct DoorMetrics {
    admissions_refused: IntCounterVec,
}

impl DoorMetrics {
    /// Counters of zero, registered in `registry`.
    ///
    /// # Panics
    /// If the registry has some of these names already.
    pub fn new(registry: &Registry) -> Self {
        let refused = Opts::new(
            "roomcast_admissions_refused_total",
            "Sessions and calls of the HTTP API that were not let in, by what was wrong.",
        );
        let admissions_refused =
            IntCounterVec::new(refused, &["reason"]).expect("names are well formed");
        registry
            .register(Box::new(admissions_refused.clone()))
            .expect("each name is registered once");
        // Shown from the start, so that a first one is a rise and not a birth.
        for reason in Reason::ALL {
            admissions_refused.with_label_values(&[reason.name()]);
        }
        Self { admissions_refused }
    }

    pub(super) fn turned_away(&self, refusal: &AuthRefusal) {
        let reason = refusal.reason.name();
        self.admissions_refused.with_label_values(&[reason]).inc();
    }
}
