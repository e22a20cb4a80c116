//! Telemetry belongs to a whole process, so each scenario here runs in a process of its own: the test
//! binary runs itself again, for one test, with the scenario's environment.

mod child;
mod errors;
mod run;
mod sampler;
