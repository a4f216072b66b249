// npm's ws as a peer. `client PORT MODE` talks to an echo server and checks what comes back; `server MODE` is an echo
// server, and says its port first. MODE is `plain`, `deflate`, or `small`: windows of 512 bytes that are forgotten.
const { WebSocket, WebSocketServer } = require("ws");

const SIZES = [0, 1, 124, 125, 126, 127, 1023, 1024, 65534, 65535, 65536, 65537, 300000];
const CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];

const deflate = {
  plain: false,
  deflate: { threshold: 0 },
  small: {
    threshold: 0,
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
    serverMaxWindowBits: 9,
    clientMaxWindowBits: 9,
  },
};

const text = (size) => "layerwalk ✓ ".repeat(size).slice(0, size);
const bytes = (size) => Buffer.from(Array.from({ length: size }, (_, i) => (i * i) >> 3));
const next = (ws, event) =>
  new Promise((resolve, reject) => {
    ws.once(event, (...args) => resolve(args));
    ws.once("error", reject);
  });
const check = (is, what) => {
  if (!is) throw new Error(what);
};

async function open(port, mode) {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: deflate[mode] });
  await next(ws, "open");
  check(ws.extensions === (mode === "plain" ? "" : "permessage-deflate"), `extensions: ${ws.extensions}`);
  return ws;
}

async function talk(port, mode) {
  const ws = await open(port, mode);
  for (const size of SIZES) {
    for (const message of [text(size), bytes(size)]) {
      const isBinary = typeof message !== "string";
      const echo = next(ws, "message");
      ws.send(message);
      const [data, binary] = await echo;
      check(binary === isBinary && Buffer.from(message).equals(data), `echo of ${size}`);
      const again = next(ws, "message");
      const half = message.length >> 1;
      ws.send(message.slice(0, half), { fin: false });
      ws.ping("between");
      ws.send(message.slice(half), { fin: true });
      const [whole] = await again;
      check(Buffer.from(message).equals(whole), `echo of ${size} in fragments`);
    }
  }
  const pong = next(ws, "pong");
  ws.ping("now");
  check((await pong)[0].toString() === "now", "pong");
  ws.close();
  check((await next(ws, "close"))[0] === 1005, "a Close without a code");
  for (const code of CODES) {
    const ws = await open(port, mode);
    ws.close(code, "why ✓");
    const [heard] = await next(ws, "close");
    check(heard === code, `${code} was answered with ${heard}`);
  }
  console.log("done");
}

function serve(mode) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: deflate[mode] });
  server.on("listening", () => console.log(server.address().port));
  server.on("connection", (ws) =>
    ws.on("message", (data, isBinary) => {
      const close = isBinary ? null : /^close (\d+)$/.exec(data.toString());
      if (close) ws.close(Number(close[1]), "as you wish");
      else ws.send(data, { binary: isBinary });
    }),
  );
}

setTimeout(() => process.exit(2), 120000).unref();
const [role, ...rest] = process.argv.slice(2);
if (role === "server") serve(...rest);
else
  talk(...rest).then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
