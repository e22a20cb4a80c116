//! RFC 3339 in UTC, without a library for calendars.

use std::time::{Duration, SystemTime};

use crate::schema::Precision;

const DAY: u64 = 86_400;
/// The end of the year 9999: what comes after has no place in RFC 3339.
const END: u64 = 253_402_300_800;

/// Writes the time, without quotes. A clock that stands before 1970 is written as 1970.
pub(crate) fn write(out: &mut Vec<u8>, now: SystemTime, precision: Precision) {
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let since = since.min(Duration::new(END - 1, 999_999_999));
    let seconds = since.as_secs();
    let (year, month, day) = date(seconds / DAY);
    let of_day = seconds % DAY;
    digits(out, year, 4);
    for (mark, number) in [
        (b'-', month),
        (b'-', day),
        (b'T', of_day / 3_600),
        (b':', of_day / 60 % 60),
        (b':', of_day % 60),
    ] {
        out.push(mark);
        digits(out, number, 2);
    }
    out.push(b'.');
    match precision {
        Precision::Millis => digits(out, since.subsec_millis().into(), 3),
        Precision::Micros => digits(out, since.subsec_micros().into(), 6),
    }
    out.push(b'Z');
}

/// Year, month and day of a day since 1970, by Howard Hinnant's `civil_from_days`: years that begin
/// in March have their leap day at the end.
const fn date(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097; // days in 400 years
    let days = days + 719_468; // since 0000-03-01
    let of_era = days % ERA;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + days / ERA * 400 + (month <= 2) as u64;
    (year, month, day)
}

fn digits(out: &mut Vec<u8>, number: u64, width: u32) {
    for place in (0..width).rev() {
        out.push(b'0' + (number / 10_u64.pow(place) % 10) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64, nanos: u32, precision: Precision) -> String {
        let mut out = Vec::new();
        write(
            &mut out,
            SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos),
            precision,
        );
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn known_times_are_written_as_rfc_3339() {
        let cases = [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400, 0, "2000-02-29T00:00:00.000000Z"),
            (951_868_799, 999_999_999, "2000-02-29T23:59:59.999999Z"),
            (1_709_164_800, 1_000, "2024-02-29T00:00:00.000001Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000Z"),
            (END - 1, 0, "9999-12-31T23:59:59.000000Z"),
            (END, 0, "9999-12-31T23:59:59.999999Z"),
        ];
        for (seconds, nanos, expected) in cases {
            assert_eq!(at(seconds, nanos, Precision::Micros), expected);
        }
        assert_eq!(
            at(1, 23_999_999, Precision::Millis),
            "1970-01-01T00:00:01.023Z"
        );
    }

    #[test]
    fn a_clock_before_1970_is_no_panic() {
        let mut out = Vec::new();
        write(
            &mut out,
            SystemTime::UNIX_EPOCH - Duration::from_secs(5),
            Precision::Millis,
        );
        assert_eq!(out, b"1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut before = date(0);
        for day in 1..146_097 {
            let (year, month, of_month) = date(day);
            let next_day = (year, month, of_month) == (before.0, before.1, before.2 + 1);
            let next_month = (year, month, of_month) == (before.0, before.1 + 1, 1);
            let next_year = (year, month, of_month) == (before.0 + 1, 1, 1) && before.1 == 12;
            assert!(next_day || next_month || next_year, "day {day}: {before:?}");
            before = (year, month, of_month);
        }
        assert_eq!(before, (2369, 12, 31));
    }
}
