//! The method, whole and in its parts.

use std::sync::OnceLock;

use throughline_catalog::{Label, Values, label};

label! {
    /// The full method, `package.Service/Method`: at most 256 of them in a process.
    ///
    /// A client can invent method names, and whatever stands in front of a handler may refuse them
    /// with any status. So a server takes a name for its label only from a call that a handler has
    /// answered with messages or with `OK`; before that, and for names that nobody serves, the
    /// label is `_OTHER`. [`Methods`](crate::Methods) on the layer make the label of each method
    /// that it serves and of no other; [`Method::seed`] at the start of the program makes labels
    /// and leaves room for more.
    ///
    /// A client layer makes labels of whatever its program calls, for both sides. A proxy that calls
    /// what it is asked for can so fill the cap with names of its clients'; give its layers
    /// [`Methods`](crate::Methods).
    pub struct Method: Capped<256>;
}

label! {
    /// The service of a [`Method`], `package.Service`: at most 32 of them in a process.
    pub struct Service: Capped<32>;
}

label! {
    /// The name of a [`Method`] in its service: at most 256 of them in a process.
    pub struct MethodName: Capped<256>;
}

/// What stands for methods that nobody serves.
const OTHER: &str = "_OTHER";

impl Method {
    /// The one value of methods that nobody serves.
    #[must_use]
    pub fn other() -> Self {
        Self::of(OTHER)
    }

    /// Its service.
    #[must_use]
    pub fn service(self) -> Service {
        self.parts().0
    }

    /// Its name in the service.
    #[must_use]
    pub fn name(self) -> MethodName {
        self.parts().1
    }

    /// Found once for each method, by its number.
    fn parts(self) -> (Service, MethodName) {
        static PARTS: [OnceLock<(Service, MethodName)>; Method::CARDINALITY] =
            [const { OnceLock::new() }; Method::CARDINALITY];
        *PARTS[self.index()].get_or_init(|| {
            if self == Self::OVERFLOW {
                return (Service::OVERFLOW, MethodName::OVERFLOW);
            }
            let text = self.as_str();
            let (service, name) = text.rsplit_once('/').unwrap_or((text, text));
            (Service::of(service), MethodName::of(name))
        })
    }
}

/// A [`Method`] as gRPC's own metrics spell it: what nobody serves is `other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct A66Method(Method);

impl From<Method> for A66Method {
    fn from(method: Method) -> Self {
        Self(method)
    }
}

impl Label for A66Method {
    const CARDINALITY: usize = Method::CARDINALITY;
    const VALUES: Values = Method::VALUES;

    #[inline]
    fn index(self) -> usize {
        self.0.index()
    }

    fn text(index: usize) -> &'static str {
        match Method::text(index) {
            OTHER => "other",
            text => text,
        }
    }
}
