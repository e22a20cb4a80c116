//! The closed set of the methods that a layer knows.

use std::sync::Arc;

use throughline_catalog::Label;

use crate::{
    descriptor,
    error::{ConfigError, Kind},
    labels::{CallType, Method},
};

/// The methods that a service has, with their call types: the closed set of a layer's
/// [`Method`] labels.
///
/// A layer that has it learns no further method: what is not in the set is `_OTHER`. Give it what
/// tonic's build has written for reflection; no other dependency is needed.
///
/// ```
/// use throughline_grpc::{CallType, Methods, ServerLayer};
///
/// # mod proto {
/// #     // file { package: "kernel" service { name: "Kernel" method { name: "Run" server_streaming } } }
/// #     pub(super) const FILE_DESCRIPTOR_SET: &[u8] =
/// #         b"\x0a\x1b\x12\x06kernel\x32\x11\x0a\x06Kernel\x12\x07\x0a\x03Run\x30\x01";
/// # }
/// let methods = Methods::from_descriptor_sets([proto::FILE_DESCRIPTOR_SET])?;
/// assert_eq!(methods.call_type("kernel.Kernel/Run"), Some(CallType::ServerStream));
/// assert_eq!(methods.call_type("invented.by/Somebody"), None);
/// let layer = ServerLayer::new().methods(methods);
/// # let _ = layer;
/// # Ok::<_, throughline_grpc::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Methods {
    // By the label's number; `None` is another layer's method.
    types: Arc<[Option<CallType>]>,
    known: Arc<[Method]>,
}

impl Methods {
    /// The methods of all services in these sets, each the bytes of a `FileDescriptorSet`.
    ///
    /// # Errors
    /// If a set is none, or there are more methods than the label has room for.
    pub fn from_descriptor_sets<T: AsRef<[u8]>>(
        sets: impl IntoIterator<Item = T>,
    ) -> Result<Self, ConfigError> {
        let mut found = Vec::new();
        for (place, set) in sets.into_iter().enumerate() {
            descriptor::read(set.as_ref(), &mut found)
                .map_err(|why| ConfigError::new(Kind::Descriptor(place, why)))?;
        }
        Self::of(found)
    }

    /// These methods, each by its full name, `package.Service/Method`.
    ///
    /// # Errors
    /// If a name is none, or there are more methods than the label has room for.
    ///
    /// ```
    /// use throughline_grpc::{CallType, Methods};
    ///
    /// let methods = Methods::of([("kernel.Kernel/Watch", CallType::ServerStream)])?;
    /// assert_eq!(methods.len(), 1);
    /// # Ok::<_, throughline_grpc::ConfigError>(())
    /// ```
    pub fn of<T: AsRef<str>>(
        methods: impl IntoIterator<Item = (T, CallType)>,
    ) -> Result<Self, ConfigError> {
        let mut types = vec![None; Method::CARDINALITY];
        let mut known = Vec::new();
        let (mut homeless, mut first) = (0, None);
        for (name, call_type) in methods {
            let name = name.as_ref();
            let is_one = name
                .split_once('/')
                .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
            if !is_one || name.starts_with('/') {
                return Err(ConfigError::new(Kind::NoMethod(name.to_owned())));
            }
            if Method::seed([name]) != 0 {
                homeless += 1;
                first.get_or_insert_with(|| name.to_owned());
                continue;
            }
            let method = Method::of(name);
            if types[method.index()].replace(call_type).is_none() {
                known.push(method);
            }
        }
        match first {
            Some(first) => Err(ConfigError::new(Kind::TooManyMethods(homeless, first))),
            None => Ok(Self {
                types: types.into(),
                known: known.into(),
            }),
        }
    }

    /// How many methods there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The type of a method by its full name, if it is one of them.
    #[must_use]
    pub fn call_type(&self, name: &str) -> Option<CallType> {
        self.find(name).map(|(_, call_type)| call_type)
    }

    pub(crate) fn find(&self, name: &str) -> Option<(Method, CallType)> {
        let method = Method::get(name)?;
        self.types[method.index()].map(|call_type| (method, call_type))
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Method, CallType)> {
        self.known.iter().map(|method| {
            let call_type = self.types[method.index()];
            (*method, call_type.unwrap_or(CallType::Unknown))
        })
    }
}
