//! Outputs that fail.

use std::io::{self, ErrorKind, Write};

use throughline_log::{MemorySink, Writer};

use crate::{
    support::LONG,
    writer::{info, with_layer},
};

/// Answers each write as told, then takes everything.
struct Script {
    answers: Vec<Answer>,
    sink: MemorySink,
}

enum Answer {
    Takes(usize),
    Fails(ErrorKind),
    Panics,
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.answers.pop() {
            None => self.sink.write(bytes),
            Some(Answer::Takes(some)) => self.sink.write(&bytes[..some]),
            Some(Answer::Fails(kind)) => Err(kind.into()),
            Some(Answer::Panics) => panic!("an output that panics"),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lines "1", "2" and "3", each handed over when the one before is settled.
fn three_lines(answers: impl IntoIterator<Item = Answer>) -> (Vec<String>, [u64; 3]) {
    let sink = MemorySink::default();
    let mut answers: Vec<_> = answers.into_iter().collect();
    answers.reverse();
    let (writer, guard) = Writer::to(Script {
        answers,
        sink: sink.clone(),
    })
    .unwrap();
    with_layer(&writer, || {
        for i in 1..=3 {
            tracing::info!("{i}");
            guard.flush(LONG);
        }
    });
    let report = guard.shutdown(LONG);
    (
        sink.lines(),
        [report.written, report.dropped, report.unwritten],
    )
}

const NOTICE: &str = r#"{"level":"warn","message":"log lines dropped: 1 (1 info)"}"#;

#[test]
fn short_writes_and_a_busy_output_lose_nothing() {
    let answers = [
        Answer::Takes(5),
        Answer::Fails(ErrorKind::Interrupted),
        Answer::Takes(1),
        Answer::Fails(ErrorKind::WouldBlock),
    ];
    assert_eq!(
        three_lines(answers),
        (["1", "2", "3"].map(info).into(), [3, 0, 0])
    );
}

#[test]
fn a_broken_pipe_costs_its_lines_and_is_told_of() {
    let lines = vec![info("2"), NOTICE.into(), info("3")];
    assert_eq!(
        three_lines([Answer::Fails(ErrorKind::BrokenPipe)]),
        (lines, [3, 1, 0])
    );
}

#[test]
fn a_pipe_that_stays_broken_harms_nobody() {
    let answers = (0..9).map(|_| Answer::Fails(ErrorKind::BrokenPipe));
    assert_eq!(three_lines(answers), (vec![], [0, 3, 0]));
}

#[test]
fn an_output_that_panics_is_an_output_that_fails() {
    let lines = vec![info("2"), NOTICE.into(), info("3")];
    assert_eq!(three_lines([Answer::Panics]), (lines, [3, 1, 0]));
}

#[test]
fn a_torn_line_does_not_spoil_the_next() {
    let answers = [Answer::Takes(10), Answer::Fails(ErrorKind::Other)];
    let lines = vec![r#"{"level":""#.into(), info("2"), NOTICE.into(), info("3")];
    assert_eq!(three_lines(answers), (lines, [3, 1, 0]));
}

#[test]
fn an_output_that_cannot_flush_may_have_lost_the_lines() {
    struct Unflushed(MemorySink);
    impl Write for Unflushed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(ErrorKind::StorageFull.into())
        }
    }
    let (writer, guard) = Writer::to(Unflushed(MemorySink::default())).unwrap();
    with_layer(&writer, || tracing::info!("x"));
    let report = guard.shutdown(LONG);
    assert_eq!(
        (report.written, report.dropped, report.unwritten),
        (0, 1, 0)
    );
}
