//! The catalogue as files.

use throughline_catalog::{bundle, catalog, label};

label! {
    enum Sign { Pipe = "a|b", Quote = "\"\\" }
}

label! {
    struct Queue: Capped<5>;
}

label! {
    enum Many {
        A = "a", B = "b", C = "c", D = "d", E = "e", F = "f", G = "g", H = "h", I = "i", J = "j",
        K = "k", L = "l", M = "m", N = "n", O = "o", P = "p", Q = "q", R = "r",
    }
}

catalog! { mod plant, budget 1_000, forbid ["tenant", "zone"];
    /// Steps | "quoted".
    counter plant_step_count { sign: Sign, queue: Queue } dictated "the plant | its display";
    /// Time.
    histogram plant_step_duration_seconds { many: Many } buckets [0.001, 1.0, 60.0];
    /// How full it is.
    gauge plant_fill_ratio {};
}

catalog! { mod empty, budget 0; }

#[test]
fn json_has_all_and_is_json() {
    let json = plant::CATALOGUE.to_json();
    let read: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(read["name"], "plant");
    assert_eq!(read["budget"], 1_000);
    assert_eq!(read["series"], 12 + 18 * 6 + 1);
    assert_eq!(read["forbidden"], serde_json::json!(["tenant", "zone"]));
    assert_eq!(
        read["families"][0],
        serde_json::json!({
            "name": "plant_step_count",
            "type": "counter",
            "unit": null,
            "help": "Steps | \"quoted\".",
            "labels": [{"name": "sign", "values": ["a|b", "\"\\"]}, {"name": "queue", "cap": 5}],
            "buckets": null,
            "series": 12,
            "dictated": "the plant | its display",
        })
    );
    assert_eq!(
        read["families"][1]["buckets"],
        serde_json::json!([0.001, 1, 60])
    );
    assert_eq!(read["families"][1]["unit"], "seconds");
    assert_eq!(read["families"][2]["labels"], serde_json::json!([]));
    let empty: serde_json::Value =
        serde_json::from_str(&empty::CATALOGUE.to_json()).expect("it is JSON");
    assert_eq!(empty["families"], serde_json::json!([]));
}

#[test]
fn a_table_has_a_row_for_each_family() {
    let table = plant::CATALOGUE.to_markdown();
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 2 + 3);
    assert_eq!(
        rows[2],
        "| `plant_step_count` | counter | `sign`: `a\\|b`, `\"\\`; `queue`: at most 5 |  | 12 | \
         Steps \\| \"quoted\". (Name: the plant \\| its display.) |"
    );
    assert!(
        rows[3].contains("`many`: `a`, ") && rows[3].contains("`p` and 2 more | 0.001, 1, 60 |")
    );
    assert_eq!(
        rows[4],
        "| `plant_fill_ratio` | gauge |  |  | 1 | How full it is. |"
    );
}

#[test]
fn a_bundle_is_a_file_a_line() {
    let catalogues = [("plant", plant::CATALOGUE), ("nothing", empty::CATALOGUE)];
    let files = bundle("the test", &catalogues);
    assert_eq!(files, bundle("the test", &catalogues), "the same each time");
    let files: Vec<serde_json::Value> = files
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    let paths: Vec<_> = files.iter().map(|file| file["path"].as_str()).collect();
    assert_eq!(
        paths,
        [
            Some("catalog/plant.json"),
            Some("catalog/nothing.json"),
            Some("CATALOG.md")
        ]
    );
    assert_eq!(files[0]["text"], plant::CATALOGUE.to_json());
    let page = files[2]["text"].as_str().expect("it is text");
    assert!(page.starts_with("# Metrics of the test\n"));
    assert!(page.contains("\n## plant\n\nAt most 121 series, of 1000 that the budget allows.\n"));
    assert!(page.contains(&plant::CATALOGUE.to_markdown()));
}
