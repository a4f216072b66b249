// npm's WebSocket server `ws`, at a free port of the loopback interface: it sends back what it gets.
// Its first line tells the port. It ends with its standard input.
const { WebSocketServer } = require("ws");

const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    perMessageDeflate: process.argv[2] === "deflate" ? { threshold: 0 } : false,
    handleProtocols: (offered) => (offered.has("chat") ? "chat" : false),
});
server.on("listening", () => console.log(`listening ${server.address().port}`));
server.on("connection", (socket) => {
    socket.on("close", (code) => console.log(`closed ${code}`));
    socket.on("message", (data, isBinary) => {
        if (!isBinary && data.toString() === "close me") return socket.close(4001, "as you wish");
        if (!isBinary && data.toString() === "ping me") return socket.ping("beat");
        socket.send(data, { binary: isBinary });
    });
});
process.stdin.on("end", () => process.exit(0)).resume();
