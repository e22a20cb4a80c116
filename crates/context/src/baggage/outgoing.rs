//! Between the list and the baggage of an OpenTelemetry context.

use std::borrow::Cow;

use opentelemetry::{
    Context,
    baggage::{Baggage, BaggageExt},
};

use super::{BaggageList, BaggageRule, MAX_BYTES, MAX_MEMBERS, decode::encode, list::properties};
use crate::families::{LeftOut, left_out};

/// The members as they came. OpenTelemetry's type has the values decoded and in no order, and what
/// could not be decoded is lost in it.
#[derive(Debug)]
struct Relayed(BaggageList);

/// `cx` with the members of `list` as its baggage.
pub(crate) fn with_list(cx: &Context, list: BaggageList) -> Context {
    let mut baggage = Baggage::new();
    for member in list.iter() {
        let (key, value) = (member.key().to_owned(), member.value().into_owned());
        baggage.insert_with_metadata(key, value, member.properties());
    }
    cx.with_baggage(baggage).with_value(Relayed(list))
}

/// The baggage of `cx` as a header's value, as far as the rule allows it and it has room in `most`
/// bytes: whole members only, from the first on. What this process did not change is sent as it came.
pub(crate) fn write(cx: &Context, rule: &BaggageRule, most: usize) -> Option<String> {
    let baggage = cx.baggage();
    if rule.is_none() || baggage.is_empty() {
        return None;
    }
    let most = most.min(MAX_BYTES);
    let (mut text, mut members) = (String::new(), 0);
    let mut push = |member: Cow<'_, str>| {
        let comma = usize::from(!text.is_empty());
        let fits = text.len() + comma + member.len() <= most && members < MAX_MEMBERS;
        if fits {
            if comma == 1 {
                text.push(',');
            }
            text.push_str(&member);
            members += 1;
        }
        fits
    };
    let relayed = cx.get::<Relayed>().map(|Relayed(list)| list);
    let came = |key: &str| relayed.is_some_and(|list| list.iter().any(|m| m.key() == key));
    let mut all = true;
    for member in relayed.iter().flat_map(|list| list.iter()) {
        let now = baggage.get_with_metadata(member.key());
        let Some((value, metadata)) = now.filter(|_| rule.allows(member.key())) else {
            continue;
        };
        let same = value.as_str() == member.value() && metadata.as_str() == member.properties();
        all &= push(if same {
            member.as_str().into()
        } else {
            encoded(member.key(), value.as_str(), metadata.as_str()).into()
        });
    }
    let mut ours: Vec<_> = baggage
        .iter()
        .map(|(key, (value, metadata))| (key.as_str(), value, metadata))
        .filter(|(key, ..)| rule.allows(key) && !came(key))
        .collect();
    // OpenTelemetry's map has no order; a header that changes from call to call is hard to read.
    ours.sort_unstable_by_key(|(key, ..)| *key);
    for (key, value, metadata) in ours {
        all &= push(encoded(key, value.as_str(), metadata.as_str()).into());
    }
    if !all {
        left_out(LeftOut::BaggageBudget);
    }
    (!text.is_empty()).then_some(text)
}

/// A member that this process made. OpenTelemetry checks its key; its value is encoded; its properties
/// may be any text, and go along only where a header may have them.
fn encoded(key: &str, value: &str, metadata: &str) -> String {
    let mut member = format!("{key}=");
    encode(value, &mut member);
    let end = member.len();
    if !properties(metadata.split(';'), &mut member) {
        member.truncate(end);
        left_out(LeftOut::BaggageProperties);
    }
    member
}
