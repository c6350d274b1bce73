/**
 * The status page. It draws whole states as they arrive on the live feed (web/api/live.py), and lets durations tick
 * in between. Nothing is ever inserted as HTML.
 */
import { at, make, named, part, put, syncRows } from "./dom.js";
import { follow } from "./link.js";
import { firstLanguage, text } from "./messages.js";

/** @typedef {import("./messages.js").Language} Language */
/** @typedef {{call_id: string, caller: string, since: string, state: string, state_since: string, node: string | null, language: string | null, queue: string | null, agent: string | null, last_heard: string | null}} LiveCall */
/** @typedef {{name: string, waiting: number, longest_wait_s: number | null, agents_available: number, agents_busy: number}} QueueLine */
/** @typedef {{id: string, name: string, state: string, since: string, phone_registered: boolean, phone_refuses: boolean, call_id: string | null}} AgentLine */
/** @typedef {{arrived: number, offered: number, answered: number, answered_within_15_s: number, abandoned: number, abandoned_short: number, asa_s: number | null, connection_rate: number | null, rate_15_s: number | null}} Today */
/** @typedef {{id: string, queue: string, number: string, promised_at: string, place: number | null, attempts: number, not_before: string | null, calling: boolean}} Callback */
/** @typedef {{now: string, node: string, uptime_s: number, asterisk: {connected: boolean, version: string, trouble: string, restarts: number}, database: {kind: string, ok: boolean}, speech: {language: string, engine: string | null}[], calls: LiveCall[], queues: QueueLine[], agents: AgentLine[], today: Today, callbacks: Callback[], unwell: {name: string, level: string, zh: string, en: string}[]}} Status */
/** @typedef {{type: "hello", heartbeat_s: number, title: string, dial: string, note: string} | {type: "status", status: Status}} Message */

const ENDED_STAYS_MS = 3_000;
const LONG_WAIT_MS = 60_000;
const ANNOUNCE_EVERY_MS = 5_000;
/** Goals of GB/T 33358-2016; a figure below its goal is marked. */
const GOALS = { connection_rate: 0.95, rate_15_s: 0.95 };
/** Parts of the system that have a line of their own, well or not. */
const SHOWN_ANYWAY = new Set(["asterisk", "database", "speech"]);
/** How far along its way a call is, of four: menu, queue, agent's phone, talking. @type {Record<string, number>} */
const STEPS = { arriving: 1, menu: 1, queue: 2, ringing: 3, talking: 4, held: 4, survey: 4, ending: 4 };

let language = firstLanguage();
/** @type {Status | null} */
let status = null;
/** Server's clock minus ours. */
let clockOffsetMs = 0;

/** @param {string} key @param {Record<string, string | number>} [values] */
const say = (key, values) => text(language, key, values);

// -- Times ----------------------------------------------------------------------------------------------------------

