//! What a schema takes, and what it refuses.

use throughline_correlation::Key;
use throughline_log::{ConfigError, Field, Precision, Schema, SchemaBuilder};

fn refused(builder: SchemaBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

#[test]
fn a_secret_is_refused_by_name_wherever_it_is_configured() {
    let secrets = [
        "authorization",
        "set-cookie",
        "db_password",
        "id_token",
        "Client-Secret",
        "apiKey",
    ];
    for secret in secrets {
        for builder in [
            Schema::builder().service("s").allow([secret]),
            Schema::builder().field(Field::named(secret)),
            Schema::builder().field(Field::named("harmless").key(secret)),
            Schema::builder().field(Field::named(secret).key("harmless")),
        ] {
            let said = refused(builder);
            assert!(said.contains(secret) && said.contains("secret"), "{said}");
        }
    }
}

#[test]
fn a_standard_key_is_no_name_for_an_application_field() {
    let names = [
        "timestamp",
        "level",
        "message",
        "trace_id",
        "span_id",
        "truncated",
        "redacted",
    ];
    for name in names {
        let error = Schema::builder()
            .field(Field::target())
            .allow([name])
            .build()
            .unwrap_err();
        assert!(
            matches!(&error, ConfigError::Reserved { name: n } if n == name),
            "{error}"
        );
        let said = refused(Schema::builder().field(Field::named(name)));
        assert!(said.contains(name), "{said}");
    }
    // What only this schema writes, under whatever key.
    let with_keys = || {
        Schema::builder().service("s").fields([
            Field::target(),
            Field::service().key("component"),
            Field::context(),
        ])
    };
    for name in ["target", "component", "context"] {
        assert!(refused(with_keys().allow([name])).contains(name));
    }
    assert!(with_keys().allow(["service", "file"]).build().is_ok());
    for name in ["job_id", "stage", "error", "root_cause"] {
        assert!(refused(Schema::builder().field(Field::named(name))).contains("Field"));
        assert!(refused(Schema::builder().field(Field::named("x").key(name))).contains(name));
    }
}

#[test]
fn what_would_come_twice_is_refused() {
    let twice = |fields: [Field; 2]| refused(Schema::builder().fields(fields));
    assert!(twice([Field::message(), Field::error().key("message")]).contains("message"));
    assert!(twice([Field::named("a"), Field::named("b").key("a")]).contains("\"a\""));
    assert!(
        twice([Field::error(), Field::named("error_code").key("error_kind")])
            .contains("error_kind")
    );
    let timestamps = [
        Field::timestamp(Precision::Millis),
        Field::timestamp(Precision::Micros).key("at"),
    ];
    assert!(twice(timestamps).contains("at"));
    assert!(twice([Field::id(Key::Job), Field::id(Key::Job).key("job")]).contains("job"));
    // The followers have their keys as well.
    assert!(twice([Field::message(), Field::target().key("job_id")]).contains("job_id"));
    let renamed = Schema::builder().field(Field::named("device").key("device_id"));
    assert!(refused(renamed.allow(["device_id"])).contains("device_id"));
}

#[test]
fn what_is_written_anyway_may_be_allowed() {
    let schema = Schema::builder()
        .field(Field::named("device_id"))
        .allow(["device_id", "job_id", "error", "shots", "shots"])
        .build()
        .unwrap();
    let keys: Vec<_> = schema.keys().collect();
    assert_eq!(keys.iter().filter(|key| **key == "shots").count(), 1);
    assert_eq!(keys.iter().filter(|key| **key == "device_id").count(), 1);
}

#[test]
fn a_schema_that_cannot_work_says_why() {
    assert!(refused(Schema::builder()).contains("service"));
    assert!(refused(Schema::builder().service("")).contains("1 to 64"));
    assert!(refused(Schema::builder().field(Field::named("a".repeat(65)))).contains("1 to 64"));
    assert!(refused(Schema::builder().field(Field::message().key(""))).contains("1 to 64"));
    let many = (0..200).map(|i| Field::named(format!("field_{i:050}")).required());
    let error = Schema::builder().fields(many).build().unwrap_err();
    assert!(
        matches!(error, ConfigError::TooLarge { bytes } if 16_000 < bytes),
        "{error}"
    );
    assert!(Schema::new("x".repeat(65)).is_err());
}

#[test]
fn debug_shows_the_keys() {
    let schema = Schema::builder()
        .field(Field::message().key("msg"))
        .build()
        .unwrap();
    assert!(format!("{schema:?}").contains("msg"));
}
