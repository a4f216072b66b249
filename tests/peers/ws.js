// npm's ws against a WebSocket echo with the subprotocol "chat". Says "done" when all went as it must.
//
//     node ws.js URL [deflate]
const assert = require("assert");
const WebSocket = require("ws");
const [url, deflate] = process.argv.slice(2);

const once = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));

(async () => {
  const socket = new WebSocket(url, ["other", "chat"], { perMessageDeflate: deflate ? { threshold: 0 } : false });
  await once(socket, "open");
  assert.strictEqual(socket.protocol, "chat");
  assert.strictEqual(socket.extensions, deflate ? "permessage-deflate" : "");
  for (const message of ["hi", "", "ä€😀", "x".repeat(300_000), Buffer.alloc(0), Buffer.alloc(70_000, 1)]) {
    const came = once(socket, "message");
    socket.send(message);
    const [data, isBinary] = await came;
    assert.strictEqual(isBinary, typeof message !== "string");
    assert.ok(data.equals(Buffer.from(message)));
  }
  // in fragments, with a ping between
  const came = once(socket, "message");
  const pong = once(socket, "pong");
  socket.send("frag", { fin: false });
  socket.ping("between");
  socket.send("ments", { fin: true });
  assert.strictEqual((await came)[0].toString(), "fragments");
  assert.strictEqual((await pong)[0].toString(), "between");
  socket.close(1001, "bye");
  assert.strictEqual((await once(socket, "close"))[0], 1001);
  const refused = new WebSocket(url.replace("/echo", "/elsewhere"));
  const [, response] = await once(refused, "unexpected-response");
  assert.strictEqual(response.statusCode, 404);
  console.log("done");
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
