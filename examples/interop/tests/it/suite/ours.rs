//! The cases as our client makes them, as the suite's specification says.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body::Body as HttpBody;
use interop::suite::rpc::{
    EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingOutputCallRequest, test_service_client::TestServiceClient,
    unimplemented_service_client::UnimplementedServiceClient,
};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{
    Code, Request, Status, body::Body, client::GrpcService, codegen::StdError,
    metadata::MetadataValue,
};

use super::cases::SOAK;

const REQUEST: usize = 271_828;
const RESPONSE: i32 = 314_159;
const SIZES: [(usize, i32); 4] = [(27_182, 31_415), (8, 9), (1_828, 2_653), (45_904, 58_979)];
const MESSAGE: &str = "test status message";
const SPECIAL: &str = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

fn payload(size: usize) -> Option<Payload> {
    Some(Payload {
        body: vec![0; size],
    })
}

/// A message that is answered with one of this size.
fn ping((size, answer): (usize, i32)) -> StreamingOutputCallRequest {
    StreamingOutputCallRequest {
        response_parameters: vec![ResponseParameters {
            size: answer,
            interval_us: 0,
        }],
        payload: payload(size),
        response_status: None,
    }
}

fn unknown(message: &str) -> Option<EchoStatus> {
    Some(EchoStatus {
        code: Code::Unknown as i32,
        message: message.to_owned(),
    })
}

fn large() -> SimpleRequest {
    SimpleRequest {
        response_size: RESPONSE,
        payload: payload(REQUEST),
        ..SimpleRequest::default()
    }
}

fn size(response: &SimpleResponse) -> usize {
    response
        .payload
        .as_ref()
        .map_or(0, |payload| payload.body.len())
}

/// Makes one case's calls over channels that `connect` gives.
pub(crate) async fn run<C>(case: &str, connect: impl Fn() -> C)
where
    C: GrpcService<Body> + Clone,
    C::Error: Into<StdError>,
    C::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <C::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    let channel = connect();
    let mut client = TestServiceClient::new(channel.clone());
    match case {
        "empty_unary" => assert_eq!(
            client.empty_call(Empty {}).await.unwrap().into_inner(),
            Empty {}
        ),
        "large_unary" => {
            let response = client.unary_call(large()).await.unwrap().into_inner();
            assert_eq!(size(&response), RESPONSE as usize);
        }
        "client_streaming" => {
            let messages = SIZES.map(|(size, _)| StreamingInputCallRequest {
                payload: payload(size),
            });
            let sum = client.streaming_input_call(stream::iter(messages)).await;
            assert_eq!(sum.unwrap().into_inner().aggregated_payload_size, 74_922);
        }
        "server_streaming" => {
            let asked = StreamingOutputCallRequest {
                response_parameters: SIZES
                    .map(|(_, size)| ResponseParameters {
                        size,
                        interval_us: 0,
                    })
                    .to_vec(),
                ..StreamingOutputCallRequest::default()
            };
            let answers = client
                .streaming_output_call(asked)
                .await
                .unwrap()
                .into_inner();
            let sizes: Vec<_> = answers
                .map(|answer| answer.unwrap().payload.unwrap().body.len() as i32)
                .collect()
                .await;
            assert_eq!(sizes, SIZES.map(|(_, size)| size));
        }
        "ping_pong" => ping_pong(&mut client).await,
        "empty_stream" => {
            let answers = client.full_duplex_call(stream::iter([])).await.unwrap();
            assert_eq!(answers.into_inner().count().await, 0);
        }
        "timeout_on_sleeping_server" => {
            let messages = stream::iter([ping((27_182, 0))]).chain(stream::pending());
            let mut request = Request::new(messages);
            request.set_timeout(Duration::from_millis(1));
            let status = ended(client.full_duplex_call(request).await).await;
            // tonic's own timer says CANCELLED, grpc-go's DEADLINE_EXCEEDED.
            let code = status.unwrap_err().code();
            assert!(
                matches!(code, Code::Cancelled | Code::DeadlineExceeded),
                "{code:?}"
            );
        }
        "cancel_after_begin" => {
            let call = client.streaming_input_call(stream::pending());
            // Until the metadata have been sent; then it is dropped.
            let mut call = std::pin::pin!(call);
            for _ in 0..100 {
                assert!(futures_util::poll!(call.as_mut()).is_pending());
                tokio::task::yield_now().await;
            }
        }
        "cancel_after_first_response" => {
            let messages = stream::iter([ping(SIZES[0])]).chain(stream::pending());
            let mut answers = client
                .full_duplex_call(messages)
                .await
                .unwrap()
                .into_inner();
            answers.message().await.unwrap().unwrap();
        }
        "status_code_and_message" => {
            let asked = SimpleRequest {
                response_status: unknown(MESSAGE),
                ..SimpleRequest::default()
            };
            let status = client.unary_call(asked).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::Unknown, MESSAGE));
            let asked = StreamingOutputCallRequest {
                response_status: unknown(MESSAGE),
                ..StreamingOutputCallRequest::default()
            };
            let status = ended(client.full_duplex_call(stream::iter([asked])).await).await;
            let status = status.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::Unknown, MESSAGE));
        }
        "special_status_message" => {
            let asked = SimpleRequest {
                response_status: unknown(SPECIAL),
                ..SimpleRequest::default()
            };
            let status = client.unary_call(asked).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::Unknown, SPECIAL));
        }
        "custom_metadata" => custom_metadata(&mut client).await,
        "unimplemented_method" => {
            let status = client.unimplemented_call(Empty {}).await.unwrap_err();
            assert_eq!(status.code(), Code::Unimplemented);
        }
        "unimplemented_service" => {
            let mut nobody = UnimplementedServiceClient::new(channel);
            let status = nobody.unimplemented_call(Empty {}).await.unwrap_err();
            assert_eq!(status.code(), Code::Unimplemented);
        }
        "rpc_soak" | "channel_soak" => {
            for _ in 0..SOAK {
                if case == "channel_soak" {
                    client = TestServiceClient::new(connect());
                }
                let response = client.unary_call(large()).await.unwrap().into_inner();
                assert_eq!(size(&response), RESPONSE as usize);
            }
        }
        unknown => panic!("no case {unknown}"),
    }
}

