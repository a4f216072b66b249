// Takes packets apart with the testing page's own reader and asserts that the parts, the words and the bytes are right.
import assert from "node:assert/strict";
import { fromBase64, fromHex, toBase64, toHex, visible } from "../../src/live/page/bytes.js";
import { Explainer } from "../../src/live/page/explain.js";
import { putBack, readEngine, readSocket, writeSocket } from "../../src/live/page/packet.js";

const placeholder = (num) => `{"_placeholder":true,"num":${num}}`;

// texts that are split into parts, which together are the text
for (const [text, parts, terms] of [
  ["1", ["1"], "Engine.IO 1 close"],
  ["2", ["2"], "Engine.IO 2 ping"],
  ["3", ["3"], "Engine.IO 3 pong"],
  ["2probe", ["2", "probe"], "Engine.IO 2 ping, with the word probe"],
  ["3probe", ["3", "probe"], "Engine.IO 3 pong, with the word probe"],
  ["5", ["5"], "Engine.IO 5 upgrade"],
  ["6", ["6"], "Engine.IO 6 noop"],
  ["40", ["4", "0"], "Engine.IO 4 message, Socket.IO 0 CONNECT"],
  [
    '40/admin,{"token":"123"}',
    ["4", "0", "/admin,", '{"token":"123"}'],
    "Engine.IO 4 message, Socket.IO 0 CONNECT in the namespace /admin, with auth",
  ],
  [
    "41/admin,",
    ["4", "1", "/admin,"],
    "Engine.IO 4 message, Socket.IO 1 DISCONNECT in the namespace /admin",
  ],
  [
    "41/admin",
    ["4", "1", "/admin"],
    "Engine.IO 4 message, Socket.IO 1 DISCONNECT in the namespace /admin",
  ],
  [
    '42["hey","Jude"]',
    ["4", "2", '["hey","Jude"]'],
    'Engine.IO 4 message, Socket.IO 2 EVENT: hey("Jude")',
  ],
  [
    '42/chat,12["x"]',
    ["4", "2", "/chat,", "12", '["x"]'],
    "Engine.IO 4 message, Socket.IO 2 EVENT in the namespace /chat, asks for acknowledgment 12: x()",
  ],
  [
    '423["chat message","hi"]',
    ["4", "2", "3", '["chat message","hi"]'],
    'Engine.IO 4 message, Socket.IO 2 EVENT, asks for acknowledgment 3: chat message("hi")',
  ],
  ["4312[]", ["4", "3", "12", "[]"], "Engine.IO 4 message, Socket.IO 3 ACK, acknowledgment 12: ()"],
  [
    '44/x,{"message":"no"}',
    ["4", "4", "/x,", '{"message":"no"}'],
    'Engine.IO 4 message, Socket.IO 4 CONNECT_ERROR in the namespace /x: "no"',
  ],
  [
    `451-["pic",${placeholder(0)}]`,
    ["4", "5", "1-", `["pic",${placeholder(0)}]`],
    "Engine.IO 4 message, Socket.IO 5 BINARY_EVENT, 1 attachment to follow: pic(<attachment 0>)",
  ],
  [
    "4610-/a,3[]",
    ["4", "6", "10-", "/a,", "3", "[]"],
    "Engine.IO 4 message, Socket.IO 6 BINARY_ACK in the namespace /a, 10 attachments to follow, acknowledgment 3: ()",
  ],
  ["bAQIDBA==", ["b", "AQIDBA=="], "Engine.IO b, a binary message: 4 bytes"],
  ["b", ["b"], "Engine.IO b, a binary message: 0 bytes"],
]) {
  const told = new Explainer().explain(text, "sent");
  assert.equal(told.fault, null, text);
  assert.deepEqual(
    told.parts.map((part) => part.text),
    parts,
    text,
  );
  assert.equal(told.terms, terms, text);
  assert.ok(/[.?]$/.test(told.plain), text);
  assert.ok(
    told.parts.every((part) => part.kind && part.label),
    text,
  );
}

