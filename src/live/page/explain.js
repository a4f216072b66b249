// A packet in words: its parts with a name each, a line with the protocols' terms, and a line without them.

import { toHex, utf8Length } from "./bytes.js";
import { isBinary, readEngine, readSocket } from "./packet.js";

/** More bytes than this are not written out. */
const MOST_BYTES = 256;
/** Longer arguments are cut in a line of words. */
const MOST_TEXT = 160;
/** The names of so many events are kept until they are answered. */
const MOST_ASKED = 500;

/**
 * Explains the packets of one session, in the order in which they pass: what an attachment or an answer belongs to is
 * known from what passed before it.
 */
export class Explainer {
  #owed = { sent: null, received: null };
  #asked = { sent: new Map(), received: new Map() };
  #isPlain;

  /** `isPlain`: the messages have no prefixes, as they are those of a plain WebSocket. */
  constructor({ isPlain = false } = {}) {
    this.#isPlain = isPlain;
  }

  /**
   * Explains a packet: text, or the bytes of a WebSocket message, in a direction, "sent" or "received".
   *
   * Returns `parts`, `{ kind, text, label }`, whose texts together are the packet (of bytes, the hexadecimal digits);
   * `terms`; `plain`; `fields`, `{ name, value, meaning }`, with their `title`; `json`, the text that can be shown with
   * line breaks; `fault`, where it is no packet; and `isHeartbeat`.
   */
  explain(raw, direction) {
    const defaults = {
      plain: "",
      fields: [],
      title: "What the fields mean",
      json: null,
      fault: null,
      isHeartbeat: false,
    };
    try {
      const told = this.#isPlain ? explainPlain(raw) : this.#explainEngine(raw, direction);
      return { ...defaults, ...told };
    } catch (error) {
      // such as JSON that is nested deeper than a browser can follow
      const parts = [part("rest", String(raw), "not understood")];
      const fault = `not to be explained: ${error.message}`;
      return { ...defaults, parts, terms: fault, fault };
    }
  }

  #explainEngine(raw, direction) {
    if (typeof raw !== "string") return this.#explainBytes([hexPart(raw)], raw, direction, "");
    const packet = readEngine(raw);
    if (packet.fault) {
      return {
        parts: raw ? [part("rest", raw, "not understood")] : [],
        terms: `No Engine.IO packet: ${packet.fault}.`,
        plain: "",
        fault: packet.fault,
      };
    }
    if (packet.bytes) {
      const parts = [part("engine", "b", "Engine.IO: binary message")];
      if (raw.length > 1)
        parts.push(part("bytes", raw.slice(1), `base64 of ${count(packet.bytes.length, "byte")}`));
      const why = " Polling carries text, so bytes are written in base64.";
      return this.#explainBytes(parts, packet.bytes, direction, why);
    }
    const type = part("engine", raw[0], `Engine.IO: ${packet.type}`);
    if (packet.type === "message") return this.#explainMessage(type, packet.data, direction);
    const rest = packet.data
      ? [part(packet.type === "open" ? "json" : "rest", packet.data, restLabel(packet))]
      : [];
    return {
      parts: [type, ...rest],
      terms: `Engine.IO ${raw[0]} ${packet.type}${packet.data === "probe" ? ", with the word probe" : ""}`,
      ...ENGINE_WORDS[packet.type](packet.data, direction),
    };
  }

  #explainBytes(parts, bytes, direction, why) {
    const owed = this.#owed[direction];
    const carried =
      parts[0].kind === "engine"
        ? "Engine.IO b, a binary message"
        : "A binary WebSocket message, without a prefix";
    const length = count(bytes.length, "byte");
    // a WebSocket message shows its bytes as it is
    const isCoded = parts[0].kind === "engine";
    const fields = isCoded ? [{ name: "bytes", value: hex(bytes), meaning: "" }] : [];
    const title = "The bytes in hexadecimal";
    if (!owed) {
      return {
        parts,
        fields,
        title,
        terms: `${carried}: ${length}`,
        plain: `Bytes that no packet before them announced.${why}`,
      };
    }
    owed.came += 1;
    const which = owed.of > 1 ? `attachment ${owed.came} of ${owed.of}` : "the attachment";
    if (owed.came === owed.of) this.#owed[direction] = null;
    parts.at(-1).label += `, ${which}`;
    return {
      parts,
      fields,
      title,
      terms: `${carried}: ${which}, ${length}`,
      plain: `These bytes belong to ${owed.name}, where its placeholder number ${owed.came - 1} stands.${why}`,
    };
  }

  #explainMessage(first, text, direction) {
    const packet = readSocket(text);
    const parts = [first, ...socketParts(packet)];
    const digit = packet.texts.type;
    const where = packet.nsp === "/" ? "" : ` in the namespace ${packet.nsp}`;
    if (packet.fault) {
      const named = packet.type ? `Socket.IO ${digit} ${packet.type}` : "no Socket.IO packet";
      return {
        parts,
        terms: `Engine.IO 4 message, ${named}: ${packet.fault}.`,
        plain: "The receiver cannot read this, and ends the session.",
        fault: packet.fault,
      };
    }
    const other = direction === "sent" ? "received" : "sent";
    const told = SOCKET_WORDS[packet.type](packet, direction, this.#asked[other].get(key(packet)));
    this.#remember(packet, direction, other);
    const terms = `Engine.IO 4 message, Socket.IO ${digit} ${packet.type}${where}${told.terms}`;
    return { parts, json: packet.texts.data ?? null, ...told, terms };
  }

  #remember(packet, direction, other) {
    const { type, attachments, data, id } = packet;
    const isAnswer = type === "ACK" || type === "BINARY_ACK";
    if (isBinary(type)) {
      const name = isAnswer ? `the answer ${id}` : `the event ${shown(data?.[0] ?? "")}`;
      this.#owed[direction] = { came: 0, of: attachments, name };
    }
    if (isAnswer) this.#asked[other].delete(key(packet));
    else if (id !== undefined && data) {
      const asked = this.#asked[direction];
      asked.set(key(packet), data[0]);
      if (asked.size > MOST_ASKED) asked.delete(asked.keys().next().value);
    }
  }
}

