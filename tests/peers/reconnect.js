// A client of npm's whose server goes and comes back. Says "connected" each time it is, and "disconnected REASON".
//
//     node reconnect.js LIBRARY URL polling|websocket|upgrade
const [library, url, way] = process.argv.slice(2);
const { io } = require(library);

const transports = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] }[way];
const socket = io(url, { transports, reconnectionDelay: 50, reconnectionDelayMax: 200, auth: { name: "Ada" } });
socket.on("disconnect", (reason) => console.log(`disconnected: ${reason}`));
socket.on("hello", () => {
  socket.emit("ask", Buffer.from([1]), (bytes) => {
    const engine = socket.io.engine;
    const upgrades = way === "upgrade" && engine.transport.name === "polling";
    if (upgrades) engine.once("upgrade", () => console.log(`connected, answered ${bytes.length}`));
    else console.log(`connected, answered ${bytes.length}`);
  });
});
