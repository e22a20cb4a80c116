//! The families of a standard, at once.

use super::{a66, go_grpc_prometheus as go, otel};
use crate::{
    layer::{AttemptLayer, ClientLayer, ServerLayer},
    messages::Counted,
};

impl<M> ServerLayer<M> {
    /// Counts by OpenTelemetry's names: [`families::otel`](crate::families::otel).
    pub fn otel_metrics(self) -> Self {
        self.duration(otel::rpc_server_call_duration_seconds)
    }

    /// Counts by gRPC's own names: [`families::a66`](crate::families::a66).
    pub fn a66_metrics(self) -> ServerLayer<Counted> {
        self.started(a66::grpc_server_call_started_total)
            .duration(a66::grpc_server_call_duration_seconds)
            .sent_size(a66::grpc_server_call_sent_total_compressed_message_size_bytes)
            .received_size(a66::grpc_server_call_rcvd_total_compressed_message_size_bytes)
    }

    /// Counts by go-grpc-prometheus's names:
    /// [`families::go_grpc_prometheus`](crate::families::go_grpc_prometheus). Give the layer its
    /// [`methods`](Self::methods), which alone say the `grpc_type`.
    pub fn go_grpc_prometheus_metrics(self) -> ServerLayer<Counted> {
        self.started(go::grpc_server_started_total)
            .total(go::grpc_server_handled_total)
            .duration(go::grpc_server_handling_seconds)
            .messages_received(go::grpc_server_msg_received_total)
            .messages_sent(go::grpc_server_msg_sent_total)
    }
}

impl<M> ClientLayer<M> {
    /// Counts by OpenTelemetry's names: [`families::otel`](crate::families::otel).
    pub fn otel_metrics(self) -> Self {
        self.duration(otel::rpc_client_call_duration_seconds)
    }

    /// Counts by gRPC's own names: [`families::a66`](crate::families::a66). Those of attempts are an
    /// [`AttemptLayer`]'s, which belongs inside also where nothing retries.
    pub fn a66_metrics(self) -> Self {
        self.duration(a66::grpc_client_call_duration_seconds)
            .retries(a66::grpc_client_call_retries)
    }

    /// Counts by go-grpc-prometheus's names:
    /// [`families::go_grpc_prometheus`](crate::families::go_grpc_prometheus). Give the layer its
    /// [`methods`](Self::methods), which alone say the `grpc_type`.
    pub fn go_grpc_prometheus_metrics(self) -> ClientLayer<Counted> {
        self.started(go::grpc_client_started_total)
            .total(go::grpc_client_handled_total)
            .duration(go::grpc_client_handling_seconds)
            .messages_received(go::grpc_client_msg_received_total)
            .messages_sent(go::grpc_client_msg_sent_total)
    }
}

impl<M> AttemptLayer<M> {
    /// Counts attempts by gRPC's own names: [`families::a66`](crate::families::a66).
    pub fn a66_metrics(self) -> AttemptLayer<Counted> {
        self.started(a66::grpc_client_attempt_started_total)
            .duration(a66::grpc_client_attempt_duration_seconds)
            .sent_size(a66::grpc_client_attempt_sent_total_compressed_message_size_bytes)
            .received_size(a66::grpc_client_attempt_rcvd_total_compressed_message_size_bytes)
    }
}