/// How a stream ends.
async fn ended<T>(
    answers: Result<tonic::Response<tonic::Streaming<T>>, Status>,
) -> Result<(), Status> {
    let mut answers = answers?.into_inner();
    while answers.message().await?.is_some() {}
    Ok(())
}

async fn ping_pong<C>(client: &mut TestServiceClient<C>)
where
    C: GrpcService<Body>,
    C::Error: Into<StdError>,
    C::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <C::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    let (send, messages) = mpsc::unbounded_channel();
    send.send(ping(SIZES[0])).unwrap();
    let answers = client.full_duplex_call(UnboundedReceiverStream::new(messages));
    let mut answers = answers.await.unwrap().into_inner();
    for (number, (_, size)) in SIZES.into_iter().enumerate() {
        let answer = answers.message().await.unwrap().unwrap();
        assert_eq!(answer.payload.unwrap().body.len(), size as usize);
        if let Some(next) = SIZES.get(number + 1) {
            send.send(ping(*next)).unwrap();
        }
    }
    drop(send);
    assert_eq!(answers.message().await.unwrap(), None);
}

async fn custom_metadata<C>(client: &mut TestServiceClient<C>)
where
    C: GrpcService<Body>,
    C::Error: Into<StdError>,
    C::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <C::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    const INITIAL: &str = "x-grpc-test-echo-initial";
    const TRAILING: &str = "x-grpc-test-echo-trailing-bin";
    let value = "test_initial_metadata_value";
    let bytes = MetadataValue::from_bytes(&[0xab, 0xab, 0xab]);
    fn with<T>(
        message: T,
        value: &str,
        bytes: &MetadataValue<tonic::metadata::Binary>,
    ) -> Request<T> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        metadata.insert(INITIAL, value.parse().unwrap());
        metadata.insert_bin(TRAILING, bytes.clone());
        request
    }

    let response = client
        .unary_call(with(large(), value, &bytes))
        .await
        .unwrap();
    // tonic puts the trailers of a unary call beside its head.
    assert_eq!(response.metadata().get(INITIAL).unwrap(), value);
    assert_eq!(response.metadata().get_bin(TRAILING), Some(&bytes));

    let messages = stream::iter([ping(SIZES[0])]);
    let response = client
        .full_duplex_call(with(messages, value, &bytes))
        .await
        .unwrap();
    assert_eq!(response.metadata().get(INITIAL).unwrap(), value);
    let mut answers = response.into_inner();
    while answers.message().await.unwrap().is_some() {}
    let trailers = answers.trailers().await.unwrap().unwrap();
    assert_eq!(trailers.get_bin(TRAILING), Some(&bytes));
}
