//! The server's side: what is taken from a caller, what is made, what is said back.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use throughline_correlation::{
    CorrelationId, Ids, JobId, Key, RequestId, RequestIdLayer, SessionId,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

/// What the inner service saw.
struct Seen {
    headers: HeaderMap,
    extension: Option<RequestId>,
    in_call: Ids,
    in_future: Ids,
}

/// Sends one request through the layer and says what was seen inside and what came out.
fn through<G>(layer: RequestIdLayer<G>, headers: HeaderMap) -> (Seen, HeaderMap)
where
    G: Fn() -> RequestId + Clone,
{
    let service = ServiceBuilder::new()
        .layer(layer)
        .service(service_fn(|request: Request<()>| {
            let in_call = Ids::current();
            async move {
                let seen = Seen {
                    headers: request.headers().clone(),
                    extension: request.extensions().get().cloned(),
                    in_call,
                    in_future: Ids::current(),
                };
                Ok::<_, Infallible>(Response::new(seen))
            }
        }));
    let mut request = Request::new(());
    *request.headers_mut() = headers;
    let response = service.oneshot(request).now_or_never().unwrap().unwrap();
    assert!(Ids::current().is_empty(), "the scope ends with the request");
    let (head, seen) = response.into_parts();
    (seen, head.headers)
}

fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                http::HeaderName::from_static(name),
                HeaderValue::from_bytes(value).unwrap(),
            )
        })
        .collect()
}

/// What was counted while `f` ran: key, then how often.
fn counted(f: impl FnOnce()) -> Vec<(String, u64)> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, f);
    let mut counts: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| match value {
            DebugValue::Counter(n) => (key.key().to_string(), n),
            other => panic!("{key:?} is {other:?}"),
        })
        .collect();
    counts.sort();
    counts
}

fn refused(kind: &str, reason: &str, n: u64) -> (String, u64) {
    let key = format!("Key(throughline_ids_rejected_total, [kind = {kind}, reason = {reason}])");
    (key, n)
}

/// The id is the same wherever the inner service looks, and on the response.
fn assert_one_id(seen: &Seen, answered: &HeaderMap) -> RequestId {
    let id = seen.extension.clone().unwrap();
    assert_eq!(
        seen.headers
            .get_all("x-request-id")
            .iter()
            .collect::<Vec<_>>(),
        [id.as_str()]
    );
    assert_eq!(
        answered.get_all("x-request-id").iter().collect::<Vec<_>>(),
        [id.as_str()]
    );
    assert_eq!(seen.in_call.get(), Some(id.clone()));
    assert_eq!(seen.in_future.get(), Some(id.clone()));
    id
}

#[test]
fn a_valid_id_is_kept() {
    let counts = counted(|| {
        let (seen, answered) = through(RequestIdLayer::new(), headers(&[("x-request-id", b"r-1")]));
        assert_eq!(assert_one_id(&seen, &answered).as_str(), "r-1");
    });
    assert_eq!(counts, []);
}

#[test]
fn a_missing_id_is_made_and_nothing_is_counted() {
    let counts = counted(|| {
        let (seen, answered) = through(RequestIdLayer::new(), HeaderMap::new());
        let first = assert_one_id(&seen, &answered);
        let (seen, answered) = through(RequestIdLayer::new(), HeaderMap::new());
        assert_ne!(assert_one_id(&seen, &answered), first);
    });
    assert_eq!(counts, []);
}

