//! The functions [`traced_disconnect`](super::traced_disconnect) takes.

use std::any::type_name;
use std::future::Future;
use std::sync::Arc;

use socketioxide::adapter::Adapter;
use socketioxide::handler::FromDisconnectParts;
use socketioxide::socket::{DisconnectReason, Socket};

use super::handler::Refused;
use super::run::Outcome;

/// A disconnect handler that has its arguments extracted and hands out its future.
///
/// Implemented for all functions socketioxide takes, and for those returning a `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no disconnect handler",
    label = "invalid disconnect handler",
    note = "it must be a clonable async function of up to 16 extractors, \
            returning `()` or `Result<(), E>` with `E: Display`"
)]
pub trait DisconnectFn<A: Adapter, T>: Clone + Send + Sync + 'static {
    /// The running handler.
    type Future: Future<Output: Outcome> + Send + 'static;

    /// Extracts the arguments and calls the handler, which does not run before it is polled.
    ///
    /// # Errors
    /// [`Refused`] when an extractor fails.
    fn call(
        self,
        socket: &Arc<Socket<A>>,
        reason: DisconnectReason,
    ) -> Result<Self::Future, Refused>;
}

impl<A, F, Fut> DisconnectFn<A, ()> for F
where
    A: Adapter,
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    type Future = Fut;

    fn call(self, _: &Arc<Socket<A>>, _: DisconnectReason) -> Result<Fut, Refused> {
        Ok(self())
    }
}

macro_rules! disconnect_handler {
    ([$($part:ident),*], $last:ident) => {
        #[allow(non_snake_case)]
        #[diagnostic::do_not_recommend]
        impl<A, F, Fut, $($part,)* $last> DisconnectFn<A, ($($part,)* $last,)> for F
        where
            A: Adapter,
            F: FnOnce($($part,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: Outcome> + Send + 'static,
            $($part: FromDisconnectParts<A> + Send,)*
            $last: FromDisconnectParts<A> + Send,
        {
            type Future = Fut;

            fn call(
                self,
                socket: &Arc<Socket<A>>,
                reason: DisconnectReason,
            ) -> Result<Fut, Refused> {
                $(
                    let $part = $part::from_disconnect_parts(socket, reason)
                        .map_err(|_| Refused { extractor: type_name::<$part>() })?;
                )*
                let $last = $last::from_disconnect_parts(socket, reason)
                    .map_err(|_| Refused { extractor: type_name::<$last>() })?;
                Ok(self($($part,)* $last))
            }
        }
    };
}

super::arity::up_to_sixteen!(disconnect_handler);
