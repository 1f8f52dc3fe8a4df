//! Telling a room's members what is not kept: each frame is encoded once, and dropped for who can't
//! keep up (P10). Typing and read marks go first; who was not told of a coming or going is told
//! later that there was one.

use std::collections::BTreeMap;

use roomcast_protocol::{ReadMark, Seq, ServerFrame, UserId, encode_server};

use super::room::Room;
use crate::frame::Frame;
use crate::metrics::Metrics;
use crate::outbox::Offer;

impl Room {
    /// Tells who came and went.
    pub(super) fn tell_comings(&mut self, told: &[ServerFrame], metrics: &Metrics) {
        for comings in told {
            let frame = Frame::from(encode_server(comings));
            let mut is_missed = false;
            for member in self.members.iter_mut() {
                if member.outbox.offer_signal(&frame) == Offer::Full {
                    metrics.signals_dropped.inc();
                    member.missed = true;
                    is_missed = true;
                }
            }
            if let Some(company) = &mut self.company {
                company.is_missed |= is_missed;
            }
        }
    }

    /// Tells those who were not told of a coming or going that there was one, as far as they can
    /// take it by now.
    pub(super) fn tell_missed(&mut self) {
        let Some(company) = self.company.as_mut().filter(|company| company.is_missed) else {
            return;
        };
        let frame = Frame::from(encode_server(&company.roster.summary(&self.name)));
        company.is_missed = false;
        for member in self.members.iter_mut().filter(|member| member.missed) {
            member.missed = member.outbox.offer_signal(&frame) == Offer::Full;
            company.is_missed |= member.missed;
        }
    }

    /// Tells something that soon is no longer true, to everybody but one user.
    pub(super) fn tell_in_passing(
        &mut self,
        told: &ServerFrame,
        not_to: Option<&UserId>,
        metrics: &Metrics,
    ) {
        let frame = Frame::from(encode_server(told));
        for member in self.members.iter_mut() {
            if Some(&member.user) != not_to && member.outbox.offer_passing(&frame) == Offer::Full {
                metrics.signals_dropped.inc();
            }
        }
    }

    /// Tells each user's read mark to their own sessions.
    pub(super) fn tell_own_reads(&mut self, reads: &BTreeMap<UserId, Seq>, metrics: &Metrics) {
        for member in self.members.iter_mut() {
            let Some(seq) = reads.get(&member.user) else {
                continue;
            };
            let frame = encode_server(&ServerFrame::Read(ReadMark {
                room: self.name.clone(),
                user: member.user.clone(),
                seq: *seq,
            }));
            if member.outbox.offer_passing(&Frame::from(frame)) == Offer::Full {
                metrics.signals_dropped.inc();
            }
        }
    }
}
