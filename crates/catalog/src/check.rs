//! What the compiler checks of each label and family. Every function here runs only in it.

use crate::check_name::{
    FORBIDDEN, FORBIDDEN_PARTS, contains, ends_with, is_one_of, is_snake_case, same, scaled_unit,
    without_suffix,
};
use crate::text::Text;
use crate::{Catalogue, Desc, Kind};

/// So many series nobody can look at, and a cap's number has to fit in 32 bits.
const MAX_CAP: usize = 1 << 20;

#[track_caller]
const fn fail(pieces: &[&str]) -> ! {
    panic!("{}", Text::of(pieces).as_str())
}

/// Stops the build unless the texts of a closed label are usable.
#[track_caller]
pub const fn check_closed(name: &str, texts: &[&str]) {
    if texts.is_empty() {
        fail(&["label `", name, "`: no value; give it at least one"]);
    }
    let mut i = 0;
    while i < texts.len() {
        if texts[i].is_empty() {
            fail(&[
                "label `",
                name,
                "`: a value has no text; an empty label is the same as none",
            ]);
        }
        let mut j = 0;
        while j < i {
            if same(texts[i], texts[j]) {
                fail(&[
                    "label `",
                    name,
                    "`: two values have the text `",
                    texts[i],
                    "`",
                ]);
            }
            j += 1;
        }
        i += 1;
    }
}

/// Stops the build unless the cap of a label is usable.
#[track_caller]
pub const fn check_capped(name: &str, cap: usize) {
    if cap == 0 {
        fail(&[
            "label `",
            name,
            "`: `Capped<0>` has no room for any value; raise the cap",
        ]);
    }
    if MAX_CAP < cap {
        fail(&[
            "label `",
            name,
            "`: a cap above ",
            Text::number(MAX_CAP).as_str(),
            " bounds nothing; lower it",
        ]);
    }
}

/// Stops the build unless the family keeps the rules; `forbidden` are labels beside the usual ones.
#[track_caller]
pub const fn check_family(family: &Desc, forbidden: &[&str]) {
    check_name(family);
    check_suffix(family);
    check_buckets(family);
    check_labels(family, forbidden);
}

#[track_caller]
const fn check_name(family: &Desc) {
    let name = family.name();
    if !is_snake_case(name) {
        fail(&[
            "family `",
            name,
            "`: a name has lower-case letters, digits and underlines only",
        ]);
    }
    if family.help().is_empty() {
        fail(&["family `", name, "`: no help; put a doc comment above it"]);
    }
    if let Some((unit, base)) = scaled_unit(name) {
        fail(&[
            "family `",
            name,
            "`: `",
            unit,
            "` is no base unit; use `",
            base,
            "`",
        ]);
    }
    if let Some(why) = family.dictated()
        && why.trim_ascii().is_empty()
    {
        fail(&["family `", name, "`: `dictated` needs the reason"]);
    }
}

#[track_caller]
const fn check_suffix(family: &Desc) {
    let name = family.name();
    // Someone else chose the name.
    if family.dictated().is_some() {
        return;
    }
    let kind = family.kind().as_str();
    let dictated = "or say who dictates it: `dictated \"…\"`";
    if let Kind::Counter = family.kind() {
        if !ends_with(name, "_total") {
            fail(&[
                "family `",
                name,
                "`: a counter's name ends in `_total`; call it `",
                name,
                "_total`, ",
                dictated,
            ]);
        }
        return;
    }
    let reserved: &[&str] = &["_total", "_count", "_sum", "_bucket", "_created"];
    let mut i = 0;
    while i < reserved.len() {
        if ends_with(name, reserved[i]) {
            fail(&[
                "family `",
                name,
                "`: a ",
                kind,
                "'s name does not end in `",
                reserved[i],
                "`; choose another, ",
                dictated,
            ]);
        }
        i += 1;
    }
    if let Kind::Histogram = family.kind() {
        match family.unit() {
            Some(unit) if unit.is_base() => {}
            _ => fail(&[
                "family `",
                name,
                "`: a histogram's name ends in its base unit, such as \
                `_seconds`, `_bytes` or `_ratio`; add it, ",
                dictated,
            ]),
        }
    }
}

