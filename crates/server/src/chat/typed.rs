//! The lines of standard input, read by a thread of its own: a runtime that waits for a terminal
//! can't end before the next key.

use std::io::{self, BufRead, Read};

use tokio::sync::mpsc;

/// Lines that may wait; then nothing more is read.
const LINES_MAX: usize = 16;
/// The longest line, in bytes; what is longer is cut there and goes on as another line.
const LINE_BYTES_MAX: u64 = 65_536;

/// Starts to read. The channel closes at the end of input, or after an error.
pub(super) fn lines() -> io::Result<mpsc::Receiver<String>> {
    let (sender, receiver) = mpsc::channel(LINES_MAX);
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(move || read(io::stdin().lock(), &sender))?;
    Ok(receiver)
}

fn read(mut input: impl BufRead, lines: &mpsc::Sender<String>) {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match input
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut bytes)
        {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
        let line = String::from_utf8_lossy(&bytes).into_owned();
        if lines.blocking_send(line).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_the_last_one_too_and_a_huge_one_in_pieces() {
        let (sender, mut receiver) = mpsc::channel(LINES_MAX);
        let huge = "x".repeat(LINE_BYTES_MAX as usize + 1);
        read(format!("a\n{huge}\nlast").as_bytes(), &sender);
        drop(sender);
        let mut lines = Vec::new();
        while let Some(line) = receiver.blocking_recv() {
            lines.push(line.len());
        }
        assert_eq!(lines, [2, LINE_BYTES_MAX as usize, 2, 4]);
    }
}
