//! A forwarder in front of a host's sshd, which lets connections wait.

use std::{
    io,
    net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// A thread that accepts connections and passes them on, later.
#[derive(Debug)]
pub(crate) struct Forwarder {
    front: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Forwarder {
    pub fn start(front: SocketAddr, behind: u16, delay: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind(front)?;
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let behind = SocketAddr::new(front.ip(), behind);
        let thread = thread::spawn(move || accept(&listener, behind, delay, &seen));
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

fn accept(listener: &TcpListener, behind: SocketAddr, delay: Duration, ended: &AtomicBool) {
    for client in listener.incoming().flatten() {
        if ended.load(Ordering::Acquire) {
            return;
        }
        thread::spawn(move || {
            thread::sleep(delay);
            if let Ok(server) = TcpStream::connect(behind) {
                let _ = join(&client, &server);
            }
        });
    }
}

/// Passes bytes both ways until both sides have ended.
fn join(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    for stream in [client, server] {
        stream.set_nodelay(true)?;
    }
    thread::scope(|scope| {
        scope.spawn(|| pass(client, server));
        pass(server, client);
    });
    Ok(())
}

fn pass(mut from: &TcpStream, mut to: &TcpStream) {
    // An error is the end of the connection, and the other side learns of it in the same way.
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
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
