//! The start: everything is made, in the order in which it needs each other.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::TelemetryBuilder;
use crate::check::Checker;
use crate::config::process_environment;
use crate::delivery::Delivery;
use crate::live::{Live, Movable, Origin};
use crate::page::Pages;
use crate::pipeline::{self, Pipeline};
use crate::relay::Relay;
use crate::store::Store;
use crate::telemetry::error::say_warning;
use crate::telemetry::{BuildError, Running, Telemetry};
use crate::{Config, ending};

impl TelemetryBuilder {
    pub(super) fn start(self, config: Config) -> Result<Telemetry, BuildError> {
        if !config.enabled {
            return Ok(Telemetry::disabled());
        }
        for warning in &config.warnings {
            say_warning(warning);
        }
        let store = config.store_bytes.map(|bytes| Arc::new(Store::new(bytes)));
        let delivery = Delivery::start(&config, store.clone()).map_err(BuildError::start)?;
        let delivery = Arc::new(delivery);
        let pipeline =
            Pipeline::start(&config, &self.identity, &delivery).map_err(BuildError::start)?;
        let checker = Arc::new(Checker::new(&config, pipeline.resource.clone()));
        let relay = Relay::new(Arc::clone(&delivery), &config).map_err(BuildError::start)?;
        let relay = Arc::new(relay);
        let pages = Arc::new(Pages::new(&config.page));
        let live = if self.config.is_some() {
            Live::off(
                "the program gave all settings itself (TelemetryBuilder::config), and they are not changed while it runs: set them by the builder's other methods, the environment or a file",
            )
        } else {
            let origin = Origin {
                given: self.given.clone(),
                environment: match &self.environment {
                    Some(environment) => Arc::clone(environment),
                    None => Arc::new(process_environment),
                },
                config: config.clone(),
            };
            let movable = Movable {
                delivery: Arc::clone(&delivery),
                checker: Arc::clone(&checker),
                relay: Arc::clone(&relay),
                pages: Arc::clone(&pages),
                sampling: pipeline.sampling.clone(),
            };
            Live::new(origin, movable)
        };
        let running = Arc::new(Running {
            service_name: config.service_name.or(self.identity.service_name),
            log_level: config.log_level,
            relay,
            pages,
            pipeline,
            delivery,
            store,
            checker,
            live,
            ended: AtomicBool::new(false),
        });
        if self.panic_hook {
            let running = Arc::downgrade(&running);
            pipeline::install_panic_hook(move || ending::flush(&running));
        }
        Ok(Telemetry {
            problem: None,
            running: Some(running),
        })
    }
}
