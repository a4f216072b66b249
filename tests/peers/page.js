// Drives the testing page of `layerwalk serve` in headless Chromium: `page.js PART LAYERWALK FOLDER`, where the part is
// one of those below, and the folder is for pictures. Says "done" when all has passed. Every wait has an end.
const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { createServer } = require("node:http");
const { createInterface } = require("node:readline");
const { chromium } = require("playwright-core");

const [part, LAYERWALK, FOLDER] = process.argv.slice(2);
const PATIENCE = 30_000;
const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };

/** What is ended at the end. */
const running = [];

/** Starts `layerwalk serve`, and returns it and where it listens. */
async function serve(...args) {
  const server = spawn(LAYERWALK, ["serve", "--listen", "127.0.0.1:0", ...args]);
  running.push(() => server.kill("SIGKILL"));
  const lines = createInterface({ input: server.stdout });
  const [line] = await once(lines, "line", { signal: AbortSignal.timeout(PATIENCE) });
  return { server, url: line.replace("listening at ", "").replace(/\/$/, "") };
}

/** Opens the page. What it may ask for is of these origins; anything else, and any error in it, fails. */
async function open(browser, origins, options = {}) {
  const context = await browser.newContext({ viewport: SIZES.wide, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const faults = [];
  const check = (url) =>
    origins.includes(new URL(url).origin.replace(/^ws/, "http")) ||
    faults.push(`request to ${url}`);
  page.on("request", (request) => /^https?:/.test(request.url()) && check(request.url()));
  page.on("websocket", (socket) => check(socket.url()));
  page.on("console", (message) => faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  await page.goto(`${origins[0]}/`);
  return { page, faults };
}

/** Waits until an element has a text that matches, and returns the text. */
async function text(page, selector, pattern) {
  const match = { source: pattern.source, selector };
  const found = await page
    .waitForFunction(({ source, selector }) => {
      const texts = [...document.querySelectorAll(selector)].map((one) => one.textContent);
      return texts.find((one) => new RegExp(source).test(one)) ?? false;
    }, match)
    .catch(async (error) => {
      const all = await page.$$eval(selector, (found) => found.map((one) => one.textContent));
      throw new Error(`${pattern} is in none of ${JSON.stringify(all, null, 1)}: ${error.message}`);
    });
  return found.jsonValue();
}

/** Waits for a packet in a direction with these parts, and these words in its line. */
async function packet(page, direction, parts, words) {
  const wanted = { direction, joined: parts.join(" | "), words };
  const found = page.waitForFunction(
    ({ direction, joined, words }) =>
      [...document.querySelectorAll(`#packets .${direction}`)].some((row) => {
        const texts = [...row.querySelectorAll(".part code")].map((one) => one.textContent);
        const labels = [...row.querySelectorAll(".part small")].map((one) => one.textContent);
        const isNamed = labels.length === texts.length && labels.every((label) => label !== "");
        const isMarked = row.querySelector(".way").textContent.includes(direction);
        return (
          texts.join(" | ") === joined &&
          isNamed &&
          isMarked &&
          row.querySelector(".terms").textContent.includes(words)
        );
      }),
    wanted,
  );
  await found.catch(async (error) => {
    const rows = await page.$$eval("#packets li", (rows) => rows.map((row) => row.textContent));
    throw new Error(
      `${JSON.stringify(wanted)} is not in ${JSON.stringify(rows, null, 1)}: ${error.message}`,
    );
  });
}

/** Emits by the form. */
async function emit(page, event, args, { asks = false, hex } = {}) {
  await page.fill("#event", event);
  await page.fill("#args", args);
  await page.setChecked("#ask", asks);
  await page.$eval("#binary", (select) => (select.closest("details").open = true));
  await page.selectOption("#binary", hex ? "hex" : "none");
  if (hex) await page.fill("#hex", hex);
  await page.click("#emit [type=submit]");
}

async function connect(page, transport, state) {
  await page.selectOption("#transport", transport);
  await page.click("#connect-now");
  await text(page, "#state-name", state);
}

/** npm's client, connected. */
async function other(url) {
  const { io } = require("socket.io-client");
  const socket = io(url, { reconnection: false, forceNew: true });
  running.push(() => socket.close());
  await heard(socket, "connect");
  return socket;
}

/** The arguments of the next such event. */
function heard(emitter, event) {
  return once(emitter, event, { signal: AbortSignal.timeout(PATIENCE) });
}

const parts = {
  async transports(browser) {
    const { url } = await serve("--ping-interval", "500ms");
    const npm = await other(url);
    for (const [transport, state] of [
      ["polling,websocket", /^connected over WebSocket$/],
      ["polling", /^connected over polling$/],
      ["websocket", /^connected over WebSocket$/],
    ]) {
      const { page, faults } = await open(browser, [url]);
      await connect(page, transport, state);
      await text(page, "#ids", /socket id \S{20}, session id \S{20}/);
      await packet(page, "sent", ["4", "0"], "Engine.IO 4 message, Socket.IO 0 CONNECT");
      const isUpgraded = transport === "polling,websocket";
      if (isUpgraded) {
        await packet(page, "sent", ["2", "probe"], "Engine.IO 2 ping");
        await packet(page, "received", ["3", "probe"], "Engine.IO 3 pong");
        await packet(page, "sent", ["5"], "Engine.IO 5 upgrade");
      }
      // another client's event comes to all
      npm.emit("chat message", "from npm", { to: ["all"] });
      await text(page, "#heard li", /^chat message .*"from npm", \{"to":\["all"\]\}/);
      const said = '["chat message","from npm",{"to":["all"]}]';
      await packet(page, "received", ["4", "2", said], "Socket.IO 2 EVENT: chat message(");
      // an event with an acknowledgment
      await emit(page, "join", '"blue"', { asks: true });
      await text(page, "#heard li", /^answer to join .*"blue".*acknowledgment 0, after/);
      await packet(
        page,
        "sent",
        ["4", "2", "0", '["join","blue"]'],
        'asks for acknowledgment 0: join("blue")',
      );
      await packet(
        page,
        "received",
        ["4", "3", "0", '["blue"]'],
        'Socket.IO 3 ACK, acknowledgment 0: ("blue")',
      );
      npm.emit("to", "blue", "for the room");
      await text(page, "#heard li", /^chat message .*"for the room"/);
      // bytes, both ways: the chat sends them back to all
      const bytes = heard(npm, "chat message");
      await emit(page, "chat message", '"hi"\n{"a": 1}', { hex: "01 02 ff" });
      assert.deepEqual(await bytes, ["hi", { a: 1 }, Buffer.from([1, 2, 255])]);
      await text(page, "#heard li", /<3 bytes: 01 02 ff>/);
      const coded = transport === "polling" ? ["b", "AQL/"] : ["01 02 ff"];
      await packet(page, "sent", coded, "the attachment, 3 bytes");
      await packet(page, "received", coded, "the attachment, 3 bytes");
      // nobody answers this one
      await page.fill("#within", "0.2");
      await emit(page, "nobody", "", { asks: true });
      await text(page, "#heard li", /^no answer to nobody .*no acknowledgment 1 within 0.2 s/);
      // the server asks, the page answers
      await packet(page, "received", ["2"], "Engine.IO 2 ping");
      await packet(page, "sent", ["3"], "Engine.IO 3 pong");
      const carriers = await page.$$eval("#packets .carrier", (all) =>
        all.map((one) => one.textContent.split(" ")[0]),
      );
      const expected = {
        "polling,websocket": ["GET", "POST", "WebSocket"],
        polling: ["GET", "POST"],
        websocket: ["WebSocket"],
      };
      assert.deepEqual([...new Set(carriers)].sort(), expected[transport]);
      await controls(page, npm);
      if (isUpgraded) await pictures(browser, page, url);
      const left = heard(npm, "chat message");
      await page.click("#disconnect");
      await text(page, "#state", /disconnected io client disconnect/);
      await packet(page, "sent", ["4", "1"], "Socket.IO 1 DISCONNECT");
      if (transport === "polling") await packet(page, "sent", ["1"], "Engine.IO 1 close");
      npm.emit("chat message", "alone");
      assert.deepEqual(await left, ["alone"]);
      assert.deepEqual(faults, []);
      await page.context().close();
    }
  },

  async hostile(browser) {
    const { url } = await serve();
    const npm = await other(url);
    const { page, faults } = await open(browser, [url]);
    await connect(page, "polling,websocket", /^connected over WebSocket$/);
    await usable(page);
    const bad = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    npm.emit("chat message", `${bad}\u202e\u0007`, { [bad]: bad, __proto__: null });
    npm.emit("chat message", "last");
    await text(page, "#heard li", /"last"/);
    await text(page, "#heard li", /<script>.*\\u\{202e\}/);
    await text(page, "#packets .terms", /<img src=x .*\\u\{202e\}/);
    for (const summary of await page.$$("#packets summary")) await summary.click();
    await text(page, "#packets pre", /<img src=x/);
    assert.equal(await page.$("#packets img, #packets script, #heard img, #heard script"), null);
    assert.match(await page.title(), /^layerwalk/);
    // many and large ones: the list keeps what it can show
    npm.emit("chat message", "x".repeat(500_000));
    await text(page, "#packets .terms", /chat message\("x+…/);
    for (let count = 0; count < 900; count++) npm.emit("chat message", count);
    await text(page, "#heard li", /^chat message .*899$/);
    await page.waitForFunction(() => document.querySelectorAll("#packets li").length <= 1000);
    assert.ok((await page.$$("#heard li")).length <= 200);
    assert.deepEqual(faults, []);
    // the policy stops what a page must not do
    const thrown = await page.evaluate(() => {
      try {
        document.body.innerHTML = "<b>made from text</b>";
        return "nothing";
      } catch (error) {
        return error.name;
      }
    });
    assert.equal(thrown, "TypeError");
    const stopped = page.evaluate(() => {
      const told = new Promise((resolve) => addEventListener("securitypolicyviolation", resolve));
      document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/x.png" }));
      return told.then((violation) => violation.effectiveDirective);
    });
    assert.equal(await stopped, "img-src");
  },

  async plain(browser) {
    const { url: own } = await serve();
    const { url: target } = await serve("websocket", "--cors", own);
    // its own page begins with what fits it
    const { page: at } = await open(browser, [target]);
    assert.equal(await at.inputValue("#transport"), "plain");
    assert.equal(await at.inputValue("#url"), `${target}/chat`);
    await at.close();
    const { page, faults } = await open(browser, [own, target]);
    await page.fill("#url", `${target.replace("http", "ws")}/chat`);
    await connect(page, "plain", /^connected over WebSocket$/);
    assert.equal(await page.isVisible("#emit"), false);
    await page.fill("#message", "Hello, server!");
    await page.click("#send [type=submit]");
    await text(page, "#heard li", /^message .*"Hello, client!"/);
    await text(page, "#heard li", /^message .*"News: you did not ask/);
    await packet(page, "sent", ["Hello, server!"], "WebSocket text message, 14 bytes");
    await packet(page, "received", ["Hello, client!"], "WebSocket text message, 14 bytes");
    await page.selectOption("#message-kind", "hex");
    await page.fill("#message", "0g");
    await page.click("#send [type=submit]");
    await text(page, "#send-error", /no hexadecimal digits/);
    await page.fill("#message", "00 ff");
    await page.click("#send [type=submit]");
    await packet(page, "sent", ["00 ff"], "WebSocket binary message, 2 bytes");
    await page.screenshot({ path: `${FOLDER}/plain.png` });
    await page.click("#disconnect");
    await text(page, "#state", /disconnected the WebSocket was closed: 1000, normal closure/);
    // a plain client at a Socket.IO server sees what it does not understand
    await page.fill("#url", `${own}/socket.io/?EIO=4&transport=websocket`);
    await connect(page, "plain", /^connected over WebSocket$/);
    await text(page, "#packets .plain", /the server speaks Socket.IO/);
    assert.deepEqual(faults, []);
  },

  async lost(browser) {
    const { server, url } = await serve("--ping-interval", "300ms", "--ping-timeout", "300ms");
    const { page, faults } = await open(browser, [url]);
    await connect(page, "websocket", /^connected over WebSocket$/);
    server.kill("SIGSTOP");
    await text(
      page,
      "#state",
      /waiting to reconnect ping timeout: no ping for 0.6 seconds; attempt 2 in/,
    );
    await emit(page, "chat message", '"kept"');
    await text(page, "#heard li", /^chat message .*kept until there is a connection/);
    server.kill("SIGCONT");
    await text(page, "#state-name", /^connected over WebSocket$/);
    await text(page, "#heard li", /^chat message [0-9:.]+"kept"$/);
    server.kill("SIGTERM");
    await text(
      page,
      "#packets .note",
      /^(disconnected|waiting to reconnect): (io server|transport)/,
    );
    await text(page, "#state", /disconnected io server disconnect|waiting to reconnect transport/);
    await once(server, "exit", { signal: AbortSignal.timeout(PATIENCE) });
    // now nobody is there; that a connection is refused is told in the browser's console, too
    const told = faults
      .splice(0)
      .filter((fault) => !/ERR_CONNECTION_REFUSED|WebSocket connection to/.test(fault));
    assert.deepEqual(told, []);
    if (/disconnected/.test(await page.textContent("#state"))) await page.click("#connect-now");
    await text(
      page,
      "#state",
      /waiting to reconnect transport error: the server refused the WebSocket, or none is there; attempt/,
    );
    await page.click("#disconnect");
    await connect(page, "polling", /^waiting/);
    await text(page, "#state", /GET got no answer/);
    await page.screenshot({ path: `${FOLDER}/lost.png` });
    await page.click("#disconnect");
    await text(page, "#state", /disconnected io client disconnect/);
    // what is wrong in the form is told there
    for (const [id, wrong, told] of [
      ["#url", "ftp://x", /no address of a server/],
      ["#auth", "[1]", /auth is a JSON object/],
    ]) {
      const right = await page.inputValue(id);
      await page.$eval("#more", (more) => (more.open = true));
      await page.fill(id, wrong);
      await page.click("#connect-now");
      await text(page, "#state-detail", told);
      await page.fill(id, right);
    }
  },

  async npm(browser) {
    const { Server } = require("socket.io");
    const { url: own } = await serve();
    const start = async (port) => {
      const http = createServer().listen(port, "127.0.0.1");
      const server = new Server(http, { cors: { origin: own }, connectionStateRecovery: {} });
      running.push(() => server.close());
      server.of("/closed").use((socket, next) => next(new Error("not you")));
      await once(http, "listening", { signal: AbortSignal.timeout(PATIENCE) });
      return { server, port: http.address().port };
    };
    let { server, port } = await start(0);
    const target = `http://127.0.0.1:${port}`;
    for (const transport of ["polling", "websocket", "polling,websocket"]) {
      const state =
        transport === "polling" ? /^connected over polling$/ : /^connected over WebSocket$/;
      const { page, faults } = await open(browser, [own, target]);
      await page.click("#more summary");
      await page.fill("#auth", '{"token": "secret"}');
      // as with npm's client, what follows the server's name is the namespace
      await page.fill("#url", `${target}/chat`);
      const came = heard(server.of("/chat"), "connection");
      await connect(page, transport, state);
      const [socket] = await came;
      assert.equal(await page.inputValue("#nsp"), "/chat");
      assert.equal(socket.handshake.auth.token, "secret");
      await packet(
        page,
        "sent",
        ["4", "0", "/chat,", '{"token":"secret"}'],
        "Socket.IO 0 CONNECT in the namespace /chat, with auth",
      );
      await text(page, "#ids", new RegExp(`socket id ${socket.id}`));
      // the server asks, and the page answers, with bytes in the question
      const answer = await socket
        .timeout(PATIENCE)
        .emitWithAck("question", Buffer.from([7, 8]), "why?");
      assert.equal(answer, "heard");
      await text(
        page,
        "#heard li",
        /^question .*<2 bytes: 07 08>, "why\?".*answered, acknowledgment \d+: \("heard"\)/,
      );
      // the page asks, and the server answers with bytes
      socket.on("swap", (text, bytes, reply) => reply(Buffer.concat([bytes, bytes]), text));
      await emit(page, "swap", '{"nested": [1]}', { asks: true, hex: "0a0b" });
      await text(page, "#heard li", /^answer to swap .*<4 bytes: 0a 0b 0a 0b>, \{"nested":\[1\]\}/);
      await packet(
        page,
        "received",
        ["4", "6", "1-", "/chat,", "0", '[{"_placeholder":true,"num":0},{"nested":[1]}]'],
        "Socket.IO 6 BINARY_ACK in the namespace /chat",
      );
      // the server sends it away
      socket.disconnect();
      await text(page, "#state", /disconnected io server disconnect/);
      assert.deepEqual(faults.splice(0), []);
      await page.fill("#nsp", "/closed");
      await page.click("#connect-now");
      await text(page, "#state", /disconnected refused: not you/);
      await packet(
        page,
        "received",
        ["4", "4", "/closed,", '{"message":"not you"}'],
        'CONNECT_ERROR in the namespace /closed: "not you"',
      );
      // the session may end while a WebSocket is tried, of which the browser tells in its console
      assert.deepEqual(
        faults.filter((fault) => !/WebSocket connection to .* failed/.test(fault)),
        [],
      );
      await page.context().close();
    }
    // a cut connection is recovered with what was missed, and a server that starts anew is found
    const { page } = await open(browser, [own, target]);
    await page.fill("#url", target);
    const came = heard(server, "connection");
    await connect(page, "websocket", /^connected over WebSocket$/);
    const [socket] = await came;
    server.emit("news", 1);
    await text(page, "#heard li", /^news .*1, "/);
    const id = await page.textContent("#ids");
    socket.conn.close();
    await text(page, "#state-name", /^waiting to reconnect$/);
    server.emit("news", 2);
    await text(page, "#heard li", /^news .*2, "/);
    assert.equal((await page.textContent("#ids")).split(",")[0], id.split(",")[0]);
    await new Promise((resolve) => server.close(resolve));
    server.disconnectSockets(true);
    await text(page, "#state-name", /^waiting|^disconnected/);
    ({ server } = await start(port));
    if (/disconnected/.test(await page.textContent("#state"))) await page.click("#connect-now");
    await text(page, "#state-name", /^connected over WebSocket$/);
  },
};

/** Each field has a name for a screen reader, and a button that is used keeps the focus. */
async function usable(page) {
  const nameless = await page.$$eval("input, select, textarea", (all) =>
    all.filter((one) => !one.labels.length && !one.ariaLabel).map((one) => one.id),
  );
  assert.deepEqual(nameless, []);
  assert.equal(await page.evaluate(() => document.activeElement.id), "connect-now");
  await page.focus("#chat-room");
  for (const next of ["chat message", "join", "leave", "to"]) {
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), next);
  }
}

/** Pause, filter, what is hidden, and the file. */
async function controls(page, npm) {
  await page.click("#pause");
  npm.emit("chat message", "while it is paused");
  await text(page, "#heard li", /"while it is paused"/);
  await text(page, "#held", /the connection is not: [1-9]/);
  const shown = await page.textContent("#packets");
  assert.ok(!shown.includes("while it is paused"));
  await page.click("#pause");
  await text(page, "#packets .terms", /"while it is paused"/);
  await text(page, "#announcer p", /^received: .*"while it is paused"/);
  await page.fill("#filter", "JOI");
  assert.deepEqual(
    await page.$$eval("#heard li:not([hidden]) strong", (all) => all.map((one) => one.textContent)),
    ["answer to join"],
  );
  await page.fill("#filter", "");
  await page.check("#hide-heartbeat");
  assert.equal(await page.isVisible("#packets .heartbeat"), false);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
  const file = require("node:fs").readFileSync(await download.path(), "utf8");
  assert.match(
    file,
    /received by .*\n    4 \| 3 \| 0 \| \["blue"\]\n    Engine.IO: message \| Socket.IO: ACK \| acknowledgment: id 0 \| /,
  );
}

/** Pictures for people to look at: both sizes, light and dark; and nothing is wider than the screen. */
async function pictures(browser, page, url) {
  await page.$eval("#binary", (select) => (select.closest("details").open = false));
  await page.screenshot({ path: `${FOLDER}/wide.png` });
  await page.click("#open-help");
  await page.screenshot({ path: `${FOLDER}/help.png` });
  await page.keyboard.press("Escape");
  const { page: small, faults } = await open(browser, [url], {
    viewport: SIZES.narrow,
    colorScheme: "dark",
  });
  await connect(small, "polling,websocket", /^connected over WebSocket$/);
  await small.click("[data-quick=join]");
  await text(small, "#heard li", /^answer to join/);
  assert.ok(await small.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await small.screenshot({ path: `${FOLDER}/narrow.png`, fullPage: true });
  assert.deepEqual(faults, []);
  await small.context().close();
}

async function main() {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox"],
    timeout: 2 * PATIENCE,
  });
  running.push(() => browser.close());
  await parts[part](browser);
  console.log("done");
}

main()
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(async () => {
    for (const end of running.reverse()) await end();
    process.exit();
  });
