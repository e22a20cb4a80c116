//! `grpc-timeout`, and whether a call that was dropped had passed it.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

// A name that is made once is found without being parsed.
static GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// How long the caller gives the call, from its start.
///
/// None if it says nothing, or something that is no time-out: 1 to 8 digits and a unit.
pub(crate) fn read(headers: &HeaderMap) -> Option<Duration> {
    parse(super::find(headers, &GRPC_TIMEOUT)?.as_bytes())
}

fn parse(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits
        .iter()
        .fold(0, |sum: u64, digit| sum * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(amount * 3600),
        b'M' => Duration::from_secs(amount * 60),
        b'S' => Duration::from_secs(amount),
        b'm' => Duration::from_millis(amount),
        b'u' => Duration::from_micros(amount),
        b'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// Whether a call that was dropped after `elapsed` was dropped for its deadline.
///
/// With slack: clients round what they send, send what is left, and reset the call themselves a
/// moment before the server's timer.
pub(crate) fn passed(deadline: Duration, elapsed: Duration) -> bool {
    let slack = Duration::from_millis(10).max(deadline / 20);
    deadline.saturating_sub(slack) <= elapsed
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse, passed};

    #[test]
    fn a_time_out_is_digits_and_a_unit() {
        for (text, expected) in [
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("3S", Some(Duration::from_secs(3))),
            ("101m", Some(Duration::from_millis(101))),
            ("100000u", Some(Duration::from_millis(100))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("0m", Some(Duration::ZERO)),
            ("99999999H", Some(Duration::from_secs(99_999_999 * 3600))),
            ("100000000n", None),
            ("", None),
            ("m", None),
            ("1", None),
            ("-1m", None),
            ("1 m", None),
            ("1s", None),
            ("1mm", None),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_deadline_has_slack() {
        let ms = Duration::from_millis;
        for (deadline, elapsed, expected) in [
            (99, 98, true),
            (100, 90, true),
            (100, 89, false),
            (1_000, 950, true),
            (1_000, 949, false),
            (5, 0, true),
            (100, 5_000, true),
        ] {
            assert_eq!(
                passed(ms(deadline), ms(elapsed)),
                expected,
                "{elapsed} of {deadline}"
            );
        }
    }
}