/** The event or its answer as a call: `chat message("hi")`. */
export function call([name, ...args]) {
  return `${name}(${list(args)})`;
}

/** Arguments as JSON, with bytes in hexadecimal, cut where they are long. */
export function list(args) {
  const text = args.map(shown).join(", ");
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
}

/** A value as JSON; bytes, and what stands for them, are no JSON and stand in angle brackets. */
function shown(value) {
  if (value instanceof Uint8Array) return `<${count(value.length, "byte")}: ${hex(value)}>`;
  if (Array.isArray(value)) return `[${value.map(shown).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (value._placeholder === true) return `<attachment ${shown(value.num)}>`;
  const members = Object.entries(value).map(
    ([name, one]) => `${JSON.stringify(name)}:${shown(one)}`,
  );
  return `{${members.join(",")}}`;
}

/** What each type of Engine.IO packet is for; what is said depends on the text after it and on the direction. */
const ENGINE_WORDS = {
  open: (data) => ({
    plain:
      "The server opens the session and gives it a name, the session id, which each further request must bring.",
    fields: handshake(data),
    json: data,
  }),
  close: (_, direction) => ({ plain: `${Subject[direction]} ends the session.` }),
  ping: (data, direction) =>
    data === "probe"
      ? {
          plain: `${Subject[direction]} tries the new WebSocket: does anything come through, and back?`,
        }
      : {
          plain: `${Subject[direction]} asks: are you still there? A 3 must answer in time.`,
          isHeartbeat: true,
        },
  pong: (data, direction) =>
    data === "probe"
      ? { plain: "The probe came back: the WebSocket works." }
      : { plain: `${Subject[direction]} answers the ping: still here.`, isHeartbeat: true },
  upgrade: () => ({ plain: "From here on all packets go over the WebSocket; polling is over." }),
  noop: () => ({
    plain: "Nothing but an answer to the GET that waits, so that the session can leave polling.",
  }),
};

/** What each type of Socket.IO packet says: the end of the line of terms, and the line without them. */
const SOCKET_WORDS = {
  CONNECT: ({ data, nsp }, direction) => {
    if (direction === "sent") {
      const auth = data ? " It shows its auth data, in clear text." : "";
      return {
        terms: data ? ", with auth" : "",
        plain: `The client asks to come into the namespace ${nsp}.${auth}`,
        fields: members(data, CONNECT_FIELDS),
      };
    }
    return {
      terms: data?.sid ? `, socket id ${data.sid}` : "",
      plain:
        "The server lets the client in. The socket id names it in this namespace; the session id is another.",
      fields: members(data, CONNECT_FIELDS),
    };
  },
  DISCONNECT: ({ nsp }, direction) => ({
    terms: "",
    plain: `${Subject[direction]} ${direction === "sent" ? "leaves" : "sends the client out of"} the namespace ${nsp}.`,
  }),
  EVENT: (packet, direction) => event(packet, direction),
  BINARY_EVENT: (packet, direction) => event(packet, direction),
  ACK: (packet, direction, name) => answer(packet, direction, name),
  BINARY_ACK: (packet, direction, name) => answer(packet, direction, name),
  CONNECT_ERROR: ({ data, nsp }) => ({
    terms: `: ${shown(data?.message ?? data ?? "")}`,
    plain: `The server does not let the client into ${nsp}.`,
    fields: members(data, { message: "why not", data: "what the server adds" }),
  }),
};

/** What the data of each type is. */
const DATA_NAMES = {
  CONNECT: "object",
  EVENT: "name, arguments",
  BINARY_EVENT: "name, arguments",
  ACK: "the answer's arguments",
  BINARY_ACK: "the answer's arguments",
  CONNECT_ERROR: "why not",
};

const Subject = { sent: "The client", received: "The server" };

const HANDSHAKE_FIELDS = {
  sid: "the session id: each further request brings it, and a server that does not know it refuses",
  upgrades: "what the session may go over to",
  pingInterval: "milliseconds from a pong to the server's next ping",
  pingTimeout: "milliseconds in which a ping must be answered, or the session is over",
  maxPayload: "the most bytes that one request may carry",
};

const CONNECT_FIELDS = {
  sid: "the socket id in this namespace",
  pid: "a private id, with which a client that was cut off asks for what it missed",
  offset: "the last event that the client has heard",
};

function event({ data, id, attachments }, direction) {
  if (!data)
    return { terms: ", without a name", plain: "An event without a name, which nobody hears." };
  const asks = id === undefined ? "" : `, asks for acknowledgment ${id}`;
  const adds = attachments ? `, ${count(attachments, "attachment")} to follow` : "";
  const wants = id === undefined ? "" : ` and wants an answer with the number ${id}`;
  const bytes = attachments ? " Bytes follow it; where they belong, a placeholder stands." : "";
  return {
    terms: `${adds}${asks}: ${call(data)}`,
    plain: `${Subject[direction]} emits the event ${shown(data[0])}${wants}.${bytes}`,
  };
}

function answer({ data, id, attachments }, direction, name) {
  const adds = attachments ? `, ${count(attachments, "attachment")} to follow` : "";
  const to = name === undefined ? "" : ` to the event ${shown(name)}`;
  return {
    terms: `${adds}, acknowledgment ${id ?? "without a number"}: (${list(data ?? [])})`,
    plain: `${Subject[direction]} answers: this is the acknowledgment${to} that was asked for with the number ${id}.`,
  };
}

/** A message of a plain WebSocket. */
function explainPlain(raw) {
  if (typeof raw !== "string") {
    const length = count(raw.length, "byte");
    return {
      parts: [hexPart(raw)],
      terms: `WebSocket binary message, ${length}`,
      plain: "Bytes, as the program sent them.",
    };
  }
  const isOpen = /^0\{"sid":/.test(raw);
  const plain = isOpen
    ? "This looks like the open packet of Engine.IO: the server speaks Socket.IO, and will not understand plain text."
    : "Text, as the program sent it: WebSocket puts no prefix before it, and gives it no name and no acknowledgment.";
  return {
    parts: [part("text", raw, "text")],
    terms: `WebSocket text message, ${count(utf8Length(raw), "byte")}`,
    plain,
    json: isJson(raw) ? raw : null,
  };
}

function socketParts({ type, attachments, nsp, id, texts }) {
  const labels = {
    type: ["socket", `Socket.IO: ${type}`],
    attachments: ["attachments", `attachments: ${attachments} to follow`],
    nsp: ["nsp", `namespace: ${nsp}`],
    id: ["id", `acknowledgment: id ${id}`],
    data: ["json", `JSON: ${DATA_NAMES[type]}`],
    rest: ["rest", "not understood"],
  };
  return Object.entries(texts).map(([name, text]) => part(labels[name][0], text, labels[name][1]));
}

function handshake(text) {
  try {
    return members(JSON.parse(text), HANDSHAKE_FIELDS);
  } catch {
    return [];
  }
}

/** The members of an object, with what is known of them. */
function members(data, known) {
  if (typeof data !== "object" || data === null) return [];
  const of = (name) => (Object.hasOwn(known, name) ? known[name] : "");
  return Object.entries(data).map(([name, value]) => ({
    name,
    value: shown(value),
    meaning: of(name),
  }));
}

function restLabel({ type, data }) {
  if (type === "open") return "JSON: the handshake";
  return data === "probe" ? "the word probe" : "text";
}

function part(kind, text, label) {
  return { kind, text, label };
}

function hexPart(bytes) {
  return part("bytes", hex(bytes), count(bytes.length, "byte"));
}

function hex(bytes) {
  const more = bytes.length - MOST_BYTES;
  return toHex(bytes.subarray(0, MOST_BYTES)) + (more > 0 ? ` … ${count(more, "byte")} more` : "");
}

function count(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function key({ nsp, id }) {
  return `${id} ${nsp}`;
}

function isJson(text) {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}
