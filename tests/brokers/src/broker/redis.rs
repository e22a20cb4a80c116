//! Redis streams, with a group of consumers.

use ::redis::{Client, FromRedisValue, Value, aio::MultiplexedConnection, cmd};
use throughline_job::JobContext;

use super::{Broker, Consumer, LEASE, Message, PATIENCE, Result};

const GROUP: &str = "workers";

/// The field of an entry that is the message; the others are its context.
const BODY: &str = "body";

/// A field list, as streams have it and as `throughline-context` reads it.
type Fields = Vec<(String, Vec<u8>)>;

/// The id and the fields of an entry; of one that was deleted meanwhile there are none.
type Entry = (String, Option<Fields>);

/// A Redis server.
#[derive(Clone, Debug)]
pub struct Redis {
    client: Client,
    connection: MultiplexedConnection,
}

impl Redis {
    /// Connects to `HOST:PORT`.
    ///
    /// # Errors
    /// If nobody is there.
    pub async fn connect(address: &str) -> Result<Self> {
        let client = Client::open(format!("redis://{address}/"))?;
        let connection = client.get_multiplexed_async_connection().await?;
        Ok(Self { client, connection })
    }
}

impl Broker for Redis {
    const SYSTEM: &'static str = "redis";
    type Consumer = Group;

    async fn declare(&self, queue: &str) -> Result<()> {
        let mut connection = self.connection.clone();
        let mut make = cmd("XGROUP");
        make.arg("CREATE")
            .arg(queue)
            .arg(GROUP)
            .arg(0)
            .arg("MKSTREAM");
        match make.query_async::<()>(&mut connection).await {
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
            result => Ok(result?),
        }
    }

    async fn publish(&self, queue: &str, body: &str, context: &JobContext) -> Result<()> {
        let mut fields: Fields = vec![(BODY.to_owned(), body.into())];
        context.inject(&mut fields);
        let mut connection = self.connection.clone();
        let mut add = cmd("XADD");
        add.arg(queue).arg("*").arg(&fields);
        let _id: String = add.query_async(&mut connection).await?;
        Ok(())
    }

    async fn backlog(&self, queue: &str) -> Result<u64> {
        let mut connection = self.connection.clone();
        let mut length = cmd("XLEN");
        let all: u64 = length.arg(queue).query_async(&mut connection).await?;
        // What was settled is deleted, so all the others are with a worker.
        let mut pending = cmd("XPENDING");
        pending.arg(queue).arg(GROUP);
        let (taken, ..): (u64, Value, Value, Value) = pending.query_async(&mut connection).await?;
        Ok(all.saturating_sub(taken))
    }

    async fn consume(&self, queue: &str) -> Result<Group> {
        // What blocks has a connection of its own.
        let connection = self.client.get_multiplexed_async_connection().await?;
        Ok(Group {
            connection,
            queue: queue.to_owned(),
            name: format!("{}", std::process::id()),
        })
    }
}

/// One consumer of the group.
#[derive(Clone, Debug)]
pub struct Group {
    connection: MultiplexedConnection,
    queue: String,
    name: String,
}

impl Group {
    /// An entry whose consumer has not been heard of for the length of a lease.
    async fn left_behind(&mut self) -> Result<Option<(Entry, u32)>> {
        let mut claim = cmd("XAUTOCLAIM");
        claim.arg(&self.queue).arg(GROUP).arg(&self.name);
        claim
            .arg(LEASE.as_millis() as u64)
            .arg(0)
            .arg("COUNT")
            .arg(1);
        let (_next, entries, _deleted): (String, Vec<Entry>, Vec<String>) =
            claim.query_async(&mut self.connection).await?;
        let Some(entry) = entries.into_iter().next() else {
            return Ok(None);
        };
        let mut pending = cmd("XPENDING");
        pending
            .arg(&self.queue)
            .arg(GROUP)
            .arg(&entry.0)
            .arg(&entry.0)
            .arg(1);
        let told: Vec<(String, String, u64, u32)> =
            pending.query_async(&mut self.connection).await?;
        let deliveries = told.first().map_or(1, |(.., deliveries)| *deliveries);
        Ok(Some((entry, deliveries)))
    }

    async fn fresh(&mut self) -> Result<Option<(Entry, u32)>> {
        let mut read = cmd("XREADGROUP");
        read.arg("GROUP")
            .arg(GROUP)
            .arg(&self.name)
            .arg("COUNT")
            .arg(1);
        // Shorter than what the client waits for an answer.
        read.arg("BLOCK").arg((PATIENCE / 2).as_millis() as u64);
        read.arg("STREAMS").arg(&self.queue).arg(">");
        let answer: Value = read.query_async(&mut self.connection).await?;
        let streams = Option::<Vec<(String, Vec<Entry>)>>::from_redis_value(answer)?;
        let mut entries = streams
            .into_iter()
            .flatten()
            .flat_map(|(_, entries)| entries);
        Ok(entries.next().map(|entry| (entry, 1)))
    }
}

impl Consumer for Group {
    type Receipt = String;

    async fn receive(&mut self) -> Result<Option<Message<String>>> {
        let found = match self.left_behind().await? {
            Some(found) => Some(found),
            None => self.fresh().await?,
        };
        let Some(((id, fields), deliveries)) = found else {
            return Ok(None);
        };
        let fields = fields.unwrap_or_default();
        let body = fields.iter().find(|(name, _)| name == BODY);
        let body = body.map_or_else(String::new, |(_, body)| {
            String::from_utf8_lossy(body).into_owned()
        });
        let context = JobContext::extract(&fields);
        Ok(Some(Message::new(body, &context, deliveries, id)))
    }

    async fn heartbeat(&mut self, id: &String) -> Result<()> {
        // Claiming what one has begins its idle time anew; `JUSTID` does not count it as a delivery.
        let mut claim = cmd("XCLAIM");
        claim
            .arg(&self.queue)
            .arg(GROUP)
            .arg(&self.name)
            .arg(0)
            .arg(id)
            .arg("JUSTID");
        let _ids: Vec<String> = claim.query_async(&mut self.connection).await?;
        Ok(())
    }

    async fn settle(&mut self, id: String) -> Result<()> {
        let mut ack = cmd("XACK");
        let _n: u64 = ack
            .arg(&self.queue)
            .arg(GROUP)
            .arg(&id)
            .query_async(&mut self.connection)
            .await?;
        let mut delete = cmd("XDEL");
        let _n: u64 = delete
            .arg(&self.queue)
            .arg(&id)
            .query_async(&mut self.connection)
            .await?;
        Ok(())
    }
}
