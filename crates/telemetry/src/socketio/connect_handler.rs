//! The functions [`traced_connect`](super::traced_connect) takes.

use std::any::type_name;
use std::future::Future;
use std::sync::Arc;

use socketioxide::adapter::Adapter;
use socketioxide::handler::{FromConnectParts, Value};
use socketioxide::socket::Socket;

use super::handler::Refused;
use super::run::Outcome;

/// A connect handler that has its arguments extracted and hands out its future.
///
/// Implemented for all functions socketioxide takes, and for those returning a `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no connect handler",
    label = "invalid connect handler",
    note = "it must be a clonable async function of up to 16 extractors, \
            returning `()` or `Result<(), E>` with `E: Display`"
)]
pub trait ConnectFn<A: Adapter, T>: Clone + Send + Sync + 'static {
    /// The running handler.
    type Future: Future<Output: Outcome> + Send + 'static;

    /// Extracts the arguments and calls the handler, which does not run before it is polled.
    ///
    /// # Errors
    /// [`Refused`] when an extractor fails.
    fn call(self, socket: &Arc<Socket<A>>, auth: &Option<Value>) -> Result<Self::Future, Refused>;
}

impl<A, F, Fut> ConnectFn<A, ()> for F
where
    A: Adapter,
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    type Future = Fut;

    fn call(self, _: &Arc<Socket<A>>, _: &Option<Value>) -> Result<Fut, Refused> {
        Ok(self())
    }
}

macro_rules! connect_handler {
    ([$($part:ident),*], $last:ident) => {
        #[allow(non_snake_case)]
        #[diagnostic::do_not_recommend]
        impl<A, F, Fut, $($part,)* $last> ConnectFn<A, ($($part,)* $last,)> for F
        where
            A: Adapter,
            F: FnOnce($($part,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: Outcome> + Send + 'static,
            $($part: FromConnectParts<A> + Send,)*
            $last: FromConnectParts<A> + Send,
        {
            type Future = Fut;

            fn call(
                self,
                socket: &Arc<Socket<A>>,
                auth: &Option<Value>,
            ) -> Result<Fut, Refused> {
                $(
                    let $part = $part::from_connect_parts(socket, auth)
                        .map_err(|_| Refused { extractor: type_name::<$part>() })?;
                )*
                let $last = $last::from_connect_parts(socket, auth)
                    .map_err(|_| Refused { extractor: type_name::<$last>() })?;
                Ok(self($($part,)* $last))
            }
        }
    };
}

super::arity::up_to_sixteen!(connect_handler);
