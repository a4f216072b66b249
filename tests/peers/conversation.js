// A conversation between npm's socket.io server and client on loopback, with the default transports: polling, then an
// upgrade. Says "done" when all has passed.
const { createServer } = require("http");
const { Server } = require("socket.io");
const { io } = require("socket.io-client");

const http = createServer();
const server = new Server(http, { pingInterval: 300 });
server.of("/closed").use((socket, next) => next(new Error("not you")));
server.of("/chat").on("connection", (socket) => {
  socket.on("chat message", (text, answer) => answer("heard", text));
  socket.on("picture", (bytes, answer) => answer(Buffer.from([3, 2, 1])));
});
server.on("connection", (socket) => socket.emit("welcome", "hello"));

http.listen(8080, "127.0.0.1", async () => {
  const main = io("http://127.0.0.1:8080");
  const heard = (socket, event) => new Promise((resolve) => socket.once(event, resolve));
  await Promise.all([heard(main, "welcome"), heard(main.io.engine, "upgrade")]);
  const chat = main.io.socket("/chat");
  await heard(chat, "connect");
  await chat.emitWithAck("chat message", "hi");
  await chat.emitWithAck("picture", Buffer.from([1, 2, 3]));
  const closed = main.io.socket("/closed");
  await heard(closed, "connect_error");
  await heard(main.io, "ping");
  chat.disconnect();
  main.emit("bye");
  await new Promise((resolve) => server.sockets.sockets.forEach((socket) => socket.once("bye", resolve)));
  main.disconnect();
  await new Promise((resolve) => server.close(resolve));
  console.log("done");
  process.exit(0);
});