/** `0:07`, `12:40`, `1:02:03`. @param {number} ms */
function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${String(rest).padStart(2, "0")}`;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** Makes an element show the time since then, from now on. @param {HTMLElement} element @param {number | null} sinceMs */
function tickFrom(element, sinceMs) {
  if (sinceMs === null) {
    delete element.dataset.since;
    put(element, "–");
  } else {
    element.dataset.since = String(sinceMs);
    put(element, duration(Date.now() + clockOffsetMs - sinceMs));
  }
}

function tick() {
  if (document.body.dataset.link !== "live") return; // what is no longer known does not go on counting
  const now = Date.now() + clockOffsetMs;
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-since]"))) {
    const age = now - Number(element.dataset.since);
    put(element, duration(age));
    if (element.dataset.wait !== undefined) element.classList.toggle("long", age > LONG_WAIT_MS);
  }
}

/** @param {number} seconds */
function uptime(seconds) {
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  /** @param {number} value @param {string} unit */
  const part = (value, unit) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(value);
  if (days) return `${part(days, "day")} ${part(hours, "hour")}`;
  return hours ? `${part(hours, "hour")} ${part(minutes, "minute")}` : part(minutes, "minute");
}

// -- Rows -----------------------------------------------------------------------------------------------------------

function callCells() {
  const journey = named("span", "journey", "journey");
  journey.setAttribute("aria-hidden", "true");
  journey.append(...Array.from({ length: 4 }, () => make("i")));
  const head = make("th", "", named("span", "caller", "caller"), named("span", "id", "quiet id"));
  head.setAttribute("scope", "row");
  return [
    head,
    make("td", "", named("span", "state", "pill"), journey),
    make("td", "place", named("span", "where"), named("q", "heard", "quiet")),
    make("td", "wide", named("span", "language")),
    make("td", "number", named("time", "age")),
  ];
}

/** @param {HTMLElement} row @param {LiveCall} call */
function fillCall(row, call) {
  row.dataset.state = call.state;
  put(part(row, "caller"), call.caller || say("withheld"));
  put(part(row, "id"), call.call_id);
  put(part(row, "state"), say(`call.${call.state}`));
  part(row, "journey").dataset.step = String(STEPS[call.state] ?? 1);
  put(part(row, "where"), place(call));
  put(part(row, "heard"), call.last_heard ?? "");
  part(row, "heard").hidden = !call.last_heard;
  put(part(row, "language"), call.language ? languageName(call.language) : "–");
  tickFrom(part(row, "age"), Date.parse(call.since));
}

/** @param {LiveCall} call */
function place(call) {
  const parts = call.state === "menu" || call.state === "survey" ? [call.node] : [call.queue, call.agent];
  return parts.filter(Boolean).join(" → ") || "–";
}

/** A call that has ended stays a moment, so that the eye can follow. @param {HTMLElement} row */
function leaveCall(row) {
  if (row.classList.contains("gone")) return;
  row.classList.add("gone");
  row.dataset.state = "ended";
  delete part(row, "age").dataset.since;
  put(part(row, "state"), say("call.ended"));
  setTimeout(() => {
    if (row.classList.contains("gone")) row.remove();
  }, ENDED_STAYS_MS);
}

function queueCells() {
  const head = named("th", "name");
  head.setAttribute("scope", "row");
  const longest = named("time", "longest");
  longest.dataset.wait = "";
  return [head, named("td", "waiting", "number"), make("td", "number", longest), named("td", "staff", "number")];
}

/** @param {HTMLElement} row @param {QueueLine} queue */
function fillQueue(row, queue) {
  row.classList.toggle("busy", queue.waiting > 0);
  put(part(row, "name"), queue.name);
  put(part(row, "waiting"), String(queue.waiting));
  tickFrom(part(row, "longest"), queue.longest_wait_s === null ? null : serverNow() - queue.longest_wait_s * 1000);
  put(part(row, "staff"), `${queue.agents_available} / ${queue.agents_busy}`);
}

function callbackCells() {
  const head = named("th", "number");
  head.setAttribute("scope", "row");
  return [
    head,
    named("td", "queue"),
    named("td", "place", "number"),
    named("td", "attempts", "number"),
    make("td", "number", named("time", "age")),
  ];
}

/** @param {HTMLElement} row @param {Callback} callback */
function fillCallback(row, callback) {
  put(part(row, "number"), callback.number);
  put(part(row, "queue"), callback.queue);
  put(part(row, "place"), callback.calling ? say("callingNow") : String(callback.place ?? "–"));
  put(part(row, "attempts"), String(callback.attempts));
  tickFrom(part(row, "age"), Date.parse(callback.promised_at));
}

function agentCells() {
  const head = make("th", "", named("span", "name"), named("span", "id", "quiet id"));
  head.setAttribute("scope", "row");
  return [
    head,
    make("td", "", named("span", "state", "pill")),
    make("td", "", named("span", "phone", "phone")),
    make("td", "number", named("time", "age")),
  ];
}

/** @param {HTMLElement} row @param {AgentLine} agent */
function fillAgent(row, agent) {
  row.dataset.state = agent.state;
  put(part(row, "name"), agent.name);
  put(part(row, "id"), agent.id);
  put(part(row, "state"), say(`agent.${agent.state}`));
  part(row, "phone").dataset.on = String(agent.phone_registered && !agent.phone_refuses);
  put(part(row, "phone"), say(agent.phone_refuses ? "phoneRefuses" : agent.phone_registered ? "phoneOn" : "phoneOff"));
  tickFrom(part(row, "age"), Date.parse(agent.since));
}

// -- The rest of the page -------------------------------------------------------------------------------------------

/** @param {string} tag */
function languageName(tag) {
  return new Intl.DisplayNames([language], { type: "language", fallback: "code" }).of(tag) ?? tag;
}

/** @param {HTMLElement} list @param {{name: string, value: string, note?: string, mood?: string}[]} items */
function fillList(list, items) {
  const wanted = items.map(({ name, value, note = "", mood = "" }) => {
    const group = make("div", mood, make("dt", "", name), make("dd", "", value));
    if (note) group.append(make("dd", "quiet", note));
    return group;
  });
  const same = wanted.length === list.children.length && wanted.every((group, index) => group.isEqualNode(list.children[index] ?? null));
  if (!same) list.replaceChildren(...wanted);
}

/** @param {Status} now */
function drawHealth({ asterisk, database, speech, unwell }) {
  fillList(at("health"), [
    {
      name: say("asterisk"),
      value: say(asterisk.connected ? "connected" : "disconnected"),
      note: asterisk.trouble ? say(`asterisk_${asterisk.trouble}`) : asterisk.version,
      mood: asterisk.connected && !asterisk.trouble ? "good" : "bad",
    },
    {
      name: say("database"),
      value: say(database.ok ? "databaseOk" : "databaseAway"),
      note: database.kind === "postgres" ? "PostgreSQL" : "SQLite",
      mood: database.ok ? "good" : "bad",
    },
    ...speech.map(({ language: tag, engine }) => ({
      name: `${say("speech")} · ${languageName(tag)}`,
      value: engine ?? say("keysOnly"),
      mood: engine ? "good" : "fair",
    })),
    ...(speech.length ? [] : [{ name: say("speech"), value: say("noSpeech"), mood: "fair" }]),
    ...unwell
      .filter(({ name }) => !SHOWN_ANYWAY.has(name))
      .map((part) => ({
        name: say(`part_${part.name}`),
        value: say(part.level === "down" ? "partDown" : "partDegraded"),
        note: language === "zh" ? part.zh : part.en,
        mood: part.level === "down" ? "bad" : "fair",
      })),
  ]);
}

/** @param {Today} today */
function drawToday(today) {
  const count = new Intl.NumberFormat(language);
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  /** @param {"connectionRate" | "rate15"} name @param {"connection_rate" | "rate_15_s"} field */
  const rate = (name, field) => {
    const value = today[field];
    const mood = value === null ? "" : value < GOALS[field] ? "fair" : "good";
    return { name: say(name), value: value === null ? "–" : percent.format(value), note: say("goal", { goal: `≥ ${percent.format(GOALS[field])}` }), mood };
  };
  fillList(at("today"), [
    { name: say("offered"), value: count.format(today.offered), note: say("arrivedOnes", { count: count.format(today.arrived) }) },
    { name: say("answered"), value: count.format(today.answered) },
    { name: say("abandoned"), value: count.format(today.abandoned), note: today.abandoned_short ? say("shortOnes", { count: today.abandoned_short }) : "" },
    rate("connectionRate", "connection_rate"),
    rate("rate15", "rate_15_s"),
    { name: say("asa"), value: today.asa_s === null ? "–" : duration(today.asa_s * 1000) },
  ]);
}

const serverNow = () => (status ? Date.parse(status.now) : Date.now());

function draw() {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-text]"))) {
    put(element, say(element.dataset.text ?? ""));
  }
  drawLink();
  if (!status) return;
  put(at("node"), status.node);
  put(at("uptime"), say("uptime", { time: uptime(status.uptime_s) }));
  drawHealth(status);
  drawToday(status.today);
  syncRows(at("calls-rows"), status.calls, { key: (call) => call.call_id, cells: callCells, fill: fillCall, leave: leaveCall });
  syncRows(at("queues-rows"), status.queues, { key: (queue) => queue.name, cells: queueCells, fill: fillQueue });
  syncRows(at("agents-rows"), status.agents, { key: (agent) => agent.id, cells: agentCells, fill: fillAgent });
  syncRows(at("callbacks-rows"), status.callbacks, { key: (callback) => callback.id, cells: callbackCells, fill: fillCallback });
  at("callbacks").hidden = !status.callbacks.length;
  for (const [name, items] of /** @type {[string, unknown[]][]} */ ([["calls", status.calls], ["queues", status.queues], ["agents", status.agents], ["callbacks", status.callbacks]])) {
    put(at(`${name}-count`), String(items.length));
  }
  tick();
}

/** @param {Extract<Message, {type: "hello"}>} hello */
function greet({ title, dial, note }) {
  put(at("title"), title);
  document.title = title;
  const address = at("dial-address");
  put(address, dial);
  if (/^sips?:/.test(dial)) address.setAttribute("href", dial);
  else address.removeAttribute("href");
  put(at("note"), note);
  at("note").hidden = !note;
  at("dial").hidden = !dial;
}

let announcedAt = 0;
let announcedWaiting = 0;

/** Tells those who listen rather than look, but not with every change. @param {Status} now */
function announceWaiting({ queues }) {
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting, 0);
  if (waiting === announcedWaiting || Date.now() - announcedAt < ANNOUNCE_EVERY_MS) return;
  announcedWaiting = waiting;
  announce(waiting ? say("announceWaiting", { count: waiting }) : say("announceNobody"));
}

/** @param {string} words */
function announce(words) {
  announcedAt = Date.now();
  put(at("announcer"), words);
}

// -- What arrives ---------------------------------------------------------------------------------------------------

function drawLink() {
  const link = document.body.dataset.link ?? "connecting";
  put(at("link-text"), say(link));
  at("lost").hidden = link !== "lost";
  const time = status && new Date(status.now).toLocaleTimeString(language);
  put(at("lost-text"), time ? say("lostText", { time }) : say("lostNothing"));
}

/** @param {import("./link.js").Link} link */
function setLink(link) {
  const wasLost = document.body.dataset.link === "lost";
  document.body.dataset.link = link;
  drawLink();
  tick();
  if (link === "live" && wasLost) announce(say("restored"));
}

/** @param {Message} message */
function receive(message) {
  if (message.type === "hello") greet(message);
  if (message.type !== "status") return; // kinds that a later server may send
  status = message.status;
  const offset = Date.parse(status.now) - Date.now();
  if (Math.abs(offset - clockOffsetMs) > 250) clockOffsetMs = offset; // a little jitter must not make seconds jump
  draw();
  announceWaiting(status);
}

// -- What a person does ---------------------------------------------------------------------------------------------

/** @param {Language} chosen */
function speak(chosen) {
  language = chosen;
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-language]"))) {
    button.setAttribute("aria-pressed", String(button.dataset.language === chosen));
  }
  draw();
}

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-language]"))) {
  button.addEventListener("click", () => {
    const chosen = button.dataset.language === "en" ? "en" : "zh";
    localStorage.setItem("language", chosen);
    speak(chosen);
  });
}

at("copy").addEventListener("click", async () => {
  const address = at("dial-address");
  try {
    await navigator.clipboard.writeText(address.textContent ?? "");
    put(at("copy"), say("copied"));
    announce(say("copied"));
    setTimeout(() => put(at("copy"), say("copy")), 2_000);
  } catch {
    getSelection()?.selectAllChildren(address); // browsers give the clipboard to secure pages only
  }
});

speak(language);
follow({ onMessage: receive, onLink: setLink });
setInterval(tick, 1_000);
