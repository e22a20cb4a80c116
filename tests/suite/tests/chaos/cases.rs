//! What a client can do and a server can answer, and how each has to be counted.

/// A request, how it goes for the client, and what has to be counted.
#[derive(Debug)]
pub(crate) struct Case {
    /// How many of a thousand requests.
    pub(crate) weight: u64,
    pub(crate) method: &'static str,
    /// `{n}` stands for the request's number.
    pub(crate) path: &'static str,
    pub(crate) client: Client,
    pub(crate) counted: (&'static str, u16, &'static str),
}

/// What the client does, and what it has to see.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Client {
    /// Reads the response with this status and this many bytes to its end.
    Reads(u16, usize),
    /// Sees the server hang up before the head.
    SeesNothing,
    /// Sees a 200 whose body breaks off.
    SeesItBreakOff,
    /// Leaves once the handler has begun, which never answers.
    LeavesBeforeTheHead,
    /// Leaves once the handler has read half of the client's body, and the other half never comes.
    LeavesWithinItsBody,
    /// Leaves with the first chunk of a response that never ends.
    LeavesWithinTheBody,
    /// Gets a 101, talks on, and leaves.
    Upgrades,
}

use Client::{
    LeavesBeforeTheHead, LeavesWithinItsBody, LeavesWithinTheBody, Reads, SeesItBreakOff,
    SeesNothing, Upgrades,
};

const fn case(
    weight: u64,
    method: &'static str,
    path: &'static str,
    client: Client,
    counted: (&'static str, u16, &'static str),
) -> Case {
    Case {
        weight,
        method,
        path,
        client,
        counted,
    }
}

const ITEM: &str = "/items/{id}";

#[rustfmt::skip]
pub(crate) const CASES: &[Case] = &[
    case(300, "GET", "/items/{n}", Reads(200, 4), (ITEM, 200, "completed")),
    case(60, "POST", "/items/{n}", Reads(201, 0), (ITEM, 201, "completed")),
    case(40, "DELETE", "/items/{n}", Reads(405, 0), (ITEM, 405, "completed")),
    case(60, "HEAD", "/items/{n}", Reads(200, 0), (ITEM, 200, "completed")),
    case(40, "GET", "/refused", Reads(422, 2), ("/refused", 422, "completed")),
    case(60, "GET", "/nowhere/{n}", Reads(404, 0), ("unmatched", 404, "completed")),
    case(40, "GET", "/broken", Reads(503, 0), ("/broken", 503, "completed")),
    case(40, "GET", "/empty", Reads(204, 0), ("/empty", 204, "completed")),
    case(20, "GET", "/unchanged", Reads(304, 0), ("/unchanged", 304, "completed")),
    case(60, "GET", "/stream", Reads(200, 15), ("/stream", 200, "completed")),
    case(20, "HEAD", "/stream", Reads(200, 0), ("/stream", 200, "completed")),
    case(20, "BREW", "/any/{n}", Reads(200, 0), ("/any/{n}", 200, "completed")),
    // A time-out whose answer is made inside of the layer, and one whose error goes through it.
    case(20, "GET", "/late/answered", Reads(408, 0), ("/late/answered", 408, "completed")),
    case(20, "GET", "/late/failed", Reads(504, 0), ("/late/failed", 500, "failed")),
    case(40, "GET", "/panics/inside", Reads(500, 16), ("/panics/inside", 500, "completed")),
    case(40, "GET", "/panics/outside", Reads(500, 16), ("/panics/outside", 500, "panicked")),
    case(10, "GET", "/panics/bare", SeesNothing, ("/panics/bare", 500, "panicked")),
    case(10, "GET", "/panics/body", SeesItBreakOff, ("/panics/body", 200, "panicked")),
    case(10, "GET", "/fails", SeesItBreakOff, ("/fails", 200, "failed")),
    case(20, "GET", "/waits/{n}", LeavesBeforeTheHead, ("/waits/{n}", 499, "cancelled")),
    // A server gives the handler of a request that broke off the time to answer.
    case(10, "POST", "/reads/{n}", LeavesWithinItsBody, ("/reads/{n}", 400, "completed")),
    case(20, "GET", "/drips", LeavesWithinTheBody, ("/drips", 200, "cancelled")),
    case(20, "GET", "/floods", LeavesWithinTheBody, ("/floods", 200, "cancelled")),
    case(20, "GET", "/upgrades", Upgrades, ("/upgrades", 101, "completed")),
];

impl Case {
    /// One of the cases, as often as its weight says.
    pub(crate) fn choose(rng: &mut fastrand::Rng) -> usize {
        let all: u64 = CASES.iter().map(|case| case.weight).sum();
        let mut left = rng.u64(..all);
        let chosen = CASES.iter().position(|case| {
            let is_it = left < case.weight;
            left = left.saturating_sub(case.weight);
            is_it
        });
        chosen.expect("the draw is below the sum of the weights")
    }

    /// The bytes that the client sends for its request number `n`.
    pub(crate) fn request(&self, n: u64) -> Vec<u8> {
        let path = self.path.replace("{n}", &n.to_string());
        let rest = match self.client {
            Upgrades => "connection: upgrade\r\nupgrade: shout\r\n\r\n",
            LeavesWithinItsBody => "content-length: 8\r\n\r\nhalf",
            _ if self.method == "POST" => "content-length: 4\r\n\r\nfour",
            _ => "\r\n",
        };
        format!("{} {path} HTTP/1.1\r\nhost: h{n}\r\n{rest}", self.method).into_bytes()
    }

    /// The labels that it is counted under.
    pub(crate) fn series(&self) -> String {
        let (route, status, outcome) = self.counted;
        format!("route={route},status={status},outcome={outcome}")
    }
}
