// npm's socket.io server, to be measured: echoes, and tells all. Prints the port that it listens at.
const { createServer } = require("http");
const { Server } = require("socket.io");

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });
io.on("connection", (socket) => {
  socket.on("echo", (...args) => socket.emit("echo", ...args));
  socket.on("all", (...args) => io.emit("all", ...args));
});
http.listen(0, "127.0.0.1", () => console.log(`listening at http://127.0.0.1:${http.address().port}/`));
