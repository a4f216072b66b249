// A client of Socket.IO 5 in one namespace, over an Engine.IO session that it opens again when it is lost.

import { Engine } from "./engine.js";
import { isBinary, putBack, readSocket, writeSocket } from "./packet.js";

/** Milliseconds before the first attempt to come back; twice as long before each further one, up to the longest. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 5000;
/** A pause is up to this part longer or shorter, so that many clients do not come back at once. */
const JITTER = 0.5;
/** In this time a server must have let the client in, in milliseconds. */
const PATIENCE = 20_000;
/** So many events are kept for the next connection. */
const MOST_KEPT = 100;

/**
 * The client. What happens it tells `on`:
 * - `state(name, detail)`: "connecting", "connected", "waiting" for the next attempt, "disconnected";
 * - `event({ name, args, answer })`, `answer` being a function where the server asks for an acknowledgment;
 * - `acknowledged({ id, name, args, after })`, `unanswered({ id, name, within })`;
 * - `begin()` when a session begins, and `packet` and `note` as [Engine] tells them.
 */
export class Client {
  #options;
  #on;
  #engine = null;
  #sid = null;
  #attempt = 0;
  #timer;
  #waiting = null;
  #attachments = [];
  #kept = [];
  #asked = new Map();
  #nextId = 0;
  #recovery = null;

  /** `{ origin, path, transports, nsp, auth }`; `auth` is an object or `undefined`. */
  constructor(options, on) {
    this.#options = options;
    this.#on = on;
  }

  /** The socket's id in its namespace; `null` where there is none. */
  get id() {
    return this.#sid;
  }

  /** The id of the Engine.IO session. */
  get sessionId() {
    return this.#engine?.sid;
  }

  /** "polling" or "websocket". */
  get carrier() {
    return this.#engine?.carrier;
  }

  /** Opens a session and asks for the namespace. */
  connect() {
    clearTimeout(this.#timer);
    this.#on.begin();
    this.#on.state("connecting", this.#attempt ? `attempt ${this.#attempt + 1}` : "");
    this.#waiting = null;
    const engine = new Engine(this.#options, {
      open: () => this.#ask(),
      // a session that is left may still change over while it says good-bye
      carrier: () =>
        engine === this.#engine && this.#on.state(this.#sid ? "connected" : "connecting", ""),
      message: (message) => engine === this.#engine && this.#take(message),
      close: (reason, detail) => engine === this.#engine && this.#lose(reason, detail),
      packet: (packet) => this.#on.packet(packet),
      note: (text) => this.#on.note(text),
    });
    this.#engine = engine;
    this.#timer = setTimeout(
      () => this.#lose("connect timeout", "the server did not let the client in in time"),
      PATIENCE,
    );
  }

  /** Leaves the namespace and ends the session; it does not come back by itself. */
  disconnect() {
    clearTimeout(this.#timer);
    if (this.#sid) this.#send({ type: "DISCONNECT" });
    this.#finish("io client disconnect", "");
  }

  /**
   * Emits an event; with `within`, it asks for an acknowledgment, which must be there in so many milliseconds.
   * Without a connection it is kept for the next one. Tells whether it went.
   */
  emit(name, args, within) {
    const packet = { type: "EVENT", data: [name, ...args] };
    if (within !== undefined) {
      const id = this.#nextId++;
      packet.id = id;
      const late = () => this.#asked.delete(id) && this.#on.unanswered({ id, name, within });
      this.#asked.set(id, { name, since: performance.now(), timer: setTimeout(late, within) });
    }
    if (this.#sid) return this.#send(packet);
    this.#kept = [...this.#kept, packet].slice(-MOST_KEPT);
    return false;
  }

  #send(packet) {
    const { text, attachments } = writeSocket({ nsp: this.#options.nsp, ...packet });
    this.#engine.send(text, ...attachments);
    return true;
  }

  #ask() {
    const { auth } = this.#options;
    this.#send({ type: "CONNECT", data: this.#recovery ? { ...this.#recovery, ...auth } : auth });
  }

  #take(message) {
    try {
      if (typeof message === "string") this.#takeText(message);
      else this.#takeBytes(message);
    } catch (error) {
      this.#lose("parse error", error.message);
    }
  }

  #takeText(text) {
    if (this.#waiting) throw new Error("text came where an attachment was due");
    const packet = readSocket(text);
    if (packet.fault) throw new Error(packet.fault);
    if (isBinary(packet.type)) {
      this.#waiting = packet;
      this.#attachments = [];
    } else {
      this.#handle(packet);
    }
  }

  #takeBytes(bytes) {
    const packet = this.#waiting;
    if (!packet) throw new Error("an attachment came that was not announced");
    if (this.#attachments.push(bytes) < packet.attachments) return;
    this.#waiting = null;
    packet.data = putBack(packet.data, this.#attachments);
    this.#handle(packet);
  }

  #handle({ type, nsp, id, data }) {
    if (nsp !== this.#options.nsp) return;
    switch (type) {
      case "CONNECT":
        return this.#enter(data);
      case "CONNECT_ERROR":
        return this.#finish("refused", data?.message ?? String(data ?? ""));
      case "DISCONNECT":
        return this.#finish("io server disconnect", "the server sent the client away");
      case "EVENT":
      case "BINARY_EVENT":
        return data && this.#hear(data, id);
      default:
        return this.#takeAnswer(id, data ?? []);
    }
  }

  #enter(data) {
    if (typeof data?.sid !== "string")
      throw new Error("the server gave no socket id; it may speak Socket.IO 2");
    clearTimeout(this.#timer);
    this.#attempt = 0;
    this.#sid = data.sid;
    this.#recovery = data.pid === undefined ? null : { ...this.#recovery, pid: data.pid };
    this.#on.state("connected", "");
    for (const packet of this.#kept.splice(0)) this.#send(packet);
  }

  #hear([name, ...args], id) {
    const last = args.at(-1);
    // where a server can recover a session, it ends each event with a mark of its place
    if (this.#recovery && typeof last === "string") this.#recovery.offset = last;
    const answer =
      id === undefined
        ? null
        : (values) => this.#sid && this.#send({ type: "ACK", id, data: values });
    this.#on.event({ name: String(name), args, id, answer });
  }

  #takeAnswer(id, args) {
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
    clearTimeout(asked.timer);
    this.#on.acknowledged({ id, name: asked.name, args, after: performance.now() - asked.since });
  }

  /** The session is lost, and shall be opened again after a pause. */
  #lose(reason, detail) {
    this.#close();
    const pause = Math.min(FIRST_PAUSE * 2 ** this.#attempt, LONGEST_PAUSE);
    const span = Math.round(pause * (1 + JITTER * (2 * Math.random() - 1)));
    this.#attempt += 1;
    this.#on.state(
      "waiting",
      `${inWords(reason, detail)}; attempt ${this.#attempt + 1} in ${(span / 1000).toFixed(1)} s`,
    );
    this.#timer = setTimeout(() => this.connect(), span);
  }

  #finish(reason, detail) {
    this.#close();
    this.#recovery = null;
    this.#attempt = 0;
    this.#on.state("disconnected", inWords(reason, detail));
  }

  #close() {
    clearTimeout(this.#timer);
    const engine = this.#engine;
    this.#engine = null;
    this.#sid = null;
    this.#waiting = null;
    engine?.close();
  }
}

function inWords(reason, detail) {
  return detail ? `${reason}: ${detail}` : reason;
}
