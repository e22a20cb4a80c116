//! OpenTelemetry's own interface to a propagator.

use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator, text_map_propagator::FieldIter},
};

use super::{Format, Propagator};
use crate::{
    carrier::{Extract, Inject},
    name::{BAGGAGE, GRPC_TRACE_BIN, TRACEPARENT, TRACESTATE},
};

/// For libraries that ask `opentelemetry::global` for a propagator. The ids are in no `Context`, so
/// they are not read and not written this way. An `Injector` cannot remove, so what was copied into
/// its carrier before stays in it unless it is written anew.
impl TextMapPropagator for Propagator {
    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        Self::inject(self, cx, &mut Written(injector));
    }

    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        Self::extract_with_context(self, cx, &Asked(extractor))
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(self.fields.get_or_init(|| {
            let w3c = [TRACEPARENT, TRACESTATE];
            let uses = |format| self.accept.has(format) || self.send.has(format);
            let mut fields = Vec::new();
            fields.extend(w3c.into_iter().filter(|_| uses(Format::W3c)));
            fields.extend(uses(Format::GrpcTraceBin).then_some(GRPC_TRACE_BIN));
            let baggage = !self.accept_baggage.is_none() || !self.send_baggage.is_none();
            fields.extend(baggage.then_some(BAGGAGE));
            fields.extend(self.foreign().iter().flat_map(|foreign| foreign.fields()));
            fields.into_iter().map(str::to_owned).collect()
        }))
    }
}

struct Asked<'a>(&'a dyn Extractor);

impl Extract for Asked<'_> {
    fn values<'a>(&'a self, name: &'static str, each: impl FnMut(&'a [u8])) {
        let values = self.0.get_all(name).unwrap_or_default();
        values.into_iter().map(str::as_bytes).for_each(each);
    }
}

struct Written<'a>(&'a mut dyn Injector);

impl Inject for Written<'_> {
    fn set(&mut self, name: &'static str, value: &str) {
        self.0.set(name, value.to_owned());
    }

    fn remove(&mut self, _: &'static str) {}
}
