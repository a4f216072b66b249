// npm's Socket.IO server, at a free port of the loopback interface: what the tests of `connect` speak with.
// Its first line tells the port; then one line for each client that comes or goes. It ends with its standard input.
const { createServer } = require("http");
const { Server } = require("socket.io");

const http = createServer();
const io = new Server(http, JSON.parse(process.argv[2] || "{}"));

const on = (nsp) => nsp.on("connection", (socket) => {
    console.log(`connection ${socket.nsp.name}`);
    socket.emit("hello", { auth: socket.handshake.auth, transport: socket.conn.transport.name });
    socket.on("disconnect", (reason) => console.log(`disconnect ${socket.nsp.name}: ${reason}`));
    socket.on("echo", (...args) => {
        const answer = typeof args.at(-1) === "function" ? args.pop() : () => {};
        socket.emit("echoed", ...args);
        answer(...args);
    });
    socket.on("ask", () => socket.emit("question", 1, (...answer) => socket.emit("heard", ...answer)));
    socket.on("transport", (answer) => answer(socket.conn.transport.name));
    socket.on("silent", () => {});
    socket.on("bye", () => socket.disconnect());
    socket.on("bye session", () => socket.disconnect(true));
});

on(io);
const admin = io.of("/admin");
admin.use((socket, next) => {
    if (socket.handshake.auth.token === "sesame") return next();
    const error = new Error("not you");
    error.data = { hint: "token" };
    next(error);
});
on(admin);

http.listen(0, "127.0.0.1", () => console.log(`listening ${http.address().port}`));
process.stdin.on("end", () => process.exit(0)).resume();
