//! The operation of a driver, in one line.

use std::future::Future;

use throughline_catalog::{Counter, Family, Histogram, Label, Labels};

use super::Operation;

/// Runs one operation of a driver, a store or any other thing that answers: in a span
/// `{operation} {target}`, counted in `total` by whether it succeeded, its time, in seconds, in
/// `duration`.
///
/// It is counted once however it ends; one whose future was dropped did not succeed.
///
/// # Errors
/// Whatever the work returns; an `Err` marks the span as failed.
///
/// ```
/// use throughline_catalog::{catalog, label};
/// use throughline_job::operation;
///
/// label! { pub enum Store { Users = "users" } }
/// label! { pub enum Op { Get = "get", Put = "put" } }
///
/// catalog! { pub mod stores, budget 100;
///     /// Requests to a store.
///     counter store_requests_total { store: Store, op: Op, success: bool };
///     /// Time of a request to a store.
///     histogram store_request_duration_seconds { store: Store, op: Op } buckets [0.001, 0.01, 0.1];
/// }
/// const STORE: (stores::store_requests_total, stores::store_request_duration_seconds) =
///     (stores::store_requests_total, stores::store_request_duration_seconds);
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let user = operation(STORE, (Store::Users, Op::Get), async { Ok::<_, std::io::Error>("ada") });
/// assert_eq!(user.await.unwrap(), "ada");
/// # }
/// ```
pub async fn operation<C, H, D, O, T, E>(
    (total, duration): (C, H),
    (target, op): (D, O),
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E>
where
    C: Family<Handle = Counter, Labels = (D, O, bool)>,
    H: Family<Handle = Histogram, Labels = (D, O)>,
    D: Label,
    O: Label,
    (D, O, bool): Labels,
    (D, O): Labels,
{
    let (name, on) = (O::text(op.index()), D::text(target.index()));
    let operation = Operation::new(name, on)
        .total(total, |ending| (target, op, ending.is_ok()))
        .duration(duration, |_| (target, op));
    operation.run(work).await
}
