// Connection state recovery: the carrier of a client is cut while others speak on. Says "done" when all went as it must.
//
//     node recovery.js URL polling|websocket|upgrade
const assert = require("assert");
const [url, way] = process.argv.slice(2);
const { io } = require("socket.io-client");

const transports = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] }[way];
const options = { transports, forceNew: true, reconnectionDelay: 300, reconnectionDelayMax: 300 };
const once = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));

async function connect() {
  const socket = io(url, options);
  await once(socket, "connect");
  if (way === "upgrade" && socket.io.engine.transport.name === "polling") await once(socket.io.engine, "upgrade");
  return socket;
}

(async () => {
  const [lost, other] = [await connect(), await connect()];
  const heard = [];
  lost.on("said", (text) => heard.push(text));
  assert.strictEqual(lost.recovered, false);
  await lost.emitWithAck("join", "red");
  other.emit("to room", "red", "before");
  while (heard.length < 1) await lost.emitWithAck("ask");
  const id = lost.id;
  const [gone, left] = [once(lost, "disconnect"), once(other, "left")];
  const engine = lost.io.engine;
  if (engine.transport.name === "websocket") engine.transport.ws.terminate();
  else engine.close();
  const [reason] = await gone;
  assert.notStrictEqual(reason, "io server disconnect");
  const again = once(lost, "connect");
  assert.deepStrictEqual((await left)[0], id);
  other.emit("to room", "red", "missed");
  other.emit("to room", "blue", "not for it");
  other.emit("to others", "missed by all");
  await other.emitWithAck("ask");
  await again;
  assert.strictEqual(lost.recovered, true);
  assert.strictEqual(lost.id, id);
  other.emit("to room", "red", "after");
  while (heard.length < 4) await lost.emitWithAck("ask");
  assert.deepStrictEqual(heard, ["before", "missed", "missed by all", "after"]);
  lost.disconnect();
  const fresh = once(lost, "connect");
  lost.connect();
  await fresh;
  assert.strictEqual(lost.recovered, false);
  assert.notStrictEqual(lost.id, id);
  console.log("done");
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
