//! The handlers, the same with our layers and without.

use std::time::Duration;

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tonic::{Code, Request, Response, Status, Streaming};

use super::rpc::{
    EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest,
    StreamingOutputCallResponse, test_service_server::TestService,
};

/// A larger answer is refused, in bytes.
const LARGEST: i32 = 4 << 20;

/// Who it is that answers, for a client that wants to know whether it is always the same.
const ID: &str = "throughline-interop";

/// Answers as the suite's specification says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Suite;

type Answers = BoxStream<'static, Result<StreamingOutputCallResponse, Status>>;

/// The status that is asked for, unless it is OK.
fn status(asked: Option<EchoStatus>) -> Result<(), Status> {
    match asked {
        Some(EchoStatus { code, message }) if code != 0 => {
            Err(Status::new(Code::from_i32(code), message))
        }
        _ => Ok(()),
    }
}

fn payload(size: i32) -> Result<Payload, Status> {
    match usize::try_from(size) {
        Ok(bytes) if size <= LARGEST => Ok(Payload {
            body: vec![0; bytes],
        }),
        _ => Err(Status::invalid_argument(format!(
            "a payload of {size} bytes: at least 0 and at most {LARGEST}"
        ))),
    }
}

/// One answer of this size, after a pause if one is asked for.
async fn answer(asked: ResponseParameters) -> Result<StreamingOutputCallResponse, Status> {
    if let Ok(pause @ 1..) = u64::try_from(asked.interval_us) {
        tokio::time::sleep(Duration::from_micros(pause)).await;
    }
    let payload = Some(payload(asked.size)?);
    Ok(StreamingOutputCallResponse { payload })
}

#[tonic::async_trait]
impl TestService for Suite {
    type StreamingOutputCallStream = Answers;
    type FullDuplexCallStream = Answers;

    async fn empty_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Response::new(Empty {}))
    }

    async fn unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        let asked = request.into_inner();
        status(asked.response_status)?;
        Ok(Response::new(SimpleResponse {
            payload: Some(payload(asked.response_size)?),
            server_id: if asked.fill_server_id { ID } else { "" }.to_owned(),
        }))
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Answers>, Status> {
        let asked = request.into_inner();
        status(asked.response_status)?;
        let answers = stream::iter(asked.response_parameters).then(answer);
        Ok(Response::new(answers.boxed()))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let mut messages = request.into_inner();
        let mut sum = 0_usize;
        while let Some(message) = messages.message().await? {
            sum += message.payload.map_or(0, |payload| payload.body.len());
        }
        let aggregated_payload_size = i32::try_from(sum)
            .map_err(|_| Status::out_of_range(format!("{sum} bytes are too many to tell")))?;
        Ok(Response::new(StreamingInputCallResponse {
            aggregated_payload_size,
        }))
    }

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Answers>, Status> {
        // Each message's answers go out before the next is read.
        let answers = request.into_inner().flat_map(|message| {
            let asked = message.and_then(|asked| {
                status(asked.response_status)?;
                Ok(asked.response_parameters)
            });
            match asked {
                Ok(asked) => stream::iter(asked).then(answer).boxed(),
                Err(status) => stream::iter([Err(status)]).boxed(),
            }
        });
        Ok(Response::new(answers.boxed()))
    }

    async fn unimplemented_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented("no server has it"))
    }
}
