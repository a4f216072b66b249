//! What can be copied of the choice, and how it goes to the terminal's clipboard.

use base64::Engine as _;

use super::panes::Cx;
use crate::proto::tree::Value;

/// The chosen field's value, or the layer's line.
pub fn field(cx: &Cx<'_>) -> Option<String> {
    let row = cx.rows.get(cx.chosen?.row)?;
    let text = row.field.map_or(&row.layer.summary, |field| &field.text);
    Some(cx.theme.safe(text).into_owned())
}

/// The chosen bytes in hexadecimal.
pub fn hex(cx: &Cx<'_>) -> Option<String> {
    let chosen = cx.chosen?;
    let (dissection, input) = chosen.part.of(cx.scene)?;
    let bytes = dissection
        .buffer(input, chosen.buffer)
        .get(chosen.bytes())?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    (!hex.is_empty()).then_some(hex)
}

/// A display filter for frames with the chosen field's value.
pub fn filter(cx: &Cx<'_>) -> Option<String> {
    let row = cx.rows.get(cx.chosen?.row)?;
    let Some(field) = row.field else {
        return Some(row.layer.protocol.id.to_owned());
    };
    let id = field.spec.id;
    let value = match &field.value {
        Value::None => return Some(id.to_owned()),
        Value::Bool(set) => u8::from(*set).to_string(),
        Value::Uint(n) => n.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Bytes(bytes) if bytes.is_empty() => return Some(id.to_owned()),
        Value::Bytes(bytes) => colons(bytes),
        Value::Mac(mac) => colons(mac),
        Value::Str(text) => quoted(text),
        Value::Ipv4(addr) => addr.to_string(),
        Value::Ipv6(addr) => addr.to_string(),
        Value::Time(nanos) => {
            let sign = if *nanos < 0 { "-" } else { "" };
            let n = nanos.unsigned_abs();
            format!("{sign}{}.{:09}", n / 1_000_000_000, n % 1_000_000_000)
        }
    };
    Some(format!("{id} == {value}"))
}

fn colons(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(":")
}

/// The text as a filter's literal.
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c => crate::base::text::safe(&c.to_string()).into_owned(),
        })
        .collect();
    format!("\"{escaped}\"")
}

/// The sequence that hands `text` to the terminal's clipboard (OSC 52).
pub fn osc52(text: &str) -> String {
    format!(
        "\x1b]52;c;{}\x07",
        base64::engine::general_purpose::STANDARD.encode(text)
    )
}
