//! What follows the settings while it runs.

use std::sync::Arc;

use crate::Config;
use crate::check::Checker;
use crate::delivery::{Change, Delivery};
use crate::page::Pages;
use crate::pipeline::Sampling;
use crate::relay::{Relay, Terms};

/// Everything that is told of other settings.
#[derive(Debug)]
pub(crate) struct Movable {
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) checker: Arc<Checker>,
    pub(crate) relay: Arc<Relay>,
    pub(crate) pages: Arc<Pages>,
    pub(crate) sampling: Sampling,
}

/// What other settings come to, made ready.
pub(super) struct Ready {
    delivery: Change,
    /// `None` where they stay.
    relay: Option<Terms>,
}

impl Movable {
    /// Makes everything ready that can fail; nothing changes.
    ///
    /// # Errors
    /// A sentence saying what cannot be had.
    pub(super) fn prepare(&self, config: &Config) -> Result<Ready, String> {
        Ok(Ready {
            relay: self.relay.prepare(config)?,
            delivery: self.delivery.prepare(config)?,
        })
    }

    /// Lets a configuration take place that was made ready; `discard` as in [`Delivery::commit`].
    pub(super) fn commit(&self, ready: Ready, config: &Config, discard: bool) {
        self.delivery.commit(ready.delivery, discard);
        if let Some(terms) = ready.relay {
            self.relay.commit(terms);
        }
        self.sampling.set(config.sampler);
        self.pages.follow(&config.page);
        self.checker.set(config);
    }
}
