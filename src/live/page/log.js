// The list of packets: a row for each, which waits while the list is paused.

import { utf8Length, visible } from "./bytes.js";

/** So many rows are kept. */
const MOST_ROWS = 1000;
/** Longer parts are cut in a row, in characters. */
const MOST_SHOWN = 2000;
/** Longer JSON is not broken into lines, in characters. */
const MOST_JSON = 100_000;
/** Shorter JSON needs no line breaks, in characters. */
const LEAST_JSON = 40;
/** So many lines stay for a screen reader. */
const MOST_SPOKEN = 20;

const ARROWS = { sent: "→", received: "←" };

/** The list; its elements are made from text alone, whatever a server sends. */
export class PacketLog {
  #list;
  #scroll;
  #announcer;
  #onHeld;
  #rows = [];
  #held = [];
  #isPaused = false;
  #isDue = false;

  /** `onHeld` is told how many rows wait, and whether the list is paused. */
  constructor({ list, scroll, announcer, onHeld }) {
    this.#list = list;
    this.#scroll = scroll;
    this.#announcer = announcer;
    this.#onHeld = onHeld;
  }

  /** Adds a packet, `{ direction, carrier, raw }`, as an [Explainer] explains it. */
  addPacket({ direction, carrier }, told) {
    this.#add({ kind: "packet", time: new Date(), direction, carrier, told: cut(told) });
  }

  /** Adds a line that is no packet. */
  addNote(text) {
    this.#add({ kind: "note", time: new Date(), text });
  }

  /** Holds new rows back, or shows those that were held back. */
  pause(isPaused) {
    this.#isPaused = isPaused;
    this.#show();
  }

  /** Forgets all rows. */
  clear() {
    this.#rows = [];
    this.#held = [];
    this.#list.replaceChildren();
    this.#announcer.replaceChildren();
    this.#onHeld(0, this.#isPaused);
  }

