//! Which metadata may be seen on spans.

use crate::{
    error::{ConfigError, Kind},
    secret,
};

/// The metadata that a layer writes on its spans, by key; all other is never looked at.
///
/// Each key becomes `rpc.request.metadata.<key>` or `rpc.response.metadata.<key>`, an array of at
/// most eight values of at most [`max_len`](Self::max_len) bytes each. The value of a key that ends
/// in `-bin` is shown as it was sent. The response's are those of its head.
///
/// Keys that hold secrets are refused whoever lists them: `authorization`, `cookie`, `proxy-*`, those
/// that end in `token`, `key` or `signature`, those with `secret` or `password` in them, and so on.
/// In a `const` that is an error of the compiler:
///
/// ```
/// use throughline_grpc::{Capture, ServerLayer};
///
/// const CAPTURE: Capture = Capture::request(&["x-tenant-id", "user-agent"])
///     .and_response(&["x-region"])
///     .max_len(64);
/// # #[cfg(feature = "trace")]
/// let layer = ServerLayer::new().trace().capture(CAPTURE);
/// ```
///
/// ```compile_fail
/// # use throughline_grpc::Capture;
/// const CAPTURE: Capture = Capture::request(&["x-tenant-id", "authorization"]);
/// ```
#[derive(Clone, Debug)]
pub struct Capture {
    request: List,
    response: List,
    max_len: usize,
}

#[derive(Clone, Debug)]
enum List {
    Fixed(&'static [&'static str]),
    Configured(Vec<String>),
}

impl Capture {
    /// Captures these keys of requests.
    ///
    /// # Panics
    /// If a key is that of a secret, or none. In a `const` this is an error of the compiler; for keys
    /// that are known only at run time there is [`Capture::from_config`].
    #[must_use]
    #[track_caller]
    pub const fn request(keys: &'static [&'static str]) -> Self {
        secret::check(keys);
        Self {
            request: List::Fixed(keys),
            response: List::Fixed(&[]),
            max_len: 128,
        }
    }

    /// Captures these keys of responses.
    ///
    /// # Panics
    /// As [`Capture::request`].
    #[must_use]
    #[track_caller]
    pub const fn response(keys: &'static [&'static str]) -> Self {
        secret::check(keys);
        Self {
            request: List::Fixed(&[]),
            response: List::Fixed(keys),
            max_len: 128,
        }
    }

    /// Captures these keys of responses as well.
    ///
    /// # Panics
    /// As [`Capture::request`].
    #[must_use]
    #[track_caller]
    pub const fn and_response(self, keys: &'static [&'static str]) -> Self {
        secret::check(keys);
        // Not `..self`: what has a drop cannot be taken apart in a `const`.
        let mut this = self;
        match &mut this.response {
            List::Fixed(fixed) => *fixed = keys,
            List::Configured(_) => panic!("the responses' keys come from a configuration already"),
        }
        this
    }

    /// Captures keys that a configuration lists: those of requests, then those of responses.
    ///
    /// # Errors
    /// If a key is that of a secret, or none.
    ///
    /// ```
    /// use throughline_grpc::Capture;
    ///
    /// assert!(Capture::from_config(["x-tenant-id"], ["x-region"]).is_ok());
    /// assert!(Capture::from_config(["cookie"], []).unwrap_err().is_secret_key());
    /// ```
    pub fn from_config<'a>(
        request: impl IntoIterator<Item = &'a str>,
        response: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            request: List::Configured(checked(request)?),
            response: List::Configured(checked(response)?),
            max_len: 128,
        })
    }

    /// How many bytes of a value are kept; 128 if not said.
    #[must_use]
    pub const fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }
}

fn checked<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, ConfigError> {
    let check = |key: &str| match key {
        key if secret::is_secret(key) => Err(ConfigError::new(Kind::SecretKey(key.to_owned()))),
        key if !secret::is_key(key) => Err(ConfigError::new(Kind::NoKey(key.to_owned()))),
        key => Ok(key.to_owned()),
    };
    keys.into_iter().map(check).collect()
}

#[cfg(feature = "trace")]
pub(crate) use self::ready::Captured;

#[cfg(feature = "trace")]
mod ready {
    use std::sync::Arc;

    use http::{HeaderMap, HeaderName};
    use opentelemetry::{Array, Key, KeyValue, StringValue, Value};

    use super::{Capture, List};
    use crate::conventions::Conventions;

    /// The most values of one key that are captured.
    const MAX_VALUES: usize = 8;

    /// The keys as they are looked up, and the attributes that they become.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Captured {
        request: Arc<[(HeaderName, Key)]>,
        response: Arc<[(HeaderName, Key)]>,
        max_len: usize,
    }

    impl Captured {
        pub(crate) fn new(capture: &Capture, conventions: Conventions) -> Self {
            let (request, response) = conventions.metadata_prefixes();
            Self {
                request: resolved(&capture.request, request),
                response: resolved(&capture.response, response),
                max_len: capture.max_len,
            }
        }

        pub(crate) fn request(&self, headers: &HeaderMap, each: impl FnMut(KeyValue)) {
            self.read(&self.request, headers, each);
        }

        pub(crate) fn response(&self, headers: &HeaderMap, each: impl FnMut(KeyValue)) {
            self.read(&self.response, headers, each);
        }

        fn read(
            &self,
            keys: &[(HeaderName, Key)],
            headers: &HeaderMap,
            mut each: impl FnMut(KeyValue),
        ) {
            for (name, key) in keys {
                let values: Vec<StringValue> = headers
                    .get_all(name)
                    .iter()
                    .filter_map(|value| value.to_str().ok())
                    .map(|text| StringValue::from(text[..text.len().min(self.max_len)].to_owned()))
                    .take(MAX_VALUES)
                    .collect();
                if !values.is_empty() {
                    let values = Value::Array(Array::String(values));
                    each(KeyValue::new(key.clone(), values));
                }
            }
        }
    }

    fn resolved(list: &List, prefix: &str) -> Arc<[(HeaderName, Key)]> {
        let resolve = |key: &str| {
            let name = HeaderName::from_bytes(key.as_bytes()).expect("the keys are checked");
            let attribute: Arc<str> = format!("{prefix}{key}").into();
            (name, Key::from(attribute))
        };
        match list {
            List::Fixed(keys) => keys.iter().map(|key| resolve(key)).collect(),
            List::Configured(keys) => keys.iter().map(|key| resolve(key)).collect(),
        }
    }
}
