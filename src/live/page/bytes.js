// Bytes as text, and text from the wire made safe to show.

/** Bytes as hexadecimal digits, two a byte, with a blank between bytes. */
export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** The bytes that hexadecimal digits stand for; blanks, colons and `0x` are passed over. `null` where they do not. */
export function fromHex(text) {
  const digits = text.replace(/0x|[\s:,]/gi, "");
  if (digits.length % 2 || /[^0-9a-f]/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Bytes in base64 (RFC 4648 §4). */
export function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}

/** The bytes that base64 stands for; `null` where it is none. */
export function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

/** How many bytes a text takes in UTF-8. */
export function utf8Length(text) {
  return new TextEncoder().encode(text).length;
}

// controls, marks that turn the direction of writing, and characters that nobody sees
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Co}\p{Cs}]/gu;

/** The text with every character that is not seen written out: `\n`, `\x1e`, `\u{202e}`. */
export function visible(text) {
  return text.replace(UNSEEN, (char) => {
    const code = char.codePointAt(0);
    if (char === "\n") return "\\n";
    if (char === "\t") return "\\t";
    if (char === "\r") return "\\r";
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}
