//! The names of attributes: OpenTelemetry's messaging conventions, and ours where they have none.

pub(crate) const SYSTEM: &str = "messaging.system";
pub(crate) const DESTINATION: &str = "messaging.destination.name";
pub(crate) const OPERATION_NAME: &str = "messaging.operation.name";
pub(crate) const OPERATION_TYPE: &str = "messaging.operation.type";
pub(crate) const MESSAGE_ID: &str = "messaging.message.id";
pub(crate) const MESSAGE_COUNT: &str = "messaging.batch.message_count";
pub(crate) const CONSUMER_GROUP: &str = "messaging.consumer.group.name";
pub(crate) const ERROR_TYPE: &str = "error.type";
pub(crate) const JOB_TYPE: &str = "throughline.job.type";
pub(crate) const ATTEMPT: &str = "throughline.job.attempt";
pub(crate) const MAX_ATTEMPTS: &str = "throughline.job.max_attempts";
pub(crate) const TRIGGER: &str = "throughline.job.trigger";
pub(crate) const OUTCOME: &str = "throughline.job.outcome";
pub(crate) const QUEUE_DELAY: &str = "throughline.job.queue_delay_seconds";
pub(crate) const LINK: &str = "throughline.job.link";
pub(crate) const DB_SYSTEM: &str = "db.system.name";
pub(crate) const DB_NAMESPACE: &str = "db.namespace";
pub(crate) const DB_COLLECTION: &str = "db.collection.name";
pub(crate) const DB_OPERATION: &str = "db.operation.name";
pub(crate) const DB_QUERY_CLASS: &str = "throughline.db.query_class";
pub(crate) const BYTES: &str = "throughline.operation.bytes";
