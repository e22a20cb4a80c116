//! Labels that are read from metadata: by key, and capped.

use std::sync::OnceLock;

use http::HeaderMap;

use crate::secret;

/// How many such labels a process can have; each costs a call four bytes.
pub(crate) const SLOTS: usize = 4;

/// Declares a label whose values are those of one key of a request's metadata: at most so many, and
/// one for all others. Where the key is absent the value is `none`.
///
/// A family that has the label needs nothing else; its layer reads the key. The values are the
/// callers' choice, so [`seed`](throughline_catalog::label) those that shall have room. A process
/// can have four such labels.
///
/// ```
/// # #[cfg(feature = "metrics")]
/// # fn main() {
/// # use std::convert::Infallible;
/// # use bytes::Bytes;
/// # use futures_util::FutureExt;
/// # use http::{Request, Response};
/// # use http_body_util::Empty;
/// # use metrics_util::debugging::DebuggingRecorder;
/// # use tower::{Layer, Service};
/// use throughline_catalog::catalog;
/// use throughline_grpc::{ServerLayer, metadata_label};
///
/// metadata_label! {
///     /// What the caller pays for.
///     pub struct Plan: Capped<2> from "x-plan";
/// }
/// Plan::seed(["free", "paid"]);
///
/// catalog! { mod kernel, budget 10;
///     /// Calls answered.
///     counter kernel_rpc_calls_total { plan: Plan };
/// }
///
/// let recorder = DebuggingRecorder::new();
/// let snapshotter = recorder.snapshotter();
/// metrics::with_local_recorder(&recorder, || {
///     let layer = ServerLayer::new().total(kernel::kernel_rpc_calls_total);
/// #   let mut service = layer.layer(tower::service_fn(async |_: Request<()>| {
/// #       Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
/// #   }));
/// #   for plan in ["paid", "invented-1", "invented-2"] {
/// #       let request = Request::post("/kernel.Kernel/Run").header("x-plan", plan);
/// #       let request = request.body(()).expect("it is valid");
/// #       assert!(service.call(request).now_or_never().is_some());
/// #   }
///     // … calls with `x-plan: paid`, `invented-1` and `invented-2` …
/// });
/// let series: Vec<_> = snapshotter.snapshot().into_vec();
/// let mut series: Vec<_> = series.iter().map(|(key, ..)| key.key().to_string()).collect();
/// series.sort();
/// assert_eq!(series, [
///     "Key(kernel_rpc_calls_total, [plan = __overflow__])",
///     "Key(kernel_rpc_calls_total, [plan = paid])",
///     "Key(throughline_label_overflow_total, [label = plan])",
/// ]);
/// # }
/// # #[cfg(not(feature = "metrics"))]
/// # fn main() {}
/// ```
///
/// A secret's key does not compile:
///
/// ```compile_fail
/// throughline_grpc::metadata_label! {
///     /// No.
///     pub struct Caller: Capped<8> from "x-api-key";
/// }
/// ```
#[macro_export]
macro_rules! metadata_label {
    ($(#[$meta:meta])* $vis:vis struct $name:ident: Capped<$cap:tt> from $key:literal $(;)?) => {
        $crate::__private::label! { $(#[$meta])* $vis struct $name: Capped<$cap>; }

        const _: () = $crate::__private::check_key($key);

        impl $crate::GrpcLabel for $name {
            fn read(call: &$crate::Call) -> Self {
                let source = <Self as $crate::GrpcLabel>::source();
                let number = source.map_or(0, |source| call.metadata(source));
                Self($crate::__private::Capped::from_number(number))
            }

            fn source() -> ::core::option::Option<&'static $crate::MetadataSource> {
                fn number(text: &str) -> u32 {
                    $crate::__private::Label::index($name::of(text)) as u32
                }
                static SOURCE: $crate::MetadataSource =
                    $crate::MetadataSource::new($key, number);
                ::core::option::Option::Some(&SOURCE)
            }
        }

        impl $crate::StartLabel for $name {}
    };
}

/// Stops the build if a label is to be read from metadata that nobody may see.
#[doc(hidden)]
#[track_caller]
pub const fn check_key(key: &str) {
    secret::check(&[key]);
}

/// Where a [`metadata_label!`](crate::metadata_label) comes from.
#[doc(hidden)]
#[derive(Debug)]
pub struct MetadataSource {
    key: &'static str,
    number: fn(&str) -> u32,
    slot: OnceLock<usize>,
}

impl MetadataSource {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(key: &'static str, number: fn(&str) -> u32) -> Self {
        Self {
            key,
            number,
            slot: OnceLock::new(),
        }
    }

    /// Its place in every call, once some layer counts in a family that has the label.
    pub(crate) fn slot(&self) -> Option<usize> {
        self.slot.get().copied()
    }

    /// Gives it a place.
    #[cfg(feature = "metrics")]
    pub(crate) fn register(&self) {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let slot = *self
            .slot
            .get_or_init(|| NEXT.fetch_add(1, Ordering::Relaxed));
        assert!(
            slot < SLOTS,
            "the metadata label of `{}` is one too many: a process can have {SLOTS}",
            self.key,
        );
    }

    pub(crate) fn read(&self, headers: &HeaderMap) -> u32 {
        match headers.get(self.key) {
            None => (self.number)("none"),
            // What is no text shares the overflow's value.
            Some(value) => value.to_str().map_or(0, self.number),
        }
    }
}
