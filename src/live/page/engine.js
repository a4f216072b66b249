// A client of Engine.IO 4: a session over HTTP long-polling, over WebSocket, or over the one and then the other.

import { SEPARATOR, readEngine, writeForPoll } from "./packet.js";
import { utf8Length } from "./bytes.js";

/** How long a session that is closed may still take to send what waits, in milliseconds. */
const FAREWELL = 2000;

/** The reason of an end that this side wants, as Socket.IO names it. */
const LEFT = "io client disconnect";

/**
 * One session. What it hears it tells `on`:
 * - `open(handshake)`, `carrier(name)` when WebSocket takes over from polling, `message(text or Uint8Array)`;
 * - `close(reason, detail)`, once, and nothing after it;
 * - `packet({ direction, carrier, raw })` for each packet that passes, in the order in which it does;
 * - `note(text)` for what is no packet: requests that open something, and what went wrong.
 */
export class Engine {
  #on;
  #address;
  #upgrades;
  #carrier;
  #probe = null;
  #state = "opening";
  #isChanging = false;
  #queue = [];
  #handshake = null;
  #heartbeat;

  /** `transports` is a list of "polling" and "websocket"; the first opens the session. */
  constructor({ origin, path, transports }, on) {
    this.#on = on;
    this.#address = (transport, sid) => address(origin, path, transport, sid);
    this.#upgrades = transports[0] === "polling" && transports.includes("websocket");
    const Carrier = transports[0] === "polling" ? Polling : WebSocketCarrier;
    this.#carrier = this.#open(Carrier);
  }

  /** "polling" or "websocket": what carries the packets now. */
  get carrier() {
    return this.#carrier.name;
  }

  /** The session's id, once it is open. */
  get sid() {
    return this.#handshake?.sid;
  }

  /** The most bytes of one request, as the server said. */
  get maxPayload() {
    return this.#handshake?.maxPayload;
  }

