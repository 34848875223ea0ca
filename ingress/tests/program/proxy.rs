//! A wire between the ingress and the broker that can be cut and silenced.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    /// Bytes pass.
    Whole,
    /// Connections are closed, and new ones at once.
    Cut,
    /// Connections stay open, and nothing passes in either direction.
    Silent,
}

/// Forwards to the broker of an AMQP URL.
pub(crate) struct Proxy {
    /// The URL that goes through this proxy.
    pub(crate) amqp_url: String,
    wire: watch::Sender<Wire>,
}

impl Proxy {
    pub(crate) async fn to(amqp_url: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap();
        let after_user = amqp_url.rfind('@').map_or("amqp://".len(), |at| at + 1);
        let (user, rest) = amqp_url.split_at(after_user);
        let (broker, vhost) = rest.split_once('/').unwrap();
        let broker: SocketAddr = broker.replace("localhost", "127.0.0.1").parse().unwrap();
        let (wire, watched) = watch::channel(Wire::Whole);
        tokio::spawn(accept(listener, broker, watched));
        Proxy { amqp_url: format!("{user}{own}/{vhost}"), wire }
    }

    pub(crate) fn cut(&self) {
        self.wire.send_replace(Wire::Cut);
    }

    pub(crate) fn silence(&self) {
        self.wire.send_replace(Wire::Silent);
    }

    pub(crate) fn mend(&self) {
        self.wire.send_replace(Wire::Whole);
    }
}

async fn accept(listener: TcpListener, broker: SocketAddr, wire: watch::Receiver<Wire>) {
    while let Ok((near, _)) = listener.accept().await {
        tokio::spawn(forward(near, broker, wire.clone()));
    }
}

async fn forward(mut near: TcpStream, broker: SocketAddr, mut wire: watch::Receiver<Wire>) {
    if *wire.borrow_and_update() == Wire::Cut {
        return;
    }
    let Ok(mut far) = TcpStream::connect(broker).await else { return };
    loop {
        let state = *wire.borrow_and_update();
        match state {
            Wire::Cut => return,
            Wire::Silent => {
                if wire.changed().await.is_err() {
                    return;
                }
            }
            // The buffers of a copy that is dropped are lost, so a silenced connection does not
            // come back to sense: the ingress must notice, as with a broken network.
            Wire::Whole => tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => return,
                changed = wire.changed() => if changed.is_err() { return },
            },
        }
    }
}
