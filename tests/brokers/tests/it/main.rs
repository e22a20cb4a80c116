//! The pipeline over each broker, and its messages to and from Python.

mod pipeline;
mod python;
mod servers;
mod site;
mod story;
