// Reads and writes packets with npm's engine.io-parser and socket.io-parser: one request in JSON a line on standard
// input, one answer a line on standard output.
const engine = require("engine.io-parser");
const { Decoder, Encoder } = require("socket.io-parser");

const bytes = (packet) =>
  Buffer.isBuffer(packet.data) ? { type: packet.type, bytes: packet.data.toString("hex") } : packet;

const answers = {
  decodePayload: (text) => engine.decodePayload(text).map(bytes),
  encodePayload: (packets) => {
    const plain = ({ type, data, bytes }) =>
      bytes === undefined ? { type, data } : { type, data: Buffer.from(bytes, "hex") };
    let body;
    engine.encodePayload(packets.map(plain), (text) => (body = text));
    return body;
  },
  decode: (text) => {
    try {
      return new Decoder().decodeString(text);
    } catch (error) {
      return null;
    }
  },
  encode: (packet) => {
    // attachments stand in the data as {"hex": …}
    const data = JSON.parse(JSON.stringify(packet.data), (_, value) =>
      value && value.hex !== undefined ? Buffer.from(value.hex, "hex") : value);
    return new Encoder().encode({ ...packet, data })[0];
  },
};

const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
for (const line of lines) {
  const [[what, input]] = Object.entries(JSON.parse(line));
  console.log(JSON.stringify(answers[what](input)));
}
