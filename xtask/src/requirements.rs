//! The numbers of what the five systems ask for.

/// A system and its requirements.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The letter that its numbers begin with.
    pub letter: char,
    /// Its example's package, whose tests alone count.
    pub system: &'static str,
    /// Whether its example is complete: then an open number is a failure.
    pub complete: bool,
    /// Its numbers, each with a short title.
    pub numbers: &'static [(&'static str, &'static str)],
}

/// All parts.
pub const PARTS: [Part; 5] = [
    Part {
        letter: 'K',
        system: "job-kernel",
        complete: true,
        numbers: &[
            ("K1", "log lines follow the schema"),
            ("K2", "one trace id in all four services"),
            ("K3", "a metrics page per service, on its port"),
            ("K4", "exactly these six families"),
            ("K5", "recording never blocks; no job id as label"),
            ("K6", "an error is logged once, at its source"),
            ("K7", "no secret in logs or spans"),
            ("K8", "metrics and logs on, trace export off by default"),
            ("K9", "a smoke test of the whole stack"),
            ("K10", "job updates as a stream of events"),
        ],
    },
    Part {
        letter: 'A',
        system: "agent-platform",
        complete: false,
        numbers: &[
            ("A1", "log lines follow the schema"),
            ("A2", "HTTP families by route template"),
            ("A3", "WebSocket families"),
            ("A4", "lifecycle families"),
            ("A5", "usage by user and agent without unbounded labels"),
            ("A6", "store families"),
            ("A7", "the metrics page as an axum router"),
            ("A8", "context over headers and pod annotations"),
            ("A9", "OTLP export, sampled by rate"),
            ("A10", "the agents' log API, filtered by ownership"),
            ("A11", "alert rules"),
            ("A12", "dashboards and log shipping"),
            ("A13", "ids nest and are on every line and span"),
            ("A14", "request ids, hostile ones refused"),
            ("A15", "retention"),
            ("A16", "one configuration, errors at start-up"),
        ],
    },
    Part {
        letter: 'B',
        system: "bench-orchestrator",
        complete: false,
        numbers: &[
            ("B1", "one trace through the queue"),
            ("B2", "log lines follow the schema"),
            ("B3", "spans of stages, queue and retries"),
            ("B4", "what each component measures"),
            ("B5", "exactly these families"),
            ("B6", "a trace links to its logs and metrics"),
            ("B7", "the deployed stack"),
            ("B8", "alerts"),
            ("B9", "dashboards"),
            ("B10", "a Python hop keeps trace and ids"),
            ("B11", "less than 5 % overhead"),
        ],
    },
    Part {
        letter: 'W',
        system: "workflow-tracing",
        complete: false,
        numbers: &[
            ("W1", "requests, databases, messages instrumented"),
            ("W2", "10 % sampled, all errors and slow ones"),
            ("W3", "long workflows, large traces cut"),
            ("W4", "a failed operation's span tells why"),
            ("W5", "trace queries scoped by tenant"),
            ("W6", "metrics and logs scoped by tenant"),
            ("W7", "standard and business metrics, dashboards"),
            ("W8", "less than 1 % overhead"),
            ("W9", "a dead backend harms nobody"),
            ("W10", "sensitive data never appears"),
            ("W10a", "the audit stream loses nothing"),
            ("W11", "a switch at run time"),
            ("W12", "retention"),
        ],
    },
    Part {
        letter: 'C',
        system: "control-plane",
        complete: false,
        numbers: &[
            ("C1", "the page's format, prefix and units"),
            ("C2", "allowed labels"),
            ("C3", "forbidden labels"),
            ("C4", "reasons are closed enums"),
            ("C5", "top offenders instead of per-org series"),
            ("C6", "every control loop measured"),
            ("C7", "families of the API"),
            ("C8", "families of events"),
            ("C9", "families of projections"),
            ("C10", "families of the scheduler"),
            ("C11", "families of the node agent"),
            ("C12", "families of the edge"),
            ("C13", "an API view for tenants"),
            ("C14", "compliance tests"),
            ("C15", "the page on an internal address"),
            ("C16", "retention"),
        ],
    },
];