// what is no packet is shown whole all the same, and the same texts are refused as elsewhere
for (const text of [
  "",
  "7",
  "x",
  " 4",
  "ä",
  "b*",
  "4",
  "47",
  "4x",
  "45[]",
  "450-[]",
  "45-[]",
  "451",
  "451x-[]",
  '4511-["a"]',
  '4299999999999999999999["a"]',
  "40[]",
  "40null",
  "41{}",
  "42{}",
  "42[]",
  '42["a"',
  '42["connect"]',
  '42["\\u0063onnect"]',
  "42[null]",
  "43{}",
  "44[]",
  '42["a"]x',
]) {
  const told = new Explainer().explain(text, "received");
  assert.ok(told.fault, text);
  assert.equal(told.parts.map((part) => part.text).join(""), text);
}

// the handshake
const open =
  '0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}';
const handshake = new Explainer().explain(open, "received");
assert.deepEqual(
  handshake.fields.map((field) => field.name),
  ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"],
);
assert.ok(handshake.fields.every((field) => field.meaning));
assert.deepEqual(
  handshake.parts.map((part) => part.text),
  ["0", open.slice(1)],
);

// what passed before says what an attachment and an answer belong to
const explainer = new Explainer();
explainer.explain(`452-7["two",${placeholder(0)},${placeholder(1)}]`, "sent");
assert.match(explainer.explain("2", "received").terms, /ping/);
assert.match(explainer.explain(Uint8Array.of(1, 255), "sent").terms, /attachment 1 of 2, 2 bytes/);
const second = explainer.explain("bAQ==", "sent");
assert.match(second.terms, /attachment 2 of 2, 1 byte$/);
assert.match(second.plain, /the event "two"/);
assert.match(explainer.explain(Uint8Array.of(1), "sent").plain, /no packet before them announced/);
assert.match(explainer.explain("437[]", "received").plain, /to the event "two"/);
assert.doesNotMatch(explainer.explain("437[]", "received").plain, /two/);

// nothing makes it throw, and JSON that is too deep is a fault
assert.equal(
  typeof new Explainer().explain(`42["a",${"[".repeat(1e5)}${"]".repeat(1e5)}]`, "received").terms,
  "string",
);
for (let code = 0; code < 0x300; code++)
  new Explainer().explain(`4${String.fromCharCode(code)}1-["a"]`, "received");

// a plain WebSocket has no prefixes
const plain = new Explainer({ isPlain: true });
assert.deepEqual(
  plain.explain('42["hi"]', "sent").parts.map((part) => part.text),
  ['42["hi"]'],
);
assert.match(plain.explain(open, "received").plain, /speaks Socket.IO/);
assert.deepEqual(
  plain.explain(Uint8Array.of(0, 16), "sent").parts.map((part) => part.text),
  ["00 10"],
);

// packets are written as they are read
for (const packet of [
  { type: "EVENT", nsp: "/", data: ["hey", "Jude", { a: [1, null] }] },
  { type: "EVENT", nsp: "/chat", id: 12, data: ["x"] },
  { type: "ACK", nsp: "/", id: 0, data: [] },
  { type: "DISCONNECT", nsp: "/admin" },
  { type: "CONNECT", nsp: "/", data: { token: "1" } },
]) {
  const { text, attachments } = writeSocket(packet);
  const { texts, attachments: none, ...read } = readSocket(text);
  assert.deepEqual([read, none, attachments], [packet, 0, []], text);
}
const bytes = [Uint8Array.of(1, 2), Uint8Array.of()];
const written = writeSocket({ type: "EVENT", nsp: "/", data: ["pic", { a: bytes[0] }, bytes[1]] });
assert.equal(written.text, `52-["pic",{"a":${placeholder(0)}},${placeholder(1)}]`);
assert.deepEqual(putBack(readSocket(written.text).data, written.attachments), [
  "pic",
  { a: bytes[0] },
  bytes[1],
]);
assert.throws(() => putBack(["pic", { _placeholder: true, num: 2 }], bytes));
assert.throws(() => putBack(["pic", { _placeholder: true, num: "length" }], bytes));
assert.deepEqual(readEngine("bAQI=").bytes, Uint8Array.of(1, 2));

// bytes and texts
const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
assert.deepEqual(fromBase64(toBase64(all)), all);
assert.deepEqual(fromHex(toHex(all)), all);
assert.deepEqual(fromHex("0x01, 0xFF"), Uint8Array.of(1, 255));
for (const none of ["1", "xy", "012"]) assert.equal(fromHex(none), null);
assert.equal(visible("a\x1eb\u202e\n\u{1f600}é"), "a\\x1eb\\u{202e}\\n\u{1f600}é");
console.log("all is explained");
