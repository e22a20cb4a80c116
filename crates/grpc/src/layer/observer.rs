//! The observer: keeps the call's scope, and hands on to its record.

use std::sync::Arc;

use bytes::Buf;
use http::{HeaderMap, Uri, response::Parts};
use opentelemetry::Context;
use throughline_completion::{Completion, Next, Observer};
use throughline_context::{Entered, Scope};

use super::{Config, record::Record};
use crate::{messages::Meter, wire::Framing};

/// Lives from the call to its last message or status.
#[derive(Debug)]
pub(crate) struct CallObserver {
    config: Arc<Config>,
    scope: Scope,
    /// None of a call that leaves no trace of itself.
    record: Option<Record>,
}

impl CallObserver {
    pub(super) fn begin(
        config: Arc<Config>,
        head: (&Uri, &HeaderMap),
        counts_messages: bool,
    ) -> Self {
        let on = config.concerns();
        let (uri, headers) = head;
        if !on.any() || config.quiet.covers(uri.path()) {
            let scope = config.scope(headers);
            return Self {
                config,
                scope,
                record: None,
            };
        }
        let (record, scope) = Record::begin(&config, on, head, counts_messages);
        Self {
            config,
            scope,
            record: Some(record),
        }
    }

    pub(super) const fn context(&self) -> &Context {
        self.scope.context()
    }

    /// Reads whether the error behind the answer has been told.
    fn hear(&mut self, headers: &HeaderMap) {
        let is_told = self.config.marks.read(headers);
        if let Some(record) = self.record.as_mut().filter(|_| is_told) {
            record.told();
        }
    }

    /// What counts the messages of the call's request.
    pub(super) fn meter(&self, headers: &HeaderMap) -> Option<Meter> {
        let framing = Framing::of(headers)?;
        self.record.as_ref()?.meter(&self.config, framing)
    }
}

impl Observer for CallObserver {
    type Entered = Entered;

    fn enter(&self) -> Entered {
        self.scope.enter()
    }

    fn on_head(&mut self, parts: &mut Parts) -> Next {
        self.config.marks.clean(&mut parts.headers);
        self.hear(&parts.headers);
        match &mut self.record {
            Some(record) => record.head(&self.config, self.scope.context(), parts),
            None => Next::Body,
        }
    }

    fn on_data(&mut self, data: &impl Buf) {
        if let Some(record) = &mut self.record {
            record.read(&self.config, data);
        }
    }

    fn on_completion(mut self, how: Completion<'_>) {
        if let Completion::Trailers(trailers) = how {
            self.hear(trailers);
        }
        // By reference: it has been moved often enough.
        if let Some(record) = &mut self.record {
            record.end(&self.config, self.scope.context(), how);
        }
    }
}
