// A client of npm's, this or an older one, against a server of tests/peers/served.toml: everything a client can ask
// for, one thing after the other. Says "done" when all went as it must.
//
//     node client.js LIBRARY URL polling|websocket|upgrade [deflate]
const assert = require("assert");
const [library, url, way, deflate] = process.argv.slice(2);
const { io } = require(library);

const transports = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] }[way];
const options = { transports, forceNew: true, auth: { name: "Ada" }, perMessageDeflate: deflate ? { threshold: 0 } : false };

const once = (socket, event) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event} came`)), 20000);
    socket.once(event, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });

const ask = (socket, ...event) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer to ${event[0]}`)), 20000);
    socket.emit(...event, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });

/** Whatever was sent to this client before has come. */
const barrier = (socket) => ask(socket, "ask");

async function connect(nsp = "") {
  const socket = io(url + nsp, options);
  const [auth, id, name] = await once(socket, "hello");
  assert.deepStrictEqual([auth, id, name], [{ name: "Ada" }, socket.id, nsp || "/"]);
  if (way === "upgrade" && socket.io.engine.transport.name === "polling") await once(socket.io.engine, "upgrade");
  assert.strictEqual(socket.io.engine.transport.name, way === "polling" ? "polling" : "websocket");
  if (deflate) {
    const extensions = socket.io.engine.transport.ws.extensions;
    assert.ok(extensions.includes("permessage-deflate"), extensions);
  }
  return socket;
}

/** All that comes of this event, as it comes. */
function collect(socket, event) {
  const all = [];
  socket.on(event, (...args) => all.push(args));
  return all;
}

const VALUES = [
  ["hi"],
  [],
  [1, -2.5, true, null, "ä€😀 \u0000 \u001e \" \\"],
  [{ a: [1, { b: "c" }], e: {} }, []],
  ["a".repeat(200_000)],
  [Buffer.from([1, 2, 3])],
  [Buffer.alloc(70_000, 7), { deep: [Buffer.alloc(0), "text", Buffer.from("x")] }, 5],
];

async function events(socket) {
  for (const value of VALUES) {
    const came = once(socket, "echo");
    socket.emit("echo", ...value);
    assert.deepStrictEqual(await came, value);
    assert.deepStrictEqual(await ask(socket, "ask", ...value), value);
  }
  const all = collect(socket, "echo");
  for (let i = 0; i < 300; i++) socket.emit("echo", i, i % 7 ? "text" : Buffer.from([i % 256]));
  await barrier(socket);
  assert.deepStrictEqual(all.map(([i]) => i), [...Array(300).keys()]);
  socket.off("echo");
}

async function questions(socket) {
  socket.once("question", (value, answer) => answer(value, Buffer.from([1])));
  const answered = once(socket, "answered");
  socket.emit("question me", { a: 1 });
  assert.deepStrictEqual(await answered, [{ a: 1 }, Buffer.from([1])]);
  socket.once("question", () => {});
  const unanswered = once(socket, "unanswered");
  socket.emit("question me");
  assert.deepStrictEqual(await unanswered, ["question"]);
}

async function rooms() {
  const [a, b, c] = [await connect(), await connect(), await connect()];
  const heard = [a, b, c].map((socket) => collect(socket, "said"));
  const check = async (sender, event, args, expected) => {
    sender.emit(event, ...args);
    await barrier(sender);
    await Promise.all([a, b, c].map(barrier));
    assert.deepStrictEqual(heard.map((own) => own.splice(0)), expected, event);
  };
  for (const socket of [a, b]) assert.deepStrictEqual(await ask(socket, "join", "red"), ["red"]);
  await check(c, "to room", ["red", "x"], [[["x"]], [["x"]], []]);
  await check(a, "to others in room", ["red", "x"], [[], [["x"]], []]);
  await check(b, "to all but room", ["red", "x"], [[], [], [["x"]]]);
  const bytes = Buffer.from([1, 2]);
  await check(a, "to all", [1, bytes], [[[1, bytes]], [[1, bytes]], [[1, bytes]]]);
  await check(a, "to others", [1, bytes], [[], [[1, bytes]], [[1, bytes]]]);
  await ask(b, "leave", "red");
  await check(c, "to room", ["red", "y"], [[["y"]], [], []]);
  const left = collect(a, "left");
  const id = b.id;
  b.disconnect();
  c.disconnect();
  while (!left.some(([gone]) => gone === id)) await barrier(a);
  assert.deepStrictEqual(left.find(([gone]) => gone === id), [id, "client namespace disconnect"]);
  a.disconnect();
}

async function namespaces() {
  const root = await connect();
  const chat = root.io.socket("/chat", { auth: { name: "Ada" } });
  const closed = root.io.socket("/closed", { auth: { name: "Ada" } });
  const nowhere = root.io.socket("/nowhere");
  const hello = once(chat, "hello");
  const failures = [closed, nowhere].map((socket) => once(socket, "connect_error"));
  assert.deepStrictEqual(await hello, [{ name: "Ada" }, chat.id, "/chat"]);
  const [[refused], [invalid]] = await Promise.all(failures);
  assert.deepStrictEqual([refused.message, refused.data], ["not for Ada", { code: 7 }]);
  assert.deepStrictEqual([invalid.message, invalid.data], ["Invalid namespace", undefined]);
  const elsewhere = collect(root, "said");
  const here = once(chat, "said");
  chat.emit("to all", "only here");
  assert.deepStrictEqual(await here, ["only here"]);
  await events(chat);
  await barrier(root);
  assert.deepStrictEqual(elsewhere, []);
  chat.disconnect();
  await barrier(root);
  root.disconnect();
}

async function disconnection() {
  const socket = await connect();
  const id = socket.id;
  let gone = once(socket, "disconnect");
  socket.emit("send me away");
  assert.strictEqual((await gone)[0], "io server disconnect");
  const again = once(socket, "hello");
  socket.connect();
  await again;
  assert.notStrictEqual(socket.id, id);
  await barrier(socket);
  const reasons = [];
  socket.on("disconnect", (reason) => reasons.push(reason));
  gone = once(socket, "disconnect");
  socket.emit("end my session");
  await gone;
  // the end of the session is told after it, and is no second end
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepStrictEqual(reasons, ["io server disconnect"]);
  socket.disconnect();
}

(async () => {
  const socket = await connect();
  await events(socket);
  console.log("events");
  await questions(socket);
  console.log("questions");
  socket.disconnect();
  await rooms();
  console.log("rooms");
  await namespaces();
  console.log("namespaces");
  await disconnection();
  console.log("done");
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
