//! The floor: what the writes alone cost.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::process::own_cpu_us;
use crate::readers::Readers;
use crate::wire::Session;

/// Sockets to write to, and their readers.
pub(crate) struct Floor {
    streams: Vec<TcpStream>,
    readers: Readers,
}

impl Floor {
    pub(crate) fn open(sockets: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (mut streams, mut others) = (Vec::new(), Vec::new());
        for _ in 0..sockets {
            let other = TcpStream::connect(address).expect("we listen");
            others.push(Session::of(other));
            let (stream, _) = listener.accept().expect("we have connected");
            stream.set_nodelay(true).expect("a TCP socket");
            streams.push(stream);
        }
        Self {
            streams,
            readers: Readers::start(others),
        }
    }

    /// Writes `frame` to each socket, `messages` times with a pause between; microseconds of CPU a
    /// write.
    pub(crate) fn round(&mut self, frame: &[u8], messages: usize, pause: Duration) -> f64 {
        let begun = self.readers.found();
        let deliveries = messages * self.streams.len();
        let streams = &mut self.streams;
        // A thread of its own, so that its time is that of the writes.
        let writer = thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let before = own_cpu_us();
                for _ in 0..messages {
                    for stream in &mut *streams {
                        stream.write_all(frame).expect("the reader is there");
                    }
                    thread::sleep(pause);
                }
                own_cpu_us() - before
            });
            writer.join().expect("writing doesn't panic")
        });
        self.readers.until(begun + deliveries as u64);
        writer / deliveries as f64
    }
}
