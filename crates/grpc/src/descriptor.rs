//! The services in a `FileDescriptorSet`: as much of protobuf's wire format as that takes.

use crate::labels::CallType;

type Result<T> = std::result::Result<T, &'static str>;

const CUT: &str = "it ends in the middle of a field";

/// A field's number and what it holds.
enum Field<'a> {
    Number(u64, u64),
    Bytes(u64, &'a [u8]),
    Other,
}

/// Adds the full names and types of all methods in `set`.
pub(crate) fn read(set: &[u8], found: &mut Vec<(String, CallType)>) -> Result<()> {
    each(set, |field| match field {
        Field::Bytes(1, file) => read_file(file, found),
        _ => Ok(()),
    })
}

fn read_file(file: &[u8], found: &mut Vec<(String, CallType)>) -> Result<()> {
    let mut package = "";
    let mut services = Vec::new();
    each(file, |field| {
        match field {
            Field::Bytes(2, name) => package = text(name)?,
            Field::Bytes(6, service) => services.push(service),
            _ => {}
        }
        Ok(())
    })?;
    services
        .into_iter()
        .try_for_each(|service| read_service(package, service, found))
}

fn read_service(package: &str, service: &[u8], found: &mut Vec<(String, CallType)>) -> Result<()> {
    let mut service_name = "";
    let mut methods = Vec::new();
    each(service, |field| {
        match field {
            Field::Bytes(1, name) => service_name = text(name)?,
            Field::Bytes(2, method) => methods.push(method),
            _ => {}
        }
        Ok(())
    })?;
    let dot = if package.is_empty() { "" } else { "." };
    for method in methods {
        let (mut name, mut client, mut server) = ("", false, false);
        each(method, |field| {
            match field {
                Field::Bytes(1, text_of_it) => name = text(text_of_it)?,
                Field::Number(5, value) => client = value != 0,
                Field::Number(6, value) => server = value != 0,
                _ => {}
            }
            Ok(())
        })?;
        let call_type = match (client, server) {
            (false, false) => CallType::Unary,
            (true, false) => CallType::ClientStream,
            (false, true) => CallType::ServerStream,
            (true, true) => CallType::BidiStream,
        };
        found.push((format!("{package}{dot}{service_name}/{name}"), call_type));
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<&str> {
    str::from_utf8(bytes).map_err(|_| "a name in it is no UTF-8")
}

fn each<'a>(mut bytes: &'a [u8], mut each: impl FnMut(Field<'a>) -> Result<()>) -> Result<()> {
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let field = match tag & 7 {
            0 => Field::Number(tag >> 3, varint(&mut bytes)?),
            1 => take(&mut bytes, 8).map(|_| Field::Other)?,
            2 => {
                let length = varint(&mut bytes)?;
                Field::Bytes(tag >> 3, take(&mut bytes, length)?)
            }
            5 => take(&mut bytes, 4).map(|_| Field::Other)?,
            _ => return Err("it has a field of an unknown kind"),
        };
        each(field)?;
    }
    Ok(())
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8]> {
    let length = usize::try_from(length).map_err(|_| CUT)?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or(CUT)?;
    *bytes = rest;
    Ok(taken)
}

fn varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(CUT)?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("it has a number of more than ten bytes")
}
