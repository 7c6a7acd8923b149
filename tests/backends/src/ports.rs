//! Ports for programs that want a number in their configuration and cannot be told to choose.

use std::net::{Ipv4Addr, TcpListener};

use crate::process::StartError;

const ATTEMPTS: usize = 5;

/// `N` different ports of the loopback address that are free right now.
///
/// Somebody else may take one before it is used: start what needs them with [`starting`].
///
/// # Panics
/// Where the system gives out no ports at all.
#[must_use]
pub fn free<const N: usize>() -> [u16; N] {
    // All are held until all are known, so that they differ.
    let held: [TcpListener; N] = std::array::from_fn(|_| {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback address has free ports")
    });
    held.map(|listener| {
        let address = listener.local_addr();
        address.expect("a bound socket has an address").port()
    })
}

/// Starts a program on free ports; once more with others where one was taken in between.
///
/// # Panics
/// Where it does not start, with the end of its log.
pub async fn starting<const N: usize, T>(
    mut start: impl AsyncFnMut([u16; N]) -> Result<T, StartError>,
) -> T {
    let mut attempt = 1;
    loop {
        match start(free()).await {
            Ok(started) => return started,
            Err(StartError::PortTaken(_)) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => panic!("attempt {attempt}: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_and_are_free() {
        // Somebody else on this machine may take one in between.
        let found = (0..ATTEMPTS).any(|_| {
            let ports: [u16; 4] = free();
            for (index, port) in ports.iter().enumerate() {
                assert!(!ports[..index].contains(port), "{ports:?}");
            }
            let mut ports = ports.iter();
            ports.all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        });
        assert!(found);
    }

    #[tokio::test]
    async fn a_port_that_was_taken_is_not_the_end() {
        let mut tried: Vec<[u16; 2]> = Vec::new();
        let got = starting(async |ports: [u16; 2]| {
            tried.push(ports);
            if tried.len() < 3 {
                return Err(StartError::PortTaken("address already in use".to_owned()));
            }
            Ok(ports)
        })
        .await;
        assert_eq!(tried.len(), 3);
        assert_eq!(got, tried[2]);
    }
}
