//! The request's id.
#![no_main]

use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use throughline_correlation::{Ids, Key, MAX_LEN, RequestId};

fuzz_target!(|data: &[u8]| {
    match RequestId::parse(data) {
        Ok(id) => {
            let text = id.as_str();
            assert_eq!(text.as_bytes(), data);
            assert!((1..=MAX_LEN).contains(&text.len()));
            assert!(
                text.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
            );
            assert!(HeaderValue::from_str(text).is_ok());
            let back = Ids::from_lookup([Key::Request], |_| Some(data), |_, why| panic!("{why}"));
            assert_eq!(back.get(), Some(id));
        }
        Err(why) => {
            let mut told = None;
            let none = Ids::from_lookup([Key::Request], |_| Some(data), |_, why| told = Some(why));
            assert!(none.is_empty());
            assert_eq!(told, Some(why));
        }
    }
});
