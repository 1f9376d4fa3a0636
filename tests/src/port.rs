//! A port that nobody else is given.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port of this machine that is ours as long as this is: no other test or program is given it meanwhile.
///
/// Whoever is told of it may listen on it, for servers set SO_REUSEADDR, as this does (ours, PostgreSQL and Python's do).
/// As long as nobody does, connections are refused.
#[derive(Debug)]
pub struct Port {
    /// Where to listen, or to meet nobody.
    pub address: SocketAddr,
    _held: TcpSocket,
}

impl Port {
    /// Takes a free one.
    pub fn hold() -> Self {
        let held = TcpSocket::new_v4().unwrap();
        held.set_reuseaddr(true).unwrap();
        held.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self { address: held.local_addr().unwrap(), _held: held }
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.address.port()
    }
}
