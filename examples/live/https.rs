//! HTTP over TLS: connections whose handshake is done, for the same router as plain HTTP.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::Listener;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A listener that hands over connections after their handshake; slow peers hold nobody up.
pub(crate) struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

/// The handshake, from the connection on.
const TO_SHAKE_HANDS: Duration = Duration::from_secs(10);
/// Handshakes at once.
const HANDSHAKES: usize = 64;

impl TlsListener {
    /// Shakes hands with everybody who comes to `listener`, in a task of its own.
    pub(crate) fn new(listener: TcpListener, tls: TlsAcceptor) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(HANDSHAKES);
        tokio::spawn(shake_hands(listener, tls, sender));
        Ok(Self { address, ready })
    }
}

async fn shake_hands(listener: TcpListener, tls: TlsAcceptor, ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    let room = Arc::new(Semaphore::new(HANDSHAKES));
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        let Ok((socket, peer)) = listener.accept().await else {
            // No file handles left: that passes.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (tls, ready) = (tls.clone(), ready.clone());
        tokio::spawn(async move {
            let _ = socket.set_nodelay(true);
            if let Ok(Ok(stream)) = timeout(TO_SHAKE_HANDS, tls.accept(socket)).await {
                // The server may have gone.
                let _ = ready.send((stream, peer)).await;
            }
            drop(permit);
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
