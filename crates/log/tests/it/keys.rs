//! Arbitrary field names: no line has a key twice, and no name takes a standard one's place.

use std::sync::OnceLock;

use fastrand::Rng;
use throughline_correlation::Key;
use throughline_log::{Field, LevelCase, Precision, Schema};
use tracing::{
    Event, Level, Metadata,
    callsite::{Callsite, Identifier},
    field::{FieldSet, Value},
    metadata::Kind,
    subscriber::Interest,
};

use crate::support::{Strict, lines};

const NAMES: [&str; 24] = [
    "timestamp",
    "level",
    "target",
    "component",
    "message",
    "trace_id",
    "span_id",
    "request_id",
    "job_id",
    "stage",
    "error",
    "error_kind",
    "root_cause",
    "context",
    "truncated",
    "redacted",
    "file",
    "line",
    "device_id",
    "driver",
    "log.target",
    "otel.name",
    "a\"b",
    "",
];

/// A callsite made at run time; macros take only names that are in the program.
struct Made(OnceLock<Metadata<'static>>);

impl Callsite for Made {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        self.0.get().unwrap()
    }
}

fn made(names: [&'static str; 6], target: &'static str) -> &'static Metadata<'static> {
    let callsite: &'static Made = Box::leak(Box::new(Made(OnceLock::new())));
    let names: &'static [&'static str] = Box::leak(Box::new(names));
    let fields = FieldSet::new(names, Identifier(callsite));
    let (file, line) = (Some(file!()), Some(line!()));
    let kind = Kind::EVENT;
    callsite
        .0
        .get_or_init(|| Metadata::new("made", target, Level::INFO, file, line, None, fields, kind))
}

fn emit(rng: &mut Rng) {
    let names: [&str; 6] = std::array::from_fn(|_| {
        let made: String = (0..rng.usize(1..9)).map(|_| rng.char(..)).collect();
        if rng.u8(..4) == 0 {
            Box::leak(made.into_boxed_str())
        } else {
            NAMES[rng.usize(..NAMES.len())]
        }
    });
    let texts: [String; 6] =
        std::array::from_fn(|_| (0..rng.usize(..9)).map(|_| rng.char(..)).collect());
    let numbers: [i64; 6] = std::array::from_fn(|_| rng.i64(..));
    let of = made(names, if rng.bool() { "log" } else { "somewhere" });
    let fields: Vec<_> = of.fields().iter().collect();
    let texts = texts.each_ref().map(String::as_str);
    let pick = |i: usize| -> Option<&dyn Value> {
        if numbers[i] % 2 == 0 {
            Some(&numbers[i])
        } else {
            Some(&texts[i])
        }
    };
    let values: [_; 6] = std::array::from_fn(|i| (&fields[i], pick(i)));
    Event::dispatch(of, &of.fields().value_set(&values));
}

fn schemas() -> [Schema; 3] {
    let full = || {
        Schema::builder().service("s").fields([
            Field::timestamp(Precision::Micros),
            Field::level(LevelCase::Upper),
            Field::target(),
            Field::service().key("component"),
            Field::message(),
            Field::trace_id().required(),
            Field::file(),
            Field::line(),
            Field::id(Key::Job).required(),
            Field::named("device_id").required(),
        ])
    };
    let some_names: Vec<String> = (0..10).map(|c| char::from(b'a' + c).to_string()).collect();
    [
        full()
            .allow(["driver", "a\"b"])
            .allow(some_names)
            .build()
            .unwrap(),
        full()
            .field(Field::context())
            .allow(["driver", "a\"b"])
            .build()
            .unwrap(),
        Schema::new("s").unwrap(),
    ]
}

#[test]
fn no_line_has_a_key_twice_and_no_standard_value_is_forged() {
    let seed = fastrand::u64(..);
    println!("seed: {seed}");
    let mut rng = Rng::with_seed(seed);
    for schema in schemas() {
        let keys: Vec<String> = schema.keys().map(str::to_owned).collect();
        let lines = lines(schema, || (0..2_000).for_each(|_| emit(&mut rng)));
        assert_eq!(lines.len(), 2_000);
        for line in lines {
            let object = Strict::parse(&line);
            assert_eq!(object.text("level"), "INFO", "{line}");
            assert!(object.text("timestamp").ends_with('Z'), "{line}");
            assert!(
                !matches!(object.get("trace_id"), Some(Strict::Text(_))),
                "{line}"
            );
            let Strict::Object(fields) = object else {
                panic!("no object: {line}")
            };
            let known =
                |key: &String| keys.contains(key) || ["truncated", "redacted"].contains(&&**key);
            assert!(fields.keys().all(known), "{line}");
        }
    }
}
