// The page: its forms, its state, and what was heard.

import { fromHex } from "./bytes.js";
import { Explainer, list } from "./explain.js";
import { PacketLog, element, timeElement } from "./log.js";
import { RESERVED_EVENTS } from "./packet.js";
import { Plain } from "./plain.js";
import { Client } from "./socket.js";

/** So many entries of what was heard are kept. */
const MOST_HEARD = 200;
/** A larger file is not sent, in bytes. */
const MOST_FILE = 16_000_000;

const MARKS = { disconnected: "○", connecting: "◔", waiting: "◔", connected: "●" };

const byId = (id) => document.getElementById(id);
const log = new PacketLog({
  list: byId("packets"),
  scroll: byId("scroll"),
  announcer: byId("announcer"),
  onHeld: showHeld,
});

let client = null;
let state = "disconnected";
let explainer = new Explainer();

const preset = document.body.dataset;
const isPreset = preset.transport === "plain";
if (isPreset) byId("transport").value = "plain";
byId("url").value = location.origin + ((isPreset && preset.path) || "");
if (!isPreset && preset.path) byId("path").value = preset.path;
byId("connect").addEventListener("submit", take(connect));
byId("disconnect").addEventListener("click", () => state !== "disconnected" && client.disconnect());
byId("transport").addEventListener("change", showTransport);
byId("emit").addEventListener("submit", take(emit));
byId("send").addEventListener("submit", take(send));
byId("binary").addEventListener("change", showBinary);
byId("filter").addEventListener("input", filterHeard);
byId("pause").addEventListener("click", pause);
byId("clear").addEventListener("click", () => log.clear());
byId("download").addEventListener("click", download);
byId("hide-heartbeat").addEventListener("change", ({ target }) => {
  byId("packets").classList.toggle("without-heartbeat", target.checked);
});
byId("open-help").addEventListener("click", () => byId("help").showModal());
byId("quick").addEventListener(
  "click",
  ({ target }) => target.dataset.quick && quick(target.dataset.quick),
);
addEventListener("pagehide", () => state !== "disconnected" && client.disconnect());
// a browser may keep what was chosen when the page is loaded again
showTransport();
showBinary();
showState("disconnected", "");

/** Handles a form without sending it anywhere. */
function take(what) {
  return (event) => {
    event.preventDefault();
    what();
  };
}

function connect() {
  if (state !== "disconnected") return;
  const isPlain = byId("transport").value === "plain";
  try {
    client = isPlain ? plainClient() : socketClient();
  } catch (error) {
    return showState("disconnected", error.message);
  }
  try {
    client.connect();
  } catch (error) {
    showState("disconnected", `the browser does not connect: ${error.message}`);
  }
}

/** What both kinds of client tell. */
function common(isPlain) {
  return {
    begin: () => (explainer = new Explainer({ isPlain })),
    state: (name, detail) => {
      showState(name, detail);
      const isLost = name === "waiting" || name === "disconnected";
      if (isLost) log.addNote(`${nameOf(name)}: ${detail}.`);
    },
    packet: (packet) => log.addPacket(packet, explainer.explain(packet.raw, packet.direction)),
    note: (text) => log.addNote(text),
  };
}

function plainClient() {
  const on = { ...common(true), message: (message) => hear("message", list([message]), "") };
  return new Plain({ url: readUrl() }, on);
}

function socketClient() {
  const url = readUrl();
  if (url.pathname !== "/") {
    // as npm's client takes it: io("http://example/admin") means the namespace /admin
    byId("nsp").value = url.pathname;
    byId("url").value = url.origin;
    byId("more").open = true;
  }
  const slashed = (id) => `/${byId(id).value.trim().replace(/^\//, "")}`;
  const options = {
    origin: url.origin,
    path: slashed("path").replace(/\/?$/, "/"),
    nsp: slashed("nsp"),
    transports: byId("transport").value.split(","),
    auth: readAuth(),
  };
  if (options.nsp.includes(",")) throw new Error("a namespace has no comma in its name");
  const on = { ...common(false), event: hearEvent, acknowledged: hearAnswer, unanswered: hearNone };
  return new Client(options, on);
}

function readUrl() {
  const text = byId("url").value.trim();
  const whole = /^[a-z]+:\/\//i.test(text) ? text.replace(/^ws/i, "http") : `http://${text}`;
  const url = URL.parse?.(whole) ?? tryUrl(whole);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new Error(`${text} is no address of a server, such as http://localhost:3000`);
  }
  return url;
}

