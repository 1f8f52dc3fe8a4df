//! How often somebody asked to stop. What that means is for whoever looks.

use tokio::sync::watch;

/// Counts how often somebody interrupts the program from now on.
pub(crate) fn interruptions() -> watch::Receiver<u32> {
    let (count, counted) = watch::channel(0);
    tokio::spawn(async move {
        while !count.is_closed() && tokio::signal::ctrl_c().await.is_ok() {
            count.send_modify(|asked| *asked += 1);
        }
        // Without signals, nobody asks; whoever waits must not hear of an end.
        count.closed().await;
    });
    counted
}
