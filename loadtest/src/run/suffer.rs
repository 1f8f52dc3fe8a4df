//! What a run does about faults: writes down when they came, and does those that only clients can do.

use std::io;

use super::effects::Happened;
use super::error::RunError;
use super::happenings::Happening;
use super::lead::Lead;
use crate::fault::deed::Deed;

impl Lead<'_> {
    pub(super) async fn take_happening(
        &mut self,
        happening: Option<Happening>,
    ) -> Result<(), RunError> {
        let now_us = self.ledger.clock().now_us();
        match happening {
            Some(Happening::Begins(index)) => {
                let fault = self.script.faults[index].clone();
                self.on.push(index);
                self.told.happened.push(Happened {
                    index,
                    fault: fault.clone(),
                    began_us: now_us,
                    ended_us: None,
                    failed: None,
                });
                if fault.is_of_the_load() {
                    self.begin_own(&fault.deed).await?;
                }
            }
            Some(Happening::Ended(index)) => {
                self.on.retain(|on| *on != index);
                self.end_own(&self.script.faults[index].deed).await?;
                if let Some(one) = self.happened(index) {
                    one.ended_us = Some(now_us);
                }
            }
            Some(Happening::Failed(index, why)) => {
                if let Some(one) = self.happened(index) {
                    one.failed = Some(why);
                }
            }
            Some(Happening::AllOver) | None => self.happenings = None,
        }
        self.show();
        Ok(())
    }

    fn happened(&mut self, index: usize) -> Option<&mut Happened> {
        let mut all = self.told.happened.iter_mut();
        all.find(|one| one.index == index)
    }

    async fn begin_own(&mut self, deed: &Deed) -> io::Result<()> {
        match *deed {
            Deed::Reconnect => self.tell(|cue| cue.cuts += 1).await,
            Deed::SlowReaders { clients } => {
                self.told.calm = Some(std::mem::take(&mut self.told.figures.stretch));
                self.tell(|cue| cue.slow = clients).await
            }
            Deed::HalfOpen { clients } => self.tell(|cue| cue.mute = clients).await,
            _ => Ok(()),
        }
    }

    async fn end_own(&mut self, deed: &Deed) -> io::Result<()> {
        match *deed {
            Deed::SlowReaders { .. } => {
                self.told.slow = Some(std::mem::take(&mut self.told.figures.stretch));
                self.tell(|cue| cue.slow = 0).await
            }
            Deed::HalfOpen { .. } => self.tell(|cue| cue.mute = 0).await,
            _ => Ok(()),
        }
    }
}
