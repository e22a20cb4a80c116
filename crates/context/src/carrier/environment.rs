//! The environment of a process.

use std::{fmt, process::Command};

use super::{Extract, Inject};
use crate::name::{GRPC_TRACE_BIN, KNOWN};

/// The environment variables of a process: `TRACEPARENT`, `TRACESTATE`, `BAGGAGE`, and the ids as
/// `X_REQUEST_ID` and so on.
///
/// A program reads them once, where it starts; for its children it writes them anew.
///
/// ```
/// use std::process::Command;
/// use throughline_context::{Environment, Scope};
/// use throughline_correlation::{Ids, JobId, Key};
///
/// // The parent:
/// let scope = Scope::current().with_ids(Ids::empty().with(&JobId::parse("j-1").unwrap()));
/// let mut variables = Environment::new();
/// scope.inject(&mut variables);
/// assert_eq!(variables.iter().collect::<Vec<_>>(), [("X_JOB_ID", "j-1")]);
/// let mut child = Command::new("render");
/// variables.apply(&mut child);
///
/// // The child, in whose `main` this is `Environment::read()`:
/// let variables = Environment::from_lookup(|name| (name == "X_JOB_ID").then(|| "j-1".to_owned()));
/// assert_eq!(Scope::extract(&variables, [Key::Job]).ids(), scope.ids());
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: Vec<Variable>,
}

#[derive(Clone, PartialEq, Eq)]
struct Variable {
    /// As carriers are asked for it: `x-job-id`.
    name: &'static str,
    /// As the environment has it: `X_JOB_ID`.
    variable: String,
    /// Nothing where it was removed, so that a child does not inherit it either.
    value: Option<String>,
}

impl Environment {
    /// No variables.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            variables: Vec::new(),
        }
    }

    /// The variables of this process. One that is no Unicode is read as a malformed value.
    #[must_use]
    pub fn read() -> Self {
        Self::read_with(&[])
    }

    /// The variables that a look-up by name gives.
    #[must_use]
    pub fn from_lookup(lookup: impl FnMut(&str) -> Option<String>) -> Self {
        Self::from_lookup_with(&[], lookup)
    }

    /// As [`read`](Self::read), with further names, such as those of a job's own fields.
    #[must_use]
    pub fn read_with(further: &[&'static str]) -> Self {
        Self::from_lookup_with(further, |name| {
            let value = std::env::var_os(name)?;
            Some(value.into_string().unwrap_or_default())
        })
    }

    /// As [`from_lookup`](Self::from_lookup), with further names.
    #[must_use]
    pub fn from_lookup_with(
        further: &[&'static str],
        mut lookup: impl FnMut(&str) -> Option<String>,
    ) -> Self {
        let found = |name| {
            let variable = variable(name);
            let value = Some(lookup(&variable)?);
            Some(Variable {
                name,
                variable,
                value,
            })
        };
        let names = names().chain(further.iter().copied());
        Self {
            variables: names.filter_map(found).collect(),
        }
    }

    /// The names and values of the variables, for `Command::envs` and its like.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .filter_map(|found| Some((&*found.variable, found.value.as_deref()?)))
    }

    /// Gives the variables to a command. Those that are not set are removed, because a child inherits
    /// its parent's, and with them the trace of whoever started that.
    pub fn apply(&self, command: &mut Command) {
        for name in names() {
            command.env_remove(variable(name));
        }
        for removed in self.variables.iter().filter(|one| one.value.is_none()) {
            command.env_remove(&removed.variable);
        }
        command.envs(self.iter());
    }
}

impl Environment {
    fn put(&mut self, name: &'static str, value: Option<String>) {
        self.variables.retain(|found| found.name != name);
        self.variables.push(Variable {
            name,
            variable: variable(name),
            value,
        });
    }
}

/// The names alone: what the environment has may be anything.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

impl Extract for Environment {
    fn values<'a>(&'a self, name: &'static str, mut each: impl FnMut(&'a [u8])) {
        for found in self.variables.iter().filter(|found| found.name == name) {
            if let Some(value) = &found.value {
                each(value.as_bytes());
            }
        }
    }
}

impl Inject for Environment {
    fn set(&mut self, name: &'static str, value: &str) {
        self.put(name, Some(value.to_owned()));
    }

    fn remove(&mut self, name: &'static str) {
        self.variables.retain(|found| found.name != name);
        // The known ones are removed from a command in any case.
        if !KNOWN.contains(&name) {
            self.put(name, None);
        }
    }
}

/// What is looked for: all but the form that gRPC alone has.
fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.into_iter().filter(|name| *name != GRPC_TRACE_BIN)
}

/// The convention of OpenTelemetry's environment carrier: upper case, and `_` for what a variable's
/// name cannot have.
fn variable(name: &str) -> String {
    let fit = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    name.chars().map(fit).collect()
}
