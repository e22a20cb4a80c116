//! The processes of the pipeline.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use brokers::{
    broker::{Broker, Channel, Nats, RabbitMq, Redis, Result},
    pipeline::{
        self, Settings, Way,
        families::bench,
        runner::{self, Order, Runners},
    },
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use throughline_correlation::{Key, MessageId};
use throughline_job::Relation;
use throughline_log::Field;
use throughline_telemetry::{Telemetry, shutdown_signal};

/// How long spans and log lines may take to get out.
const FLUSH: Duration = Duration::from_secs(5);

#[derive(Debug, Parser)]
struct Arguments {
    /// Writes the metrics page here at the end.
    #[arg(long, global = true, value_name = "FILE")]
    page: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes the queues and sends benchmarks; prints the id of the message of each.
    Schedule {
        #[command(flatten)]
        at: At,
        #[arg(long = "way")]
        ways: Vec<Way>,
    },
    /// Works until it is told to stop.
    Work {
        #[command(flatten)]
        at: At,
        #[arg(long, default_value = "auto")]
        relation: Kind,
    },
    /// Sends once more what lies in the dead-letter queue.
    Redrive {
        #[command(flatten)]
        at: At,
        #[arg(long)]
        count: usize,
    },
    /// Counts what waits in the queue.
    Look {
        #[command(flatten)]
        at: At,
    },
    /// Does a benchmark; what starts this is a worker.
    Run { order: Order },
    /// All of it over tokio's channels, so in one process but for the runners. Where a benchmark is
    /// stuck, its worker is dropped and another takes its place.
    Channel {
        #[arg(long, default_value = "auto")]
        relation: Kind,
        #[arg(long = "way", required = true)]
        ways: Vec<Way>,
    },
}

/// Which queue of which broker.
#[derive(Clone, Debug, Args)]
struct At {
    #[arg(long)]
    broker: System,
    #[arg(long, value_name = "HOST:PORT")]
    address: String,
    #[arg(long)]
    queue: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum System {
    Redis,
    Rabbitmq,
    Nats,
}

/// See `throughline_job::Relation`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Auto,
    Parent,
    Link,
}

impl Kind {
    fn relation(self) -> Relation {
        match self {
            Self::Auto => Relation::default(),
            Self::Parent => Relation::Parent,
            Self::Link => Relation::Link,
        }
    }
}

impl Command {
    const fn service(&self) -> &'static str {
        match self {
            Self::Schedule { .. } => "scheduler",
            Self::Work { .. } => "worker",
            Self::Redrive { .. } | Self::Look { .. } => "operator",
            Self::Run { .. } => "runner",
            Self::Channel { .. } => "pipeline",
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { page, command } = Arguments::parse();
    let name = command.service();
    match run(command, page).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{name}: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, page: Option<PathBuf>) -> Result<()> {
    let mut telemetry = Telemetry::builder(command.service())
        .catalogue(bench::CATALOGUE)
        .log_fields([
            Field::service(),
            Field::trace_id(),
            Field::id(Key::Job),
            Field::id(Key::Message),
            Field::id(Key::Request),
            Field::stage(),
            Field::message(),
        ]);
    if matches!(command, Command::Work { .. }) {
        telemetry = telemetry.metrics_address(([127, 0, 0, 1], 0).into());
    }
    let telemetry = telemetry.start().await?;
    if let Some(address) = telemetry.metrics_address() {
        tracing::info!("metrics on http://{address}/metrics");
    }
    let result = match command {
        Command::Run { order } => runner::run(order).await,
        Command::Channel { relation, ways } => channel(relation.relation(), &ways).await,
        Command::Schedule { ref at, .. }
        | Command::Work { ref at, .. }
        | Command::Redrive { ref at, .. }
        | Command::Look { ref at } => match at.broker {
            System::Redis => over(&Redis::connect(&at.address).await?, &command).await,
            System::Rabbitmq => over(&RabbitMq::connect(&at.address).await?, &command).await,
            System::Nats => over(&Nats::connect(&at.address).await?, &command).await,
        },
    };
    if let Some(page) = page {
        std::fs::write(page, telemetry.render_metrics())?;
    }
    let report = telemetry.shutdown(FLUSH).await;
    report.traces?;
    result
}

async fn channel(relation: Relation, ways: &[Way]) -> Result<()> {
    let (broker, runners) = (Channel::default(), Runners::new(std::env::current_exe()?));
    let settings = Settings {
        queue: "bench".to_owned(),
        relation,
        until_idle: true,
    };
    let work = || pipeline::work(&broker, &settings, &runners, std::future::pending());
    print(&pipeline::schedule(&broker, &settings.queue, ways).await?);
    tokio::select! {
        result = work() => result?,
        () = runners.held.notified() => tracing::info!("a worker is gone"),
    }
    work().await?;
    let poison = ways.iter().filter(|way| **way == Way::Poison).count();
    pipeline::redrive(&broker, &settings.queue, poison).await?;
    work().await
}

async fn over<B: Broker>(broker: &B, command: &Command) -> Result<()> {
    match command {
        Command::Schedule { at, ways } => {
            print(&pipeline::schedule(broker, &at.queue, ways).await?);
            Ok(())
        }
        Command::Work { at, relation } => {
            let settings = Settings {
                queue: at.queue.clone(),
                relation: relation.relation(),
                until_idle: false,
            };
            let runners = Runners::new(std::env::current_exe()?);
            pipeline::work(broker, &settings, &runners, shutdown_signal()).await
        }
        Command::Look { at } => pipeline::look(broker, &at.queue).await,
        Command::Redrive { at, count } => pipeline::redrive(broker, &at.queue, *count).await,
        Command::Run { .. } | Command::Channel { .. } => Ok(()),
    }
}

fn print(messages: &[MessageId]) {
    for message in messages {
        println!("scheduled {message}");
    }
}
