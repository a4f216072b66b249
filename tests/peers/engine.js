// npm's engine.io-client against an Engine.IO server that echoes, tells all others, and sends away who says "away".
// Says "done" when all went as it must.
//
//     node engine.js URL polling|websocket|upgrade
const assert = require("assert");
const { Socket } = require("engine.io-client");
const [url, way] = process.argv.slice(2);

const transports = way === "upgrade" ? ["polling", "websocket"] : [way];
const once = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));

/** A socket that is open, and whose messages are kept until they are asked for. */
const open = async () => {
  const socket = new Socket(url, { path: "/engine.io/", transports });
  socket.binaryType = "arraybuffer";
  const kept = [];
  const waiting = [];
  socket.on("message", (data) => (waiting.length ? waiting.shift()(data) : kept.push(data)));
  socket.next = () => (kept.length ? Promise.resolve(kept.shift()) : new Promise((resolve) => waiting.push(resolve)));
  const upgraded = way === "upgrade" && once(socket, "upgrade");
  await once(socket, "open");
  await upgraded;
  return socket;
};

(async () => {
  const one = await open();
  assert.match(await one.next(), /^welcome, \d+: \d+ there$/);
  for (const message of ["hi", "ä€😀", "42[\"a\"]", "x".repeat(30_000), Uint8Array.of(0, 1, 255).buffer]) {
    one.send(message);
    assert.deepStrictEqual(await one.next(), message);
  }
  const two = await open();
  await two.next();
  two.send('{"kind":"shout","what":"hello"}');
  assert.match(await one.next(), /^\d+ says hello$/);
  await two.next();
  two.send("away");
  await two.next();
  const [reason] = await once(two, "close");
  assert.strictEqual(reason, "transport close");
  assert.match(await one.next(), /^\d+ left: forced close$/);
  // longer than two ping intervals
  await new Promise((resolve) => setTimeout(resolve, 700));
  one.send("still here");
  assert.strictEqual(await one.next(), "still here");
  const closed = once(one, "close");
  one.close();
  await closed;
  // its last POST is still on its way
  await new Promise((resolve) => setTimeout(resolve, 200));
  console.log("done");
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
