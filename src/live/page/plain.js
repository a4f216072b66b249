// A plain WebSocket, for servers that speak no Socket.IO.

import { closeText } from "./engine.js";

/** Tells `on` what a Socket.IO client would tell, as far as it is there: `state`, `message`, `packet` and `note`. */
export class Plain {
  carrier = "websocket";
  #url;
  #on;
  #socket = null;
  #isLeaving = false;

  constructor({ url }, on) {
    this.#url = url;
    this.#on = on;
  }

  connect() {
    this.#on.begin();
    this.#on.state("connecting", "");
    this.#on.note(
      `GET ${this.#url.pathname + this.#url.search} with Upgrade: websocket opens a WebSocket.`,
    );
    const socket = new WebSocket(this.#url.href.replace(/^http/, "ws"));
    let isOpen = false;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      isOpen = true;
      this.#on.state("connected", "");
    };
    socket.onmessage = ({ data }) => {
      const raw = typeof data === "string" ? data : new Uint8Array(data);
      this.#on.packet({ direction: "received", carrier: "WebSocket", raw });
      this.#on.message(raw);
    };
    socket.onclose = ({ code, reason }) => {
      const isRefused = !isOpen && !this.#isLeaving;
      const why = isRefused
        ? "the server refused the WebSocket, or none is there"
        : closeText(code, reason);
      this.#on.state("disconnected", why);
    };
    this.#socket = socket;
  }

  /** Starts the closing handshake. */
  disconnect() {
    this.#isLeaving = true;
    this.#socket.close(1000);
  }

  /** Sends text, or bytes. */
  send(message) {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#on.packet({ direction: "sent", carrier: "WebSocket", raw: message });
    this.#socket.send(message);
  }
}
