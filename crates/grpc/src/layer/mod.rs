//! The layers of both sides, and what they share.

mod attempt;
mod body;
mod client;
mod config;
mod ending;
mod future;
mod head;
mod observer;
mod record;
mod server;
mod setters;

pub(crate) use self::config::{Concerns, Config, Side, Target};
pub use self::{
    attempt::{Attempt, AttemptLayer},
    body::GrpcBody,
    client::{Client, ClientLayer},
    future::GrpcFuture,
    server::{Server, ServerLayer},
};

/// Access to what a service wraps.
macro_rules! accessors {
    () => {
        /// The inner service.
        pub const fn get_ref(&self) -> &S {
            &self.inner
        }

        /// The inner service, to change.
        pub const fn get_mut(&mut self) -> &mut S {
            &mut self.inner
        }

        /// Takes the inner service out.
        pub fn into_inner(self) -> S {
            self.inner
        }
    };
}

/// What layer and service are besides what they do, with whatever they count.
macro_rules! layer {
    ($layer:ident, $service:ident) => {
        impl<S, M> tower_layer::Layer<S> for $layer<M> {
            type Service = $service<S, M>;

            fn layer(&self, inner: S) -> $service<S, M> {
                $service {
                    inner,
                    config: std::sync::Arc::clone(&self.config),
                    messages: std::marker::PhantomData,
                }
            }
        }

        // By hand, so that what marks the counting needs nothing.
        impl<M> Clone for $layer<M> {
            fn clone(&self) -> Self {
                Self {
                    config: std::sync::Arc::clone(&self.config),
                    messages: std::marker::PhantomData,
                }
            }
        }

        impl<S: Clone, M> Clone for $service<S, M> {
            fn clone(&self) -> Self {
                Self {
                    inner: self.inner.clone(),
                    config: std::sync::Arc::clone(&self.config),
                    messages: std::marker::PhantomData,
                }
            }
        }

        impl<M> std::fmt::Debug for $layer<M> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($layer))
                    .field("config", &self.config)
                    .finish_non_exhaustive()
            }
        }

        impl<S: std::fmt::Debug, M> std::fmt::Debug for $service<S, M> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($service))
                    .field("inner", &self.inner)
                    .finish_non_exhaustive()
            }
        }
    };
}

use {accessors, layer};
