//! A connection to the gateway that delivers the request and loses the answer.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{sleep, spawn};
use std::time::Duration;

/// A proxy on its own port, until the test ends.
pub(crate) struct LostAnswer {
    pub(crate) gateway: String,
    answered: Receiver<()>,
}

impl LostAnswer {
    /// To a simulator at `http://ADDRESS`.
    pub(crate) fn to(url: &str) -> LostAnswer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gateway = format!("http://{}/gateway.do", listener.local_addr().unwrap());
        let address = url.trim_start_matches("http://").to_owned();
        let (sender, answered) = channel();
        spawn(move || {
            for caller in listener.incoming().flatten() {
                let (address, sender) = (address.clone(), sender.clone());
                spawn(move || lose(caller, &address, &sender));
            }
        });
        LostAnswer { gateway, answered }
    }

    /// Waits until Alipay has answered a request; the caller does not get the answer.
    pub(crate) fn wait(&self) {
        self.answered.recv_timeout(Duration::from_secs(30)).expect("no request came");
    }
}

fn lose(mut caller: TcpStream, address: &str, answered: &Sender<()>) {
    let mut alipay = TcpStream::connect(address).unwrap();
    let mut upwards = (caller.try_clone().unwrap(), alipay.try_clone().unwrap());
    spawn(move || std::io::copy(&mut upwards.0, &mut upwards.1));
    let mut first = [0; 4096];
    if alipay.read(&mut first).is_ok_and(|read| read > 0) {
        let _ = answered.send(());
    }
    // Longer than the caller runs.
    sleep(Duration::from_secs(60));
    let _ = caller.write_all(b"");
}