  /** Sends messages: the payloads of the packets of type 4, or bytes. */
  send(...messages) {
    if (this.#state !== "open") return;
    for (const message of messages) {
      this.#queue.push(typeof message === "string" ? `4${message}` : message);
    }
    this.#flush();
  }

  /** Ends the session, after what waits is sent. */
  async close() {
    if (this.#state === "opening") return this.#end(LEFT);
    if (this.#state !== "open") return;
    this.#state = "closing";
    const patience = setTimeout(() => this.#end(LEFT), FAREWELL);
    while (
      this.#state === "closing" &&
      (this.#isChanging || this.#queue.length || this.#carrier.isBusy)
    ) {
      await this.#carrier.idle();
      if (this.#isChanging) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (this.#state === "closing") await this.#carrier.sayClose();
    clearTimeout(patience);
    this.#end(LEFT);
  }

  #open(Carrier) {
    const carrier = new Carrier((sid) => this.#address(Carrier.parameter, sid ?? this.sid), {
      opened: () => carrier === this.#probe && carrier.send(["2probe"]),
      packet: (raw) => this.#take(carrier, raw),
      passed: (direction, by, raw) => this.#on.packet({ direction, carrier: by, raw }),
      note: (text) => this.#on.note(text),
      failed: (reason, detail) => this.#fail(carrier, reason, detail),
      idle: () => carrier === this.#carrier && this.#flush(),
    });
    return carrier;
  }

  #take(carrier, raw) {
    if (this.#state === "closed") return;
    if (carrier === this.#probe) return this.#takeProbe(raw);
    if (typeof raw !== "string") return this.#on.message(raw);
    const packet = readEngine(raw);
    if (packet.fault) return this.#end("parse error", packet.fault);
    if (packet.bytes) return this.#on.message(packet.bytes);
    switch (packet.type) {
      case "open":
        return this.#takeHandshake(packet.data);
      case "close":
        return this.#end("transport close", "the server closed the session");
      case "ping":
        this.#expectPing();
        this.#queue.push("3");
        return this.#flush();
      case "message":
        return this.#on.message(packet.data);
    }
  }

  #takeHandshake(text) {
    if (this.#handshake) return;
    try {
      this.#handshake = JSON.parse(text);
    } catch {
      this.#handshake = null;
    }
    if (typeof this.#handshake?.sid !== "string")
      return this.#end("parse error", "the handshake is not understood");
    this.#state = "open";
    this.#expectPing();
    this.#on.open(this.#handshake);
    const offered = this.#handshake.upgrades;
    if (this.#upgrades && Array.isArray(offered) && offered.includes("websocket")) {
      this.#probe = this.#open(WebSocketCarrier);
    }
  }

  /** The server must be heard of in this time. */
  #expectPing() {
    clearTimeout(this.#heartbeat);
    const { pingInterval, pingTimeout } = this.#handshake;
    const span = Number(pingInterval) + Number(pingTimeout);
    if (!(span > 0)) return;
    const late = () => this.#end("ping timeout", `no ping for ${span / 1000} seconds`);
    this.#heartbeat = setTimeout(late, Math.min(span, 0x7fffffff));
  }

  /** The WebSocket that is tried has answered: polling ends in order, then the session goes over. */
  async #takeProbe(raw) {
    if (raw !== "3probe" || this.#isChanging) return;
    const probe = this.#probe;
    this.#isChanging = true;
    await this.#carrier.pause();
    this.#isChanging = false;
    if (this.#state === "closed") return probe.stop();
    if (probe !== this.#probe) {
      this.#carrier.resume();
      return this.#flush();
    }
    probe.send(["5"]);
    this.#carrier = probe;
    this.#probe = null;
    this.#on.carrier(this.#carrier.name);
    this.#flush();
  }

  #flush() {
    const isReady = this.#state === "open" || this.#state === "closing";
    if (!isReady || this.#isChanging || this.#carrier.isBusy || !this.#queue.length) return;
    this.#carrier.send(this.#queue.splice(0, this.#carrier.most(this.#queue, this.maxPayload)));
  }

  #fail(carrier, reason, detail) {
    if (carrier === this.#carrier) return this.#end(reason, detail);
    if (carrier !== this.#probe || this.#state === "closed") return;
    this.#probe = null;
    this.#on.note(`The WebSocket did not come about: ${detail}. The session goes on over polling.`);
  }

  #end(reason, detail = "") {
    if (this.#state === "closed") return;
    // the server may answer a good-bye with its own
    if (this.#state === "closing") [reason, detail] = [LEFT, ""];
    this.#state = "closed";
    clearTimeout(this.#heartbeat);
    this.#carrier.stop();
    this.#probe?.stop();
    this.#on.close(reason, detail);
  }
}

/** HTTP long-polling: a GET waits for packets of the server, a POST brings those of the client. */
class Polling {
  static parameter = "polling";
  name = "polling";
  #address;
  #on;
  #polls = 0;
  #posts = 0;
  #isPaused = false;
  #polling = Promise.resolve();
  #posting = null;
  #stopper = new AbortController();

  constructor(address, on) {
    this.#address = address;
    this.#on = on;
    this.#polling = this.#poll();
  }

  get isBusy() {
    return this.#posting !== null;
  }

  /** How many of these packets one request may carry: all that fit, and at least one. */
  most(queue, maxPayload = Infinity) {
    let bytes = -1;
    const tooMany = queue.findIndex(
      (packet) => (bytes += utf8Length(writeForPoll(packet)) + 1) > maxPayload,
    );
    return tooMany < 0 ? queue.length : Math.max(tooMany, 1);
  }

  send(packets) {
    const number = ++this.#posts;
    const parts = packets.map(writeForPoll);
    parts.forEach((part, index) =>
      this.#on.passed("sent", carrierName("POST", number, index, parts.length), part),
    );
    const body = parts.join(SEPARATOR);
    const post = async () => {
      await this.#request("POST", {
        body,
        headers: { "Content-Type": "text/plain;charset=UTF-8" },
        // a short good-bye goes out though the page is left
        keepalive: body.length < 1000,
      });
      this.#posting = null;
      this.#on.idle();
    };
    this.#posting = post();
  }

  /** When the request that runs has ended. */
  async idle() {
    await this.#posting;
  }

  /** Lets the requests that run end, and starts no other. */
  async pause() {
    this.#isPaused = true;
    await Promise.all([this.#polling, this.#posting]);
  }

  /** Polls again. */
  resume() {
    this.#isPaused = false;
    this.#polling = this.#poll();
  }

  async sayClose() {
    this.#isPaused = true;
    this.send(["1"]);
    await this.idle();
  }

  stop() {
    this.#isPaused = true;
    this.#stopper.abort();
  }

  async #poll() {
    do {
      const number = ++this.#polls;
      if (number === 1) this.#on.note(`GET ${inShort(this.#address())} asks for a session.`);
      const body = await this.#request("GET", {});
      if (body === null) return;
      const parts = body.split(SEPARATOR);
      parts.forEach((part, index) => {
        if (this.#stopper.signal.aborted) return;
        this.#on.passed("received", carrierName("GET poll", number, index, parts.length), part);
        this.#on.packet(part);
      });
    } while (!this.#isPaused);
  }

  /** The body of the answer; `null` where there is none, which has been told. */
  async #request(method, more) {
    try {
      const answer = await fetch(this.#address(), {
        method,
        cache: "no-store",
        signal: this.#stopper.signal,
        ...more,
      });
      const body = await answer.text();
      if (answer.ok) return body;
      this.#on.failed(
        "transport error",
        `${method} was answered with ${answer.status}: ${refusal(body)}`,
      );
    } catch {
      if (!this.#stopper.signal.aborted) {
        this.#on.failed(
          "transport error",
          `${method} got no answer: no server is there, or it does not allow this page's origin`,
        );
      }
    }
    return null;
  }
}

/** WebSocket: each packet is a message, text with its prefix, and bytes as they are. */
class WebSocketCarrier {
  static parameter = "websocket";
  name = "websocket";
  isBusy = false;
  #socket;
  #on;
  #isOver = false;

  constructor(address, on) {
    this.#on = on;
    const url = address();
    on.note(`GET ${inShort(url)} with Upgrade: websocket opens a WebSocket.`);
    this.#socket = new WebSocket(url.href.replace(/^http/, "ws"));
    this.#socket.binaryType = "arraybuffer";
    let isOpen = false;
    this.#socket.onopen = () => {
      isOpen = true;
      on.opened();
    };
    this.#socket.onmessage = ({ data }) => {
      if (this.#isOver) return;
      const raw = typeof data === "string" ? data : new Uint8Array(data);
      on.passed("received", "WebSocket", raw);
      on.packet(raw);
    };
    this.#socket.onclose = ({ code, reason }) => {
      if (this.#isOver) return;
      this.#isOver = true;
      if (isOpen) on.failed("transport close", closeText(code, reason));
      else on.failed("transport error", "the server refused the WebSocket, or none is there");
    };
  }

  most(queue) {
    return queue.length;
  }

  send(packets) {
    for (const packet of packets) {
      if (this.#socket.readyState !== WebSocket.OPEN) return;
      this.#on.passed("sent", "WebSocket", packet);
      this.#socket.send(packet);
    }
  }

  async idle() {}

  async pause() {}

  async sayClose() {
    this.#on.note("The WebSocket is closed with a Close frame; Engine.IO sends no packet for it.");
  }

  stop() {
    this.#isOver = true;
    this.#socket.close();
  }
}

/** A close code and its reason in words (RFC 6455 §7.4.1). */
export function closeText(code, reason) {
  const known = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "data of a kind that is not taken",
    1005: "no code given",
    1006: "no Close frame: the connection broke",
    1007: "data that does not fit its type",
    1008: "against the server's policy",
    1009: "message too big",
    1010: "an extension is missing",
    1011: "an error in the server",
    1012: "the server restarts",
    1013: "try again later",
  };
  const words = known[code] ? `${code}, ${known[code]}` : String(code);
  return `the WebSocket was closed: ${words}${reason ? `: ${reason}` : ""}`;
}

function address(origin, path, transport, sid) {
  const url = new URL(path, origin);
  url.searchParams.set("EIO", "4");
  url.searchParams.set("transport", transport);
  if (sid) url.searchParams.set("sid", sid);
  return url;
}

function inShort(url) {
  return url.pathname + url.search;
}

function carrierName(request, number, index, count) {
  return `${request} ${number}${count > 1 ? `, packet ${index + 1} of ${count}` : ""}`;
}

/** What a server says where it refuses a request. */
function refusal(body) {
  try {
    const { code, message } = JSON.parse(body);
    return `${message} (Engine.IO error code ${code})`;
  } catch {
    return body.slice(0, 200) || "without a word";
  }
}
