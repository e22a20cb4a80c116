//! The table of the README: which case passes, with our layers and without.

/// What the README says of a case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Says {
    /// It passes.
    Passes,
    /// Stock tonic fails it.
    Fails,
    /// There is no such case on this side.
    None,
}

fn says(cell: &str) -> Says {
    match cell.split_whitespace().next() {
        Some("passes") => Says::Passes,
        Some("fails") => Says::Fails,
        Some("–") => Says::None,
        _ => panic!("{cell:?}: passes, fails or –"),
    }
}

/// Each case, with what is said of it when grpc-go calls, and when we do.
pub(crate) fn read() -> Vec<(&'static str, Says, Says)> {
    let readme = include_str!("../../../README.md");
    let head = "| case | grpc-go calls tonic | tonic calls grpc-go |";
    let (_, table) = readme.split_once(head).expect("the table is there");
    let rows = table.trim_start().lines().skip(1);
    rows.take_while(|row| row.starts_with('|'))
        .map(|row| {
            let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [case, to_us, from_us] = cells[..] else {
                panic!("three cells: {row}");
            };
            (case.trim_matches('`'), says(to_us), says(from_us))
        })
        .collect()
}