#[track_caller]
const fn check_buckets(family: &Desc) {
    let name = family.name();
    let buckets = match (family.kind(), family.buckets()) {
        (Kind::Histogram, None) => fail(&[
            "family `",
            name,
            "`: a histogram without buckets; add `buckets [0.01, 0.1, 1.0]`",
        ]),
        (Kind::Histogram, Some(buckets)) => buckets,
        (_, Some(_)) => fail(&[
            "family `",
            name,
            "`: only a histogram has buckets; take them away",
        ]),
        (_, None) => return,
    };
    if buckets.is_empty() {
        fail(&[
            "family `",
            name,
            "`: `buckets []` is empty; give at least one upper bound",
        ]);
    }
    let mut i = 0;
    while i < buckets.len() {
        if !buckets[i].is_finite() {
            fail(&[
                "family `",
                name,
                "`: a bucket's bound is infinite or not a number; the bucket \
                at infinity is always there, leave it out",
            ]);
        }
        if 0 < i && buckets[i - 1] >= buckets[i] {
            let place = Text::number(i + 1);
            fail(&[
                "family `",
                name,
                "`: bucket ",
                place.as_str(),
                " is not above the one before it; sort the bounds, each once",
            ]);
        }
        i += 1;
    }
}

#[track_caller]
const fn check_labels(family: &Desc, forbidden: &[&str]) {
    let labels = family.labels();
    let mut i = 0;
    while i < labels.len() {
        let label = labels[i].name();
        let text = Text::of(&["family `", family.name(), "`: the label `", label, "` "]);
        let the_label = text.as_str();
        if !is_snake_case(label) {
            fail(&[
                the_label,
                "has other characters than lower-case letters, digits and underlines",
            ]);
        }
        if same(label, "le") || same(label, "quantile") || starts_with_two_underlines(label) {
            fail(&[
                the_label,
                "is reserved by the exposition format; choose another name",
            ]);
        }
        if is_one_of(label, FORBIDDEN) || is_one_of(label, forbidden) {
            fail(&[the_label, "is forbidden; use a span attribute"]);
        }
        let mut j = 0;
        while j < FORBIDDEN_PARTS.len() {
            if contains(label, FORBIDDEN_PARTS[j]) {
                fail(&[
                    the_label,
                    "is forbidden, like any that contains `",
                    FORBIDDEN_PARTS[j],
                    "`; leave it out",
                ]);
            }
            j += 1;
        }
        j = 0;
        while j < i {
            if same(label, labels[j].name()) {
                fail(&[the_label, "appears twice; leave one out"]);
            }
            j += 1;
        }
        i += 1;
    }
}

const fn starts_with_two_underlines(label: &str) -> bool {
    matches!(label.as_bytes(), [b'_', b'_', ..])
}

/// Stops the build unless the families go together.
#[track_caller]
pub const fn check_catalogue(catalogue: &Catalogue) {
    let families = catalogue.families();
    let mut i = 0;
    while i < families.len() {
        let mut j = 0;
        while j < families.len() {
            if i != j {
                check_samples(families[i], families[j].name());
            }
            j += 1;
        }
        i += 1;
    }
    if catalogue.budget() < catalogue.series() {
        fail(&[
            "catalogue `",
            catalogue.name(),
            "`: up to ",
            Text::number(catalogue.series()).as_str(),
            " series, but its budget is ",
            Text::number(catalogue.budget()).as_str(),
            "; take a label out, lower a cap, or raise the budget",
        ]);
    }
}

/// A family shows samples under other names than its own; no other family may have one of those.
#[track_caller]
const fn check_samples(family: &Desc, name: &str) {
    if shows_as(family, name) {
        fail(&[
            "family `",
            name,
            "`: the ",
            family.kind().as_str(),
            " `",
            family.name(),
            "` shows samples of that name; choose another",
        ]);
    }
}

/// Whether a page shows `family` under `name`: a histogram `x` as `x_count` and so on, a counter
/// `x_total` as `x` in `OpenMetrics`.
pub(crate) const fn shows_as(family: &Desc, name: &str) -> bool {
    let counter = match without_suffix(family.name(), "_total") {
        Some(stem) => stem,
        None => family.name(),
    };
    let (stem, suffixes): (&str, &[&str]) = match family.kind() {
        Kind::Counter => (counter, &["", "_total", "_created"]),
        Kind::Gauge => return false,
        Kind::Histogram => (family.name(), &["_count", "_sum", "_bucket", "_created"]),
    };
    let mut i = 0;
    while i < suffixes.len() {
        if same(Text::of(&[stem, suffixes[i]]).as_str(), name) {
            return true;
        }
        i += 1;
    }
    false
}
