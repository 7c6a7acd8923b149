//! Places for connections: so many in all, and so many of them for one address, so that whoever has one
//! address cannot take them all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The first half of an IPv6 address: whoever has one address there has all of them.
const NETWORK: u128 = !(u64::MAX as u128);

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// All are taken.
    All,
    /// The address has its share.
    Address,
}

#[derive(Debug)]
pub(super) struct Places {
    all: usize,
    share: usize,
    taken: Mutex<Taken>,
}

/// One entry per address that has a place, so there are never more entries than places.
#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by: HashMap<IpAddr, usize>,
}

/// A place; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    holder: IpAddr,
}

impl Places {
    /// `all` places, of which one address gets `share`.
    pub(super) fn new(all: usize, share: usize) -> Arc<Self> {
        Arc::new(Self {
            all,
            share,
            taken: Mutex::default(),
        })
    }

    /// Takes a place for a connection from this address.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Result<Place, Full> {
        let holder = holder(peer);
        let mut taken = self.lock();
        if taken.all >= self.all {
            return Err(Full::All);
        }
        let own = taken.by.get(&holder).copied().unwrap_or_default();
        if own >= self.share {
            return Err(Full::Address);
        }
        taken.by.insert(holder, own + 1);
        taken.all += 1;
        Ok(Place {
            places: Arc::clone(self),
            holder,
        })
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all = taken.all.saturating_sub(1);
        if let Some(own) = taken.by.get_mut(&self.holder) {
            *own -= 1;
            if *own == 0 {
                taken.by.remove(&self.holder);
            }
        }
    }
}

/// Whose share a connection counts into.
fn holder(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &Arc<Places>, peer: &str) -> Result<Place, Full> {
        places.take(peer.parse().unwrap())
    }

    #[test]
    fn one_address_gets_its_share_and_leaves_the_rest() {
        let places = Places::new(4, 2);
        let first = take(&places, "192.0.2.1").unwrap();
        let _second = take(&places, "::ffff:192.0.2.1").unwrap();
        assert_eq!(take(&places, "192.0.2.1").unwrap_err(), Full::Address);
        let others = ["192.0.2.2", "192.0.2.3"].map(|peer| take(&places, peer).unwrap());
        assert_eq!(take(&places, "192.0.2.4").unwrap_err(), Full::All);
        drop(others);
        drop(first);
        let _again = take(&places, "192.0.2.1").unwrap();
        assert_eq!(places.lock().by.len(), 1, "who has none is forgotten");
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let places = Places::new(4, 1);
        let _one = take(&places, "2001:db8:0:1::1").unwrap();
        assert_eq!(
            take(&places, "2001:db8:0:1:ffff::2").unwrap_err(),
            Full::Address
        );
        assert!(take(&places, "2001:db8:0:2::1").is_ok());
    }

    #[test]
    fn a_share_of_all_leaves_nothing_to_say_about_addresses() {
        let places = Places::new(1, 1);
        let _one = take(&places, "192.0.2.1").unwrap();
        assert_eq!(take(&places, "192.0.2.1").unwrap_err(), Full::All);
    }
}