function tryUrl(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

function readAuth() {
  const text = byId("auth").value.trim();
  if (!text) return undefined;
  let auth;
  try {
    auth = JSON.parse(text);
  } catch {
    auth = null;
  }
  if (typeof auth !== "object" || auth === null || Array.isArray(auth)) {
    throw new Error('auth is a JSON object, such as {"token": "secret"}');
  }
  return auth;
}

async function emit() {
  const error = byId("emit-error");
  error.textContent = "";
  const name = byId("event").value;
  try {
    if (RESERVED_EVENTS.includes(name))
      throw new Error(`${name} is an event of the library itself, and is not emitted.`);
    const args = [...readArgs(byId("args").value), ...(await readBinary())];
    emitNow(name, args, byId("ask").checked);
  } catch (problem) {
    error.textContent = problem.message;
  }
}

/** What a button of the chat emits; the server's chat answers who joins or leaves. */
function quick(name) {
  const [text, room] = [byId("chat-text").value, byId("chat-room").value];
  const args = { "chat message": [text], join: [room], leave: [room], to: [room, text] }[name];
  emitNow(name, args, name === "join" || name === "leave" || byId("ask").checked);
}

function emitNow(name, args, asks) {
  if (state === "disconnected") return;
  const within = Math.max(Number(byId("within").value), 0.1) * 1000 || 5000;
  const went = client.emit(name, args, asks ? within : undefined);
  if (!went) hear(name, list(args), "kept until there is a connection");
}

/** JSON values, one a line, or one array of all. */
function readArgs(text) {
  if (!text.trim()) return [];
  const whole = tryJson(text);
  if (whole) return Array.isArray(whole.value) ? whole.value : [whole.value];
  return text
    .split("\n")
    .filter((line) => line.trim())
    .map((line) => {
      const read = tryJson(line);
      if (!read)
        throw new Error(
          `This is no JSON: ${line.trim()}. Text stands in quotes: ${JSON.stringify(line.trim())}`,
        );
      return read.value;
    });
}

function tryJson(text) {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

/** The bytes that are an argument, in a list; an empty one where there are none. */
async function readBinary() {
  switch (byId("binary").value) {
    case "hex":
      return [readHex(byId("hex").value)];
    case "file": {
      const file = byId("file").files[0];
      if (!file) throw new Error("Choose a file, or no binary argument.");
      if (file.size > MOST_FILE) throw new Error(`${file.name} is larger than ${MOST_FILE} bytes.`);
      return [new Uint8Array(await file.arrayBuffer())];
    }
    default:
      return [];
  }
}

function readHex(text) {
  const bytes = fromHex(text);
  if (!bytes) throw new Error(`These are no hexadecimal digits, two a byte: ${text}`);
  return bytes;
}

function send() {
  const error = byId("send-error");
  error.textContent = "";
  if (state !== "connected") return;
  const text = byId("message").value;
  try {
    client.send(byId("message-kind").value === "hex" ? readHex(text) : text);
  } catch (problem) {
    error.textContent = problem.message;
  }
}

function hearEvent({ name, args, id, answer }) {
  let what = "";
  if (answer && byId("answer").checked) {
    const values = tryAnswer();
    answer(values);
    what = `answered, acknowledgment ${id}: (${list(values)})`;
  } else if (answer) {
    what = `asks for acknowledgment ${id}, which is not answered`;
  }
  hear(name, list(args), what);
}

function tryAnswer() {
  try {
    return readArgs(byId("answer-args").value);
  } catch {
    return [byId("answer-args").value];
  }
}

function hearAnswer({ id, name, args, after }) {
  hear(
    name,
    list(args),
    `acknowledgment ${id}, after ${after.toFixed(after < 10 ? 1 : 0)} ms`,
    "answer to ",
  );
}

function hearNone({ id, name, within }) {
  hear(name, "", `no acknowledgment ${id} within ${within / 1000} s`, "no answer to ");
}

/** Adds an entry to what was heard, the newest first. */
function hear(name, args, what, before = "") {
  const title = element("strong", "", before + name);
  const made = element("li", "", element("p", "", title, " ", timeElement(new Date())));
  if (args) made.append(element("p", "", element("code", "", args)));
  if (what) made.append(element("p", "hint", what));
  made.dataset.name = name;
  const entries = byId("heard");
  entries.prepend(made);
  while (entries.childElementCount > MOST_HEARD) entries.lastElementChild.remove();
  byId("nothing-heard").hidden = true;
  filterHeard();
}

function filterHeard() {
  const wanted = byId("filter").value.trim().toLowerCase();
  for (const entry of byId("heard").children) {
    entry.hidden = !entry.dataset.name.toLowerCase().includes(wanted);
  }
}

function showState(name, detail) {
  state = name;
  const carrier = client?.carrier === "websocket" ? "WebSocket" : "polling";
  byId("mark").textContent = MARKS[name];
  byId("state").dataset.state = name;
  byId("state-name").textContent = nameOf(name, carrier);
  byId("state-detail").replaceChildren(element("span", "", detail));
  const ids =
    name === "connected" && client.id
      ? [` socket id ${client.id}`, `session id ${client.sessionId}`]
      : [];
  byId("ids").replaceChildren(element("span", "", ids.join(", ")));
  byId("ids").hidden = !ids.length;
  const isOver = name === "disconnected";
  setEnabled(byId("connect-now"), isOver);
  setEnabled(byId("disconnect"), !isOver);
  const canSpeak = client instanceof Plain ? name === "connected" : !isOver;
  document.querySelectorAll(".needs-connection").forEach((button) => setEnabled(button, canSpeak));
}

function nameOf(name, carrier) {
  if (name === "waiting") return "waiting to reconnect";
  return name === "connected" ? `connected over ${carrier}` : name;
}

/** A button that cannot be used now keeps the focus, and says so. */
function setEnabled(button, isEnabled) {
  button.setAttribute("aria-disabled", String(!isEnabled));
}

function showTransport() {
  const isPlain = byId("transport").value === "plain";
  document.querySelectorAll(".for-socketio").forEach((part) => (part.hidden = isPlain));
  document.querySelectorAll(".for-plain").forEach((part) => (part.hidden = !isPlain));
}

function showBinary() {
  byId("hex-field").hidden = byId("binary").value !== "hex";
  byId("file-field").hidden = byId("binary").value !== "file";
}

function pause() {
  const isPaused = byId("pause").getAttribute("aria-pressed") !== "true";
  byId("pause").setAttribute("aria-pressed", String(isPaused));
  byId("pause").textContent = isPaused ? "Go on" : "Pause";
  log.pause(isPaused);
}

function showHeld(count, isPaused) {
  byId("held").textContent = isPaused
    ? `The list is paused, the connection is not: ${count} wait.`
    : "";
  byId("no-packets").hidden = byId("packets").childElementCount > 0;
}

function download() {
  const url = URL.createObjectURL(new Blob([log.text()], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "packets.txt";
  link.click();
  URL.revokeObjectURL(url);
}
