//! What both sides of a queue say of it.

use std::sync::Arc;

use opentelemetry::KeyValue;

use crate::{
    conventions::{CONSUMER_GROUP, DESTINATION, OPERATION_NAME, OPERATION_TYPE, SYSTEM},
    labels::{OperationName, Queue, System},
};

/// A queue as one side sees it.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) queue: Queue,
    /// Its name in whole, should it be one queue too many for the label.
    destination: Arc<str>,
    system: Option<&'static str>,
    pub(crate) label: System,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) trace: bool,
}

impl Endpoint {
    pub(crate) fn new(queue: &str) -> Self {
        Self {
            queue: Queue::of(queue),
            destination: queue.into(),
            system: None,
            label: System::unknown(),
            group: None,
            trace: false,
        }
    }

    pub(crate) fn is_of(&mut self, system: &'static str) {
        self.system = Some(system);
        self.label = System::of(system);
    }

    /// The attributes that every span of the queue has from its start, with room for `more`.
    pub(crate) fn attributes(&self, operation: OperationName, more: usize) -> Vec<KeyValue> {
        let mut attributes = Vec::with_capacity(5 + more);
        if let Some(system) = self.system {
            attributes.push(KeyValue::new(SYSTEM, system));
        }
        let destination = Arc::clone(&self.destination);
        attributes.push(KeyValue::new(DESTINATION, destination));
        attributes.push(KeyValue::new(OPERATION_NAME, operation.as_str()));
        attributes.push(KeyValue::new(OPERATION_TYPE, operation.as_str()));
        if let Some(group) = &self.group {
            attributes.push(KeyValue::new(CONSUMER_GROUP, Arc::clone(group)));
        }
        attributes
    }
}
