//! The setters of the concerns, the same on every layer that has them.

use std::{marker::PhantomData, sync::Arc};

use super::{AttemptLayer, ClientLayer, Config, ServerLayer};
use crate::{call::Call, messages::Counted, methods::Methods, quiet::Quiet};

#[cfg(feature = "metrics")]
macro_rules! families {
    ($($(#[$meta:meta])* $name:ident: $handle:ident, $labels:ident, $($place:ident).+;)*) => {$(
        $(#[$meta])*
        #[cfg(feature = "metrics")]
        pub fn $name<F>(mut self, family: F) -> Self
        where
            F: throughline_catalog::Family<Handle = throughline_catalog::$handle>,
            F::Labels: crate::labels::$labels,
        {
            bind!(self, family, $($place).+);
            self
        }
    )*};
}

#[cfg(feature = "metrics")]
macro_rules! counted_families {
    ($layer:ident: $($(#[$meta:meta])* $name:ident: $handle:ident, $labels:ident, $($place:ident).+;)*) => {$(
        $(#[$meta])*
        #[cfg(feature = "metrics")]
        pub fn $name<F>(mut self, family: F) -> $layer<Counted>
        where
            F: throughline_catalog::Family<Handle = throughline_catalog::$handle>,
            F::Labels: crate::labels::$labels,
        {
            bind!(self, family, $($place).+);
            self.count_messages()
        }
    )*};
}

#[cfg(feature = "metrics")]
macro_rules! bind {
    ($self:ident, $family:ident, $($place:ident).+) => {
        let metrics = &mut $self.config_mut().metrics;
        <F::Labels as crate::labels::GrpcLabels>::sources(&mut |source| metrics.read(source));
        metrics.$($place).+.push(throughline_catalog::Bound::new(
            $family,
            <F::Labels as crate::labels::GrpcLabels>::index_of,
        ));
    };
}

/// What every layer can be told.
macro_rules! common {
    ($layer:ident) => {
        impl<M> $layer<M> {
            /// Closes the set of methods: what is not among them is `_OTHER`. Also says each call's
            /// type.
            pub fn methods(mut self, methods: Methods) -> Self {
                self.config_mut().methods = Some(methods);
                self
            }

            /// Counts messages and their bytes both ways, for the families that show them and for
            /// the access log. The request's body is boxed for it.
            pub fn count_messages(self) -> $layer<Counted> {
                $layer {
                    config: self.config,
                    messages: PhantomData,
                }
            }

            /// Asks this switch at each call whether its concerns are on; the process's, if not said.
            /// What is off costs a relaxed load, and context is passed on all the same.
            pub fn switch(mut self, switch: throughline_context::Switch) -> Self {
                self.config_mut().switch = switch;
                self
            }

            fn config_mut(&mut self) -> &mut Config {
                Arc::make_mut(&mut self.config)
            }
        }

        /// # Metrics
        /// Families of the caller's own catalogue. A setter that is called twice adds a second
        /// family, as a dashboard that moves from one name to another needs for a while.
        #[cfg(feature = "metrics")]
        impl<M> $layer<M> {
            families! {
                /// Counts calls in `family` when they begin.
                started: Counter, StartLabels, started;
                /// Counts calls in `family` when they end.
                total: Counter, GrpcLabels, total;
                /// Observes in `family`, in seconds, the time from the call to its last message or
                /// status.
                duration: Histogram, GrpcLabels, duration;
                /// Counts in `family` the calls that are under way.
                in_flight: Gauge, StartLabels, in_flight;
            }

            counted_families! { $layer:
                /// Counts in `family` the messages that this side sends, as each has passed.
                messages_sent: Counter, StartLabels, sent.messages;
                /// Counts in `family` the messages that this side receives, as each has passed.
                messages_received: Counter, StartLabels, received.messages;
                /// Counts in `family` the bytes of the messages that this side sends, compressed
                /// if they are, without the five that stand before each.
                bytes_sent: Counter, StartLabels, sent.bytes;
                /// Counts in `family` the bytes of the messages that this side receives, in the
                /// same way.
                bytes_received: Counter, StartLabels, received.bytes;
                /// Observes in `family` how many bytes of messages a call sent.
                sent_size: Histogram, GrpcLabels, sent.size;
                /// Observes in `family` how many bytes of messages a call received.
                received_size: Histogram, GrpcLabels, received.size;
            }

            /// Makes the series of the layer's [`methods`](Self::methods) exist, at zero, in the
            /// recorder that is current: `started` and the like one for each method, `total` one
            /// for each method and code, histograms for `OK`. Without it the first event of its
            /// kind is a series' first sample, and `rate()` cannot see that it happened. Call it
            /// once the recorder is installed; without methods it does nothing.
            pub fn zero(&self) {
                self.config.zero();
            }
        }
    };
}

/// What the layers can be told that stand for a whole call.
macro_rules! of_a_call {
    ($layer:ident) => {
        impl<M> $layer<M> {
            /// Leaves no span, no sample and no line of the calls of these services.
            pub fn quiet(mut self, services: Quiet) -> Self {
                self.config_mut().quiet = services;
                self
            }

            /// Which endings are errors, on the span and in the access log. By default, on a client
            /// every code but `OK`; on a server those of
            /// [`Code::is_server_error`](crate::Code::is_server_error).
            ///
            /// ```
            /// use throughline_grpc::{ClientLayer, Code};
            ///
            /// // Who asks whether there is such a run has not failed when there is none.
            /// let layer = ClientLayer::new()
            ///     .errors(|call| !matches!(call.code(), Code::Ok | Code::NotFound));
            /// # let _ = layer;
            /// ```
            pub fn errors(mut self, rule: fn(&Call) -> bool) -> Self {
                self.config_mut().errors = Some(rule);
                self
            }

            /// Writes one line when a call has ended: method, code, outcome, time in milliseconds,
            /// and the messages and bytes if they are [counted](Self::count_messages); no metadata.
            /// It is an event of `tracing` under the target `throughline_grpc::access`, at `INFO`,
            /// or if the call is an [error](Self::errors) at `ERROR` on a server and at `WARN` on a
            /// client.
            #[cfg(feature = "access-log")]
            pub fn access_log(mut self) -> Self {
                self.config_mut().access_log = true;
                self
            }
        }

        /// # Spans
        #[cfg(feature = "trace")]
        impl<M> $layer<M> {
            /// Opens a span for each call.
            pub fn trace(mut self) -> Self {
                self.config_mut().spans.on = true;
                self
            }

            /// Which generation of names the span's attributes have.
            pub fn conventions(mut self, conventions: crate::Conventions) -> Self {
                let spans = &mut self.config_mut().spans;
                spans.conventions = conventions;
                spans.resolve();
                self
            }

            /// Writes this metadata on the span; all other is never looked at.
            pub fn capture(mut self, capture: crate::Capture) -> Self {
                let spans = &mut self.config_mut().spans;
                spans.capture = Some(capture);
                spans.resolve();
                self
            }

            /// Writes the status's message, of a call that is an [error](Self::errors), as the
            /// span's status description, at most 1,024 bytes of it. Without this it is not read:
            /// it is somebody's text, and `scrub` has to take out what nobody may see.
            ///
            /// ```
            /// use throughline_grpc::ServerLayer;
            ///
            /// // Only what is known to be harmless.
            /// let layer = ServerLayer::new().trace().status_messages(|text| match text {
            ///     text if text.starts_with("there is no such run") => text.into(),
            ///     _ => "(not shown)".into(),
            /// });
            /// # let _ = layer;
            /// ```
            pub fn status_messages(mut self, scrub: fn(&str) -> std::borrow::Cow<'_, str>) -> Self {
                self.config_mut().spans.messages = Some(scrub);
                self
            }

            /// Writes an `exception` event, for a call that failed with an error of the inner
            /// service or the body: the error with its causes, at most 1,024 bytes. With the feature
            /// `tonic` also the causes of a `Status` that a handler answered with, which the caller
            /// does not get to see. As with [`status_messages`](Self::status_messages), `scrub`
            /// decides what may be seen.
            pub fn exceptions(mut self, scrub: fn(&str) -> std::borrow::Cow<'_, str>) -> Self {
                self.config_mut().spans.exceptions = Some(scrub);
                self
            }
        }
    };
}

common!(ServerLayer);
common!(ClientLayer);
common!(AttemptLayer);
of_a_call!(ServerLayer);
of_a_call!(ClientLayer);
