//! Families under names that dashboards know already, for those who have some: OpenTelemetry's,
//! gRPC's own, and go-grpc-prometheus's. Each catalogue says the buckets that belong to them.
//!
//! ```
//! use throughline_grpc::families;
//!
//! // For an exporter that has to be told.
//! let family = families::otel::CATALOGUE.family("rpc_server_call_duration_seconds");
//! assert_eq!(family.expect("it is there").buckets().map(<[f64]>::len), Some(14));
//! ```

mod presets;

use throughline_catalog::catalog;

use crate::{
    code::Code,
    labels::{
        A66Method, CallType, GoCode, Method, MethodName, ServerAddress, Service, System, Target,
    },
};

catalog! {
    /// OpenTelemetry's RPC conventions, as its exporters for Prometheus spell them.
    ///
    /// There is no `error_type`: it would be the status once more.
    pub mod otel, budget 6_000_000;
    /// Duration of calls that a server answered.
    histogram rpc_server_call_duration_seconds {
        rpc_system_name: System,
        rpc_method: Method,
        rpc_response_status_code: Code,
    } buckets [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
    /// Duration of calls that a client made.
    histogram rpc_client_call_duration_seconds {
        rpc_system_name: System,
        rpc_method: Method,
        rpc_response_status_code: Code,
        server_address: ServerAddress,
    } buckets [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
}

catalog! {
    /// gRPC's own metrics (gRFC A66), as its exporters for Prometheus spell them. Sizes are those on
    /// the wire: compressed, without framing.
    pub mod a66, budget 60_000_000;
    /// Calls that a server began to answer.
    counter grpc_server_call_started_total { grpc_method: A66Method };
    /// Time from a call's head to its status, at the server.
    histogram grpc_server_call_duration_seconds { grpc_method: A66Method, grpc_status: Code } buckets [
        0.0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004,
        0.005, 0.006, 0.008, 0.01, 0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065,
        0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 2.0, 5.0, 10.0,
        20.0, 50.0, 100.0,
    ];
    /// Bytes of messages that a call sent, at the server.
    histogram grpc_server_call_sent_total_compressed_message_size_bytes { grpc_method: A66Method, grpc_status: Code } buckets [
        0.0, 1024.0, 2048.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0,
        16777216.0, 67108864.0, 268435456.0, 1073741824.0, 4294967296.0,
    ];
    /// Bytes of messages that a call received, at the server.
    histogram grpc_server_call_rcvd_total_compressed_message_size_bytes { grpc_method: A66Method, grpc_status: Code } buckets [
        0.0, 1024.0, 2048.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0,
        16777216.0, 67108864.0, 268435456.0, 1073741824.0, 4294967296.0,
    ];
    /// Time of a call at the client, with all its attempts.
    histogram grpc_client_call_duration_seconds { grpc_method: A66Method, grpc_target: Target, grpc_status: Code } buckets [
        0.0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004,
        0.005, 0.006, 0.008, 0.01, 0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065,
        0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 2.0, 5.0, 10.0,
        20.0, 50.0, 100.0,
    ];
    /// Attempts of a call after its first.
    histogram grpc_client_call_retries { grpc_method: A66Method, grpc_target: Target } buckets [
        1.0, 2.0, 3.0, 4.0, 5.0,
    ]
    dictated "gRFC A96";
    /// Attempts that a client began.
    counter grpc_client_attempt_started_total { grpc_method: A66Method, grpc_target: Target };
    /// Time of an attempt at the client.
    histogram grpc_client_attempt_duration_seconds { grpc_method: A66Method, grpc_target: Target, grpc_status: Code } buckets [
        0.0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004,
        0.005, 0.006, 0.008, 0.01, 0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065,
        0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 2.0, 5.0, 10.0,
        20.0, 50.0, 100.0,
    ];
    /// Bytes of messages that an attempt sent.
    histogram grpc_client_attempt_sent_total_compressed_message_size_bytes { grpc_method: A66Method, grpc_target: Target, grpc_status: Code } buckets [
        0.0, 1024.0, 2048.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0,
        16777216.0, 67108864.0, 268435456.0, 1073741824.0, 4294967296.0,
    ];
    /// Bytes of messages that an attempt received.
    histogram grpc_client_attempt_rcvd_total_compressed_message_size_bytes { grpc_method: A66Method, grpc_target: Target, grpc_status: Code } buckets [
        0.0, 1024.0, 2048.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0,
        16777216.0, 67108864.0, 268435456.0, 1073741824.0, 4294967296.0,
    ];
}

catalog! {
    /// The names of go-grpc-prometheus and its successor in go-grpc-middleware.
    pub mod go_grpc_prometheus, budget 4_000_000;
    /// Calls that the server began to answer.
    counter grpc_server_started_total {
        grpc_type: CallType,
        grpc_service: Service,
        grpc_method: MethodName,
    };
    /// Calls that ended at the server, whatever their status.
    counter grpc_server_handled_total {
        grpc_type: CallType,
        grpc_service: Service,
        grpc_method: MethodName,
        grpc_code: GoCode,
    };
    /// Messages that the server received.
    counter grpc_server_msg_received_total {
        grpc_type: CallType,
        grpc_service: Service,
        grpc_method: MethodName,
    };
    /// Messages that the server sent.
    counter grpc_server_msg_sent_total {
        grpc_type: CallType,
        grpc_service: Service,
        grpc_method: MethodName,
    };
    /// Time of a call at the server, to its status.
    histogram grpc_server_handling_seconds {
        grpc_type: CallType,
        grpc_service: Service,
        grpc_method: MethodName,
    } buckets [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    /// Calls that the client began to make.
    counter grpc_client_started_total {
        grpc_type: CallType,
        grpc_service: Service,
        grpc_method: MethodName,
    };
    /// Calls that ended at the client, whatever their status.
    counter grpc_client_handled_total {
        grpc_type: CallType,
        grpc_service: Service,
        grpc_method: MethodName,
        grpc_code: GoCode,
    };
    /// Messages that the client received.
    counter grpc_client_msg_received_total {
        grpc_type: CallType,
        grpc_service: Service,
        grpc_method: MethodName,
    };
    /// Messages that the client sent.
    counter grpc_client_msg_sent_total {
        grpc_type: CallType,
        grpc_service: Service,
        grpc_method: MethodName,
    };
    /// Time of a call at the client, to its status.
    histogram grpc_client_handling_seconds {
        grpc_type: CallType,
        grpc_service: Service,
        grpc_method: MethodName,
    } buckets [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
}
