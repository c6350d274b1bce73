/**
 * The live feed as one long conversation: reconnects by itself, with growing pauses, and takes silence for a loss.
 */

/** @typedef {"connecting" | "live" | "lost"} Link */
/** @typedef {import("./status.js").Message} Message */

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
const ASK_TIMEOUT_MS = 5_000;

/**
 * Follow the feed for as long as the page is open. `onMessage` gets each message, `onLink` each change of the link.
 * @param {{onMessage: (message: Message) => void, onLink: (link: Link) => void}} listener
 */
export function follow({ onMessage, onLink }) {
  /** @type {Link} */
  let link = "connecting";
  let heartbeatMs = 15_000;
  let retryMs = FIRST_RETRY_MS;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silenceTimer;
  /** @type {WebSocket | null} */
  let socket = null;

  /** @param {Link} now */
  function setLink(now) {
    if (link === now) return;
    link = now;
    onLink(now);
  }

  function connect() {
    clearTimeout(retryTimer);
    socket?.close();
    const mine = new WebSocket(new URL("/api/v1/live", location.href.replace(/^http/, "ws")));
    socket = mine;
    mine.addEventListener("message", (event) => {
      if (mine === socket) receive(JSON.parse(event.data));
    });
    mine.addEventListener("close", () => {
      if (mine === socket) lose();
    });
    watchSilence();
  }

  /** @param {Message} message */
  function receive(message) {
    if (message.type === "hello") heartbeatMs = message.heartbeat_s * 1000;
    watchSilence();
    onMessage(message);
    if (message.type !== "status") return;
    retryMs = FIRST_RETRY_MS;
    setLink("live");
  }

  /** A connection can die without a word; then the heartbeat is missing. */
  function watchSilence() {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(() => {
      const silent = socket;
      lose();
      silent?.close();
    }, heartbeatMs * 2 + 1_000);
  }

  function lose() {
    socket = null;
    clearTimeout(silenceTimer);
    clearTimeout(retryTimer);
    setLink("lost");
    retryTimer = setTimeout(retry, retryMs * (0.5 + Math.random() / 2));
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
  }

  /** A refused websocket does not say why; asking once tells whether to log in again. */
  async function retry() {
    const asked = { method: "HEAD", signal: AbortSignal.timeout(ASK_TIMEOUT_MS) };
    const answer = await fetch("/api/v1/status", asked).catch(() => null);
    if (socket !== null) return; // the network came back meanwhile
    if (answer?.status === 401) location.assign("/login");
    else if (answer?.ok) connect();
    else lose();
  }

  addEventListener("online", () => {
    if (socket === null) connect();
  });
  connect();
}
