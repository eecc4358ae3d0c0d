//! A forwarder in front of a host's sshd: a road to it that may be long and narrow.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// What the road to a host is like.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Road {
    /// How long a new connection waits before sshd sees it.
    pub opening: Duration,
    /// How long each byte is under way, in one direction.
    pub latency: Duration,
    /// How many bits a second all connections together may carry in one direction; none is no limit.
    pub rate: Option<u64>,
}

/// Most bytes that travel as one.
const PACKET: usize = 1400;

/// Packets that are on the road or wait at its beginning; more make the sender wait, as a full buffer does.
const PACKETS_UNDER_WAY: usize = 64;

/// A thread that accepts connections and passes them on, later.
#[derive(Debug)]
pub(crate) struct Forwarder {
    front: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// When the narrowest place of the road is free again, for all connections in one direction.
type Narrow = Arc<Mutex<Instant>>;

impl Forwarder {
    pub fn start(front: SocketAddr, behind: u16, road: Road) -> io::Result<Self> {
        let listener = TcpListener::bind(front)?;
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let behind = SocketAddr::new(front.ip(), behind);
        let thread = thread::spawn(move || accept(&listener, behind, road, &seen));
        Ok(Self {
            front,
            ended,
            thread: Some(thread),
        })
    }
}

/// Returns a port that nothing listens on.
pub(crate) fn free_port(address: IpAddr) -> io::Result<u16> {
    Ok(TcpListener::bind((address, 0))?.local_addr()?.port())
}

fn accept(listener: &TcpListener, behind: SocketAddr, road: Road, ended: &AtomicBool) {
    let free = || Arc::new(Mutex::new(Instant::now()));
    let (there, back) = (free(), free());
    for client in listener.incoming().flatten() {
        if ended.load(Ordering::Acquire) {
            return;
        }
        let narrow = (Arc::clone(&there), Arc::clone(&back));
        thread::spawn(move || {
            // The kernel shakes hands with the client at once; on a long road that takes once there and back.
            thread::sleep(road.opening + 2 * road.latency);
            if let Ok(server) = TcpStream::connect(behind) {
                let _ = join(&client, &server, road, &narrow);
            }
        });
    }
}

/// Passes bytes both ways until both sides have ended.
fn join(
    client: &TcpStream,
    server: &TcpStream,
    road: Road,
    (there, back): &(Narrow, Narrow),
) -> io::Result<()> {
    for stream in [client, server] {
        stream.set_nodelay(true)?;
    }
    thread::scope(|scope| {
        scope.spawn(|| pass(client, server, road, there));
        pass(server, client, road, back);
    });
    Ok(())
}

/// Passes bytes one way. An error is the end of the connection, and the other side learns of it in the same way.
fn pass(mut from: &TcpStream, mut to: &TcpStream, road: Road, narrow: &Narrow) {
    if road.latency.is_zero() && road.rate.is_none() {
        let _ = io::copy(&mut from, &mut to);
    } else {
        thread::scope(|scope| {
            let (sender, arriving) = mpsc::sync_channel(PACKETS_UNDER_WAY);
            // Moved, so that its end is that of what arrives.
            scope.spawn(move || depart(from, road, narrow, &sender));
            arrive(&arriving, to);
            let _ = from.shutdown(Shutdown::Read);
        });
    }
    let _ = to.shutdown(Shutdown::Write);
}

type Packet = (Instant, Vec<u8>);

/// Reads packets, and says of each when it will have arrived.
fn depart(mut from: &TcpStream, road: Road, narrow: &Narrow, sender: &SyncSender<Packet>) {
    let mut packet = [0; PACKET];
    while let Ok(length @ 1..) = from.read(&mut packet) {
        let through = take_turn(narrow, road.rate, length);
        let packet = packet[..length].to_vec();
        if sender.send((through + road.latency, packet)).is_err() {
            return;
        }
    }
}

/// When the last bit of so many bytes is through the narrowest place.
fn take_turn(narrow: &Narrow, rate: Option<u64>, bytes: usize) -> Instant {
    let now = Instant::now();
    let Some(rate) = rate else {
        return now;
    };
    let nanoseconds = bytes as u64 * 8 * 1_000_000_000 / rate.max(1);
    let mut free = narrow.lock().unwrap_or_else(PoisonError::into_inner);
    *free = (*free).max(now) + Duration::from_nanos(nanoseconds);
    *free
}

fn arrive(arriving: &Receiver<Packet>, mut to: &TcpStream) {
    for (when, packet) in arriving {
        thread::sleep(when.saturating_duration_since(Instant::now()));
        if to.write_all(&packet).is_err() {
            return;
        }
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // Wakes the thread, which waits for a connection.
        let _ = TcpStream::connect(self.front);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
