//! The label of a response's status.

use throughline_catalog::label;

/// Declares the label and finds it by its number, from one list.
macro_rules! status {
    ($($code:literal $name:ident = $text:literal,)*) => {
        label! {
            /// The response's status: the registered codes and 499 by name, any other by its class,
            /// and one value for a client that got no response.
            pub enum Status {
                $($name = $text,)*
                Other1xx = "1xx",
                Other2xx = "2xx",
                Other3xx = "3xx",
                Other4xx = "4xx",
                Other5xx = "5xx",
                Unknown = "_OTHER",
                NoResponse = "none",
            }
        }

        impl Status {
            /// The label of a code.
            #[must_use]
            pub const fn of(code: u16) -> Self {
                match code {
                    $($code => Self::$name,)*
                    _ => Self::class(code),
                }
            }
        }
    };
}

status! {
    100 S100 = "100",
    101 S101 = "101",
    102 S102 = "102",
    103 S103 = "103",
    200 S200 = "200",
    201 S201 = "201",
    202 S202 = "202",
    203 S203 = "203",
    204 S204 = "204",
    205 S205 = "205",
    206 S206 = "206",
    207 S207 = "207",
    208 S208 = "208",
    226 S226 = "226",
    300 S300 = "300",
    301 S301 = "301",
    302 S302 = "302",
    303 S303 = "303",
    304 S304 = "304",
    305 S305 = "305",
    307 S307 = "307",
    308 S308 = "308",
    400 S400 = "400",
    401 S401 = "401",
    402 S402 = "402",
    403 S403 = "403",
    404 S404 = "404",
    405 S405 = "405",
    406 S406 = "406",
    407 S407 = "407",
    408 S408 = "408",
    409 S409 = "409",
    410 S410 = "410",
    411 S411 = "411",
    412 S412 = "412",
    413 S413 = "413",
    414 S414 = "414",
    415 S415 = "415",
    416 S416 = "416",
    417 S417 = "417",
    418 S418 = "418",
    421 S421 = "421",
    422 S422 = "422",
    423 S423 = "423",
    424 S424 = "424",
    425 S425 = "425",
    426 S426 = "426",
    428 S428 = "428",
    429 S429 = "429",
    431 S431 = "431",
    451 S451 = "451",
    499 S499 = "499",
    500 S500 = "500",
    501 S501 = "501",
    502 S502 = "502",
    503 S503 = "503",
    504 S504 = "504",
    505 S505 = "505",
    506 S506 = "506",
    507 S507 = "507",
    508 S508 = "508",
    510 S510 = "510",
    511 S511 = "511",
}

impl Status {
    const fn class(code: u16) -> Self {
        match code {
            100..=199 => Self::Other1xx,
            200..=299 => Self::Other2xx,
            300..=399 => Self::Other3xx,
            400..=499 => Self::Other4xx,
            500..=599 => Self::Other5xx,
            _ => Self::Unknown,
        }
    }
}
