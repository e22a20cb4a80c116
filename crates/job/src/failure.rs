//! What a failed piece of work leaves on its span.

use std::{borrow::Cow, error::Error, fmt::Write, iter};

use opentelemetry::{Context, KeyValue, Value, trace::TraceContextExt};
use throughline_correlation::names_a_secret;

/// Links of a chain that are followed: an error may name itself as its source.
const MAX_DEPTH: usize = 16;
/// Bytes kept of a text.
const MAX_TEXT: usize = 1_024;
/// Variables kept.
const MAX_VARIABLES: usize = 16;

/// Writes an error on the span in scope: an event `exception` with its text, its chain of causes as
/// `exception.stacktrace`, and the variables that are named. Nothing is written, nor read from the error,
/// where the span is not recorded.
///
/// An error's text may hold what must not leave the process, so each text goes through `scrub` first, and
/// what it returns is cut at 1,024 bytes; of causes, and of variables, there are at most 16. A variable is
/// there because the caller names it; one whose name names a secret is left out.
///
/// ```
/// use std::borrow::Cow;
/// use throughline_job::record_error;
///
/// fn scrub(text: &str) -> Cow<'_, str> {
///     match text.split_once("token=") {
///         Some((before, _)) => Cow::Owned(format!("{before}token=…")),
///         None => Cow::Borrowed(text),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let render = async |_shots: i64| Err::<(), _>(std::io::Error::other("no fuel for token=4711"));
/// let shots = 1_000;
/// if let Err(error) = render(shots).await {
///     record_error(&error, scrub, [("shots", shots.into())]);
/// }
/// # }
/// ```
pub fn record_error<'v>(
    error: &(dyn Error + 'static),
    scrub: impl Fn(&str) -> Cow<'_, str>,
    variables: impl IntoIterator<Item = (&'v str, Value)>,
) {
    // A share of the context: what an error writes of itself is its own affair.
    let cx = Context::current();
    let span = cx.span();
    if !span.is_recording() {
        return;
    }
    let text = |error: &(dyn Error + 'static)| {
        let mut text = String::new();
        // An error whose `Display` fails is told as far as it got.
        let _ = write!(text, "{error}");
        capped(scrub(&text))
    };
    let causes = iter::successors(error.source(), |&link| link.source()).take(MAX_DEPTH);
    let mut chain = String::new();
    for cause in causes {
        let line_break = if chain.is_empty() { "" } else { "\n" };
        let _ = write!(chain, "{line_break}caused by: {}", text(cause));
    }
    let mut attributes = vec![KeyValue::new("exception.message", text(error))];
    if !chain.is_empty() {
        attributes.push(KeyValue::new("exception.stacktrace", chain));
    }
    let variables = variables
        .into_iter()
        .filter(|(name, _)| !names_a_secret(name))
        .take(MAX_VARIABLES)
        .map(|(name, value)| KeyValue::new(name.to_owned(), value));
    attributes.extend(variables);
    span.add_event("exception", attributes);
}

fn capped(text: Cow<'_, str>) -> String {
    let mut text = text.into_owned();
    let end = (0..=MAX_TEXT.min(text.len())).rev();
    let end = end.into_iter().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or(0));
    text
}
