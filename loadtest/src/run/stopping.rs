//! How often somebody asked to stop. What that means is for whoever looks.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Counts how often somebody interrupts or terminates the program from now on.
pub(crate) fn interruptions() -> watch::Receiver<u32> {
    let (count, counted) = watch::channel(0);
    // Listened to from here on: what comes before the task runs must not end the program.
    let asking = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    tokio::spawn(async move {
        if let [Ok(mut interrupt), Ok(mut terminate)] = asking {
            while heard(&mut interrupt, &mut terminate).await {
                count.send_modify(|asked| *asked += 1);
            }
        }
        // Without signals, nobody asks; whoever waits must not hear of an end.
        count.closed().await;
    });
    counted
}

async fn heard(interrupt: &mut Signal, terminate: &mut Signal) -> bool {
    tokio::select! {
        heard = interrupt.recv() => heard.is_some(),
        heard = terminate.recv() => heard.is_some(),
    }
}
