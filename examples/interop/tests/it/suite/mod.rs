//! The official gRPC interop suite: grpc-go's client calls our server, and our client calls grpc-go's
//! server, with our layers and without.

mod cases;
mod ours;
mod recording;
mod table;
