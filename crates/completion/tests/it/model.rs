//! What an observer ought to be told, read off the script without running it.

use throughline_completion::{Next, Point};

use crate::script::{Case, Outcome, ScriptError, Step, Wait, size, trailers};
use crate::witness::{How, Told};

pub(crate) fn expected(case: &Case) -> Told {
    let without_head = |how| Told {
        how,
        heads: 0,
        bytes: 0,
    };

    if case.call_panics {
        return without_head(How::Panicked(Point::Call));
    }
    // A future is dropped before its head is told, be it ready or not.
    if case.drop_panics == Some(Point::Future) {
        return without_head(How::Panicked(Point::Future));
    }
    let polled = case.waits.len().min(case.polls);
    if case.polls <= case.waits.len() {
        return without_head(match case.waits[..polled].last() {
            Some(Wait::Panic) => How::Panicked(Point::Future),
            Some(Wait::Pending) | None => How::Dropped(Point::Future),
        });
    }
    let Outcome::Head(next, steps) = &case.outcome else {
        return without_head(How::Failed(Point::Future, ScriptError(polled)));
    };

    if *next == Next::End {
        return Told {
            how: How::Head,
            heads: 1,
            bytes: 0,
        };
    }
    let polls = case.polls - case.waits.len() - 1;
    let (needed, end) = end_of(steps);
    let how = if needed <= polls {
        end
    } else if steps[..polls].last() == Some(&Step::Panic) || case.drop_panics == Some(Point::Body) {
        How::Panicked(Point::Body)
    } else if case.asks && steps.get(polls) == Some(&Step::AtEnd) {
        How::End
    } else {
        How::Dropped(Point::Body)
    };
    let bytes = (0..needed.min(polls))
        .filter(|&at| steps.get(at) == Some(&Step::Data))
        .map(size);
    Told {
        how,
        heads: 1,
        bytes: bytes.sum(),
    }
}

/// How a body ends that is read on, and after how many polls that is known.
fn end_of(steps: &[Step]) -> (usize, How) {
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Pending | Step::Data | Step::Panic => {}
            Step::Trailers => return (at + 1, How::Trailers(trailers(at))),
            Step::Error => return (at + 1, How::Failed(Point::Body, ScriptError(at))),
            Step::End => return (at + 1, How::End),
            // Known with the head or with the frame before it, otherwise at the next poll.
            Step::AtEnd if at == 0 || steps[at - 1] == Step::Data => return (at, How::End),
            Step::AtEnd => return (at + 1, How::End),
        }
    }
    (steps.len() + 1, How::End)
}