#[test]
fn a_hostile_id_is_replaced_counted_and_never_echoed() {
    let long = vec![b'a'; 10_000];
    let cases: [(&[u8], &str); 10] = [
        (b"", "empty"),
        (&long, "too_long"),
        (b"\x80\xff\xfe", "bad_character"),
        ("\u{2028}id".as_bytes(), "bad_character"),
        (b"a\tb", "bad_character"),
        (b"a b", "bad_character"),
        (b"   ", "bad_character"),
        (b"a,b", "bad_character"),
        (b"${jndi:ldap://x}", "bad_character"),
        (b"<script>", "bad_character"),
    ];
    for (hostile, reason) in cases {
        let counts = counted(|| {
            let sent = headers(&[("x-request-id", hostile)]);
            let (seen, answered) = through(RequestIdLayer::new(), sent);
            let id = assert_one_id(&seen, &answered);
            assert_eq!(id.as_str().len(), 36, "a new one");
            let everything = seen.headers.values().chain(answered.values());
            for value in everything {
                assert_ne!(value.as_bytes(), hostile);
            }
        });
        assert_eq!(counts, [refused("request_id", reason, 1)], "{hostile:?}");
    }
}

#[test]
fn two_ids_are_none() {
    let counts = counted(|| {
        let sent = headers(&[("x-request-id", b"r-1"), ("x-request-id", b"r-2")]);
        let (seen, answered) = through(RequestIdLayer::new(), sent);
        let id = assert_one_id(&seen, &answered);
        assert!(!["r-1", "r-2"].contains(&id.as_str()));
    });
    assert_eq!(counts, [refused("request_id", "repeated", 1)]);
}

#[test]
fn other_ids_are_taken_only_where_accepted() {
    let sent = headers(&[
        ("x-correlation-id", b"c-1"),
        ("x-session-id", b"s-1"),
        ("x-job-id", b"j-1"),
        ("x-tenant-id", b"other tenant"),
    ]);
    let counts = counted(|| {
        let (seen, _) = through(RequestIdLayer::new(), sent.clone());
        assert_eq!(seen.in_future.iter().count(), 1, "{:?}", seen.in_future);

        let some = RequestIdLayer::new().accept([Key::Correlation, Key::Session, Key::Message]);
        let (seen, answered) = through(some, sent.clone());
        assert_eq!(
            seen.in_future.get(),
            Some(CorrelationId::parse("c-1").unwrap())
        );
        assert_eq!(seen.in_future.get(), Some(SessionId::parse("s-1").unwrap()));
        assert_eq!(seen.in_future.get::<JobId>(), None);
        assert_eq!(seen.in_future.iter().count(), 3);
        assert_eq!(answered.len(), 1, "only the request id is answered");
    });
    assert_eq!(counts, [], "what is not asked for is not looked at");
}

#[test]
fn an_accepted_id_that_is_invalid_or_repeated_is_counted_and_left_out() {
    let layer = RequestIdLayer::new().accept(Key::ALL);
    let counts = counted(|| {
        let sent = headers(&[
            ("x-job-id", b"j-1"),
            ("x-job-id", b"j-2"),
            ("x-tenant-id", b"no tenant"),
            ("x-session-id", b""),
            ("x-message-id", b"m-1"),
        ]);
        let (seen, _) = through(layer, sent);
        let kinds: Vec<_> = seen.in_future.iter().map(|(key, _)| key).collect();
        assert_eq!(kinds, [Key::Request, Key::Message]);
    });
    assert_eq!(
        counts,
        [
            refused("job_id", "repeated", 1),
            refused("session_id", "empty", 1),
            refused("tenant_id", "bad_character", 1),
        ]
    );
}

#[test]
fn accepting_the_request_id_changes_nothing() {
    let layer = RequestIdLayer::new().accept([Key::Request]);
    let (seen, answered) = through(layer, headers(&[("x-request-id", b"r-1")]));
    assert_eq!(assert_one_id(&seen, &answered).as_str(), "r-1");
}

#[test]
fn what_an_outer_scope_has_stays_in_scope() {
    let outer = Ids::empty()
        .with(&JobId::parse("j-outer").unwrap())
        .with(&RequestId::parse("r-outer").unwrap());
    let service = RequestIdLayer::new().layer(service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Ids::current()))
    }));
    let mut request = Request::new(());
    request
        .headers_mut()
        .insert("x-request-id", HeaderValue::from_static("r-1"));
    let seen = outer.run(|| {
        service
            .oneshot(request)
            .now_or_never()
            .unwrap()
            .unwrap()
            .into_body()
    });
    assert_eq!(seen.text(Key::Job), Some("j-outer"));
    assert_eq!(seen.text(Key::Request), Some("r-1"));
}

