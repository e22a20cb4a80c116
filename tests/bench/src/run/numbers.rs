//! Statistics, and numbers as text.

pub(super) fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
        .get((sorted.len() as f64 * share) as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

pub(super) fn median(samples: &[f64]) -> f64 {
    quantile(samples, 0.5)
}

/// The differences, round by round.
pub(super) fn differences(of: &[f64], base: &[f64]) -> Vec<f64> {
    of.iter().zip(base).map(|(of, base)| of - base).collect()
}

/// Their median.
pub(super) fn paired(of: &[f64], base: &[f64]) -> f64 {
    median(&differences(of, base))
}

/// A whole number with a comma between thousands.
pub(super) fn whole(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let sign = if number < 0.0 && digits != "0" {
        "-"
    } else {
        ""
    };
    let mut out = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at != 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// With its sign.
pub(super) fn added(number: f64) -> String {
    let text = whole(number);
    if text.starts_with('-') {
        text
    } else {
        format!("+{text}")
    }
}
