// Packets of Engine.IO 4 and Socket.IO 5, to parts with their places and back. No page and no socket is needed here.
// https://socket.io/docs/v4/engine-io-protocol/ and https://socket.io/docs/v4/socket-io-protocol/

import { fromBase64, toBase64 } from "./bytes.js";

/** What stands between the packets of a poll: ASCII's record separator. */
export const SEPARATOR = "\x1e";

/** The types of Engine.IO packets, in the order of their digits. */
export const ENGINE_TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];

/** The types of Socket.IO packets, in the order of their digits. */
export const SOCKET_TYPES = [
  "CONNECT",
  "DISCONNECT",
  "EVENT",
  "ACK",
  "CONNECT_ERROR",
  "BINARY_EVENT",
  "BINARY_ACK",
];

/** More attachments than this are refused, as other receivers do by default. */
export const MAX_ATTACHMENTS = 10;

/** Names that no event may have: they are events of the libraries themselves. */
export const RESERVED_EVENTS = [
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
];

/**
 * Reads the text of an Engine.IO packet: `{ type, data }`, `{ bytes }` for base64 in a poll, or `{ fault }`.
 * What arrives in a binary WebSocket frame has no prefix, and is not read by this.
 */
export function readEngine(text) {
  if (text === "") return { fault: "an empty packet, which has no type" };
  if (text[0] === "b") {
    const bytes = fromBase64(text.slice(1));
    return bytes ? { type: "message", bytes } : { fault: "b, but no base64 after it" };
  }
  const type = ENGINE_TYPES[digit(text[0])];
  if (!type) return { fault: "an Engine.IO packet starts with a digit from 0 to 6, or with b" };
  return { type, data: text.slice(1) };
}

/** A message of text or bytes, as a part of a poll carries it. */
export function writeForPoll(message) {
  return typeof message === "string" ? message : `b${toBase64(message)}`;
}

/**
 * Reads the text of a Socket.IO packet as far as it goes: `type`, `attachments`, `nsp`, `id` and `data` (parsed JSON)
 * where they are there, the text of each part in `texts`, and in `fault` what stopped it.
 */
export function readSocket(text) {
  const packet = { nsp: "/", attachments: 0, texts: {} };
  let rest = text;
  const take = (name, pattern) => {
    const found = pattern.exec(rest)?.[0] ?? "";
    if (found) packet.texts[name] = found;
    rest = rest.slice(found.length);
    return found;
  };
  packet.type = SOCKET_TYPES[digit(take("type", /^[0-6]/))];
  if (!packet.type)
    return stopped(packet, rest, "a Socket.IO packet starts with a digit from 0 to 6");
  if (isBinary(packet.type)) {
    packet.attachments = parseInt(take("attachments", /^[0-9]+-/), 10) || 0;
    if (!packet.attachments) {
      return stopped(
        packet,
        rest,
        "a binary packet says how many attachments follow: a number and a hyphen",
      );
    }
    if (packet.attachments > MAX_ATTACHMENTS) {
      return stopped(
        packet,
        rest,
        `more than ${MAX_ATTACHMENTS} attachments, which receivers refuse`,
      );
    }
  }
  packet.nsp = take("nsp", /^\/[^,]*,?/).replace(/,$/, "") || "/";
  const id = take("id", /^[0-9]+/);
  if (id) packet.id = Number(id);
  if (!Number.isSafeInteger(packet.id ?? 0))
    return stopped(packet, rest, "the acknowledgment id is too large");
  if (rest === "") return packet;
  try {
    packet.data = JSON.parse(rest);
  } catch {
    return stopped(packet, rest, "the data is no JSON");
  }
  if (!allows(packet.type, packet.data)) {
    return stopped(packet, rest, `no data that a packet of type ${packet.type} carries`);
  }
  packet.texts.data = rest;
  return packet;
}

/** Whether binary attachments follow packets of this type. */
export function isBinary(type) {
  return type === "BINARY_EVENT" || type === "BINARY_ACK";
}

/**
 * Writes an event or its answer: the packet's text, and the bytes that follow it. `type` is EVENT or ACK, which become
 * BINARY_EVENT and BINARY_ACK where there are bytes.
 */
export function writeSocket({ type, nsp = "/", id, data }) {
  const attachments = [];
  const plain = data === undefined ? undefined : takeOut(data, attachments);
  const kind = attachments.length ? `BINARY_${type}` : type;
  let text = String(SOCKET_TYPES.indexOf(kind));
  if (attachments.length) text += `${attachments.length}-`;
  if (nsp !== "/") text += `${nsp},`;
  if (id !== undefined) text += id;
  if (plain !== undefined) text += JSON.stringify(plain);
  return { text, attachments };
}

/** Puts the attachments back where their placeholders stand. Throws where a placeholder names none. */
export function putBack(value, attachments) {
  if (typeof value !== "object" || value === null) return value;
  if (value._placeholder === true) {
    const found = Number.isInteger(value.num) ? attachments[value.num] : undefined;
    if (!found) throw new Error("a placeholder names an attachment that is not there");
    return found;
  }
  for (const key of Object.keys(value)) value[key] = putBack(value[key], attachments);
  return value;
}

/** A copy with a placeholder for each piece of bytes, which are added to `attachments`. */
function takeOut(value, attachments) {
  if (value instanceof Uint8Array) {
    return { _placeholder: true, num: attachments.push(value) - 1 };
  }
  if (Array.isArray(value)) return value.map((one) => takeOut(one, attachments));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, takeOut(one, attachments)]),
  );
}

/** Whether a packet of this type may carry this data. */
function allows(type, data) {
  const isObject = typeof data === "object" && data !== null && !Array.isArray(data);
  switch (type) {
    case "CONNECT":
      return isObject;
    case "DISCONNECT":
      return false;
    case "CONNECT_ERROR":
      return isObject || typeof data === "string";
    case "ACK":
    case "BINARY_ACK":
      return Array.isArray(data);
    default:
      return Array.isArray(data) && isEventName(data[0]);
  }
}

function isEventName(name) {
  return typeof name === "number" || (typeof name === "string" && !RESERVED_EVENTS.includes(name));
}

function stopped(packet, rest, fault) {
  if (rest) packet.texts.rest = rest;
  return Object.assign(packet, { fault });
}

function digit(char) {
  return /^[0-9]$/.test(char ?? "") ? Number(char) : -1;
}
