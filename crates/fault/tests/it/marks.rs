//! The mark on the wire.

use throughline_fault::FaultId;

use crate::support::told;

/// What one header of these values counts as, and what is read of it.
fn read(values: &[&[u8]]) -> (Option<String>, Vec<(String, u64)>) {
    let (id, _, counts) = told(|| FaultId::of_ours(values.iter().copied()));
    (id.map(|id| id.to_string()), counts)
}

fn counted(mark: &str) -> Vec<(String, u64)> {
    let series = format!("Key(throughline_fault_marks_total, [mark = {mark}])");
    vec![(series, 1)]
}

const ID: &[u8] = b"00f067aa0ba902b7";

#[test]
fn one_of_ours_is_honoured_and_counted() {
    let id = Some("00f067aa0ba902b7".to_owned());
    assert_eq!(read(&[ID]), (id, counted("honoured")));
    assert_eq!(read(&[]), (None, vec![]), "no mark is no event");
}

#[test]
fn what_is_malformed_or_repeated_is_no_mark_and_counted() {
    let long = vec![b'0'; 100_000];
    for values in [
        &[b"".as_slice()][..],
        &[b"1"],
        &[b"0000000000000000"],
        &[b"00F067AA0BA902B7"],
        &[b"+0f067aa0ba902b7"],
        &[b" 00f067aa0ba902b7"],
        &[b"00f067aa0ba902b7\n"],
        &[&[0xff; 16]],
        &[&long],
        &[ID, ID],
        &[b"", ID],
    ] {
        assert_eq!(read(values), (None, counted("malformed")), "{values:?}");
    }
}

#[test]
fn one_of_anybody_else_is_ignored_and_counted() {
    for values in [&[ID][..], &[b"forged"], &[ID, ID]] {
        let ((), lines, counts) = told(|| FaultId::of_others(values.iter().copied()));
        assert_eq!(counts, counted("ignored"));
        assert!(lines.is_empty(), "{lines:?}");
    }
    assert!(told(|| FaultId::of_others([])).2.is_empty());
}

#[test]
fn what_is_written_is_read() {
    for number in [1, 0x00f0_67aa_0ba9_02b7, u64::MAX] {
        let text = format!("{number:016x}");
        let id = FaultId::parse(text.as_bytes()).unwrap();
        assert_eq!((id.to_u64(), id.to_string()), (number, text.clone()));
        assert_eq!(format!("{id:?}"), format!("FaultId({text})"));
    }
}