#[test]
fn a_layer_inside_another_agrees_with_it() {
    let service = ServiceBuilder::new()
        .layer(RequestIdLayer::new())
        .layer(RequestIdLayer::new())
        .service(service_fn(|_: Request<()>| async {
            Ok::<_, Infallible>(Response::new(Ids::current_id::<RequestId>().unwrap()))
        }));
    let response = service
        .oneshot(Request::new(()))
        .now_or_never()
        .unwrap()
        .unwrap();
    assert_eq!(response.headers()["x-request-id"], response.body().as_str());
}

#[test]
fn a_response_of_any_status_carries_the_id_and_no_other() {
    for status in [200, 204, 304, 404, 429, 500, 503] {
        let service = RequestIdLayer::new().layer(service_fn(move |_: Request<()>| async move {
            let response = Response::builder()
                .status(StatusCode::from_u16(status).unwrap())
                .header("x-request-id", "of the handler")
                .header("x-request-id", "and another");
            Ok::<_, Infallible>(response.body(()).unwrap())
        }));
        let request = Request::builder()
            .header("x-request-id", "r-1")
            .body(())
            .unwrap();
        let response = service.oneshot(request).now_or_never().unwrap().unwrap();
        assert_eq!(response.status(), status);
        let ids: Vec<_> = response.headers().get_all("x-request-id").iter().collect();
        assert_eq!(ids, ["r-1"]);
    }
}

#[test]
fn an_error_passes_as_it_is() {
    #[derive(Debug, PartialEq)]
    struct Refused(u8);
    let service = RequestIdLayer::new().layer(service_fn(|_: Request<()>| async {
        Err::<Response<()>, _>(Refused(7))
    }));
    let outcome = service.oneshot(Request::new(())).now_or_never().unwrap();
    assert_eq!(outcome.unwrap_err(), Refused(7));
}

#[test]
fn readiness_is_the_inner_services() {
    struct Busy(u8);
    impl Service<Request<()>> for Busy {
        type Response = Response<()>;
        type Error = &'static str;
        type Future = Ready<Result<Response<()>, &'static str>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            self.0 += 1;
            match self.0 {
                1 => Poll::Pending,
                2 => Poll::Ready(Ok(())),
                _ => Poll::Ready(Err("closed")),
            }
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            ready(Ok(Response::new(())))
        }
    }
    let mut service = RequestIdLayer::new().layer(Busy(0));
    let cx = &mut Context::from_waker(futures_util::task::noop_waker_ref());
    assert_eq!(service.poll_ready(cx), Poll::Pending);
    assert_eq!(service.poll_ready(cx), Poll::Ready(Ok(())));
    assert_eq!(service.poll_ready(cx), Poll::Ready(Err("closed")));
    assert_eq!(service.get_ref().0, 3);
    service.get_mut().0 = 0;
    assert_eq!(service.into_inner().0, 0);
}

#[test]
fn a_handler_that_is_dropped_unfinished_leaves_no_scope() {
    let service = RequestIdLayer::new().layer(service_fn(|_: Request<()>| {
        std::future::pending::<Result<Response<()>, ()>>()
    }));
    assert!(service.oneshot(Request::new(())).now_or_never().is_none());
    assert!(Ids::current().is_empty());
}

#[test]
fn the_service_is_as_cloneable_as_the_inner_one() {
    #[derive(Clone)]
    struct NotCopy(#[expect(dead_code, reason = "it only has to be there")] String);
    let service = RequestIdLayer::new().layer(NotCopy("inner".to_owned()));
    drop((service.clone(), service));
}