  /** All rows, as text for a file. */
  text() {
    return [...this.#rows, ...this.#held].map(rowText).join("\n");
  }

  #add(row) {
    this.#held.push(row);
    if (this.#held.length > MOST_ROWS) this.#held.shift();
    if (this.#isPaused) return this.#onHeld(this.#held.length, true);
    if (this.#isDue) return;
    // many packets may come at once: the page is drawn once for all of them
    this.#isDue = true;
    setTimeout(() => {
      this.#isDue = false;
      this.#show();
    });
  }

  #show() {
    if (!this.#isPaused && this.#held.length) {
      const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
      const wasAtEnd = scrollHeight - scrollTop - clientHeight < 80;
      const rows = this.#held.splice(0);
      this.#list.append(...rows.map(rowElement));
      this.#rows.push(...rows);
      this.#announce(rows);
      this.#rows.splice(0, this.#rows.length - MOST_ROWS);
      while (this.#list.childElementCount > MOST_ROWS) this.#list.firstElementChild.remove();
      if (wasAtEnd) this.#scroll.scrollTop = this.#scroll.scrollHeight;
    }
    this.#onHeld(this.#held.length, this.#isPaused);
  }

  #announce(rows) {
    const spoken = rows.filter((row) => !row.told?.isHeartbeat).slice(-MOST_SPOKEN);
    const lines = spoken.map((row) =>
      element("p", "", row.text ?? `${row.direction}: ${row.told.terms}`),
    );
    this.#announcer.append(...lines);
    while (this.#announcer.childElementCount > MOST_SPOKEN)
      this.#announcer.firstElementChild.remove();
  }
}

/** An element with a class and children, which are elements or text. */
export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children.map((child) => (typeof child === "string" ? visible(child) : child)));
  return made;
}

/** A time of day to the millisecond, in a `time` element. */
export function timeElement(time) {
  const made = element("time", "", clock(time));
  made.dateTime = time.toISOString();
  return made;
}

function clock(time) {
  const two = (number) => String(number).padStart(2, "0");
  const ms = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

function rowElement(row) {
  if (row.kind === "note") {
    return element("li", "note", element("p", "", row.text, " ", timeElement(row.time)));
  }
  const { direction, carrier, told } = row;
  const made = element("li", `packet ${direction}`);
  if (told.isHeartbeat) made.classList.add("heartbeat");
  const way = element("span", "way", `${ARROWS[direction]} ${direction}`);
  made.append(
    element("p", "meta", way, " ", element("span", "carrier", carrier), " ", timeElement(row.time)),
  );
  made.append(element("p", "raw", ...told.parts.map(partElement)));
  made.append(element("p", told.fault ? "terms fault" : "terms", told.terms));
  if (told.plain) made.append(element("p", "plain", told.plain));
  const more = element("div", "more");
  if (told.fields.length) more.append(fieldsElement(told));
  if (told.json?.length > LEAST_JSON) more.append(jsonElement(told.json));
  if (more.childElementCount) made.append(more);
  return made;
}

/** A part of a packet with its label: what it belongs to, and what it is. */
function partElement({ kind, text, label }) {
  const [first, ...rest] = label.split(": ");
  const small = rest.length
    ? element("small", "", first, " ", element("b", "", rest.join(": ")))
    : element("small", "", first);
  return element("span", `part ${kind}`, element("code", "", text), small);
}

function fieldsElement({ title, fields }) {
  const rows = fields.map(({ name, value, meaning }) =>
    element(
      "tr",
      "",
      element("th", "", name),
      element("td", "", element("code", "", value)),
      element("td", "", meaning),
    ),
  );
  rows.forEach((row) => (row.firstElementChild.scope = "row"));
  const body = element("tbody", "", ...rows);
  return element("details", "", element("summary", "", title), element("table", "", body));
}

/** The JSON with line breaks, which is made when it is asked for. */
function jsonElement(json) {
  const made = element("details", "", element("summary", "", "JSON with line breaks"));
  const open = () => {
    const pre = document.createElement("pre");
    pre.tabIndex = 0;
    pre.textContent = pretty(json);
    made.append(pre);
  };
  made.addEventListener("toggle", open, { once: true });
  return made;
}

function pretty(json) {
  if (json.length > MOST_JSON)
    return `${visible(json.slice(0, MOST_SHOWN))}… (${json.length} characters)`;
  try {
    const lines = JSON.stringify(JSON.parse(json), null, 2).split("\n");
    return lines.map(visible).join("\n");
  } catch {
    return visible(json);
  }
}

/** A packet's words with no part longer than what is shown, so that large ones are not kept. */
function cut(told) {
  const short = (text) => {
    const more = text.length - MOST_SHOWN;
    return more > 0 ? `${text.slice(0, MOST_SHOWN)}… (${more} characters more)` : text;
  };
  const parts = told.parts.map((part) => ({ ...part, text: short(part.text) }));
  const fields = told.fields.map((field) => ({
    ...field,
    name: short(field.name),
    value: short(field.value),
  }));
  const json = told.json !== null && utf8Length(told.json) > MOST_JSON ? null : told.json;
  return { ...told, parts, fields, json, terms: short(told.terms), plain: short(told.plain) };
}

function rowText(row) {
  if (row.kind === "note") return `${clock(row.time)}  ${visible(row.text)}\n`;
  const { direction, carrier, told } = row;
  const lines = [
    `${clock(row.time)}  ${direction} by ${carrier}`,
    `    ${told.parts.map((part) => part.text).join(" | ")}`,
    `    ${told.parts.map((part) => part.label).join(" | ")}`,
    `    ${told.terms}`,
  ];
  if (told.plain) lines.push(`    ${told.plain}`);
  told.fields.forEach(({ name, value, meaning }) =>
    lines.push(`      ${name} = ${value}${meaning ? `: ${meaning}` : ""}`),
  );
  return `${lines.map(visible).join("\n")}\n`;
}
