"""A real headless Chromium, driven through its DevTools websocket.

`chromium()` starts the program and gives the address of its DevTools; `open_page(address)` gives a `Page` with
storage of its own. Waits are for conditions inside the page, checked whenever the page changes: nothing polls.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from tempfile import TemporaryDirectory
from typing import IO, Any

import aiohttp

START_TIMEOUT_S = 40.0
ANSWER_TIMEOUT_S = 20.0
WAIT_TIMEOUT_S = 15.0

_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests may run as root, where Chromium's sandbox refuses to start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)
_LISTENING = b"DevTools listening on "

_WAIT = """
new Promise((resolve, reject) => {
  const holds = () => { try { return Boolean(%(condition)s); } catch { return false; } };
  const observer = new MutationObserver(() => { if (holds()) { done(); resolve(true); } });
  const timer = setTimeout(() => { done(); resolve(false); }, %(timeout_ms)d);
  const done = () => { observer.disconnect(); clearTimeout(timer); };
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  if (holds()) { done(); resolve(true); }
})
"""


class PageError(AssertionError):
    """What was done to the page failed, or what was waited for did not come."""


@contextmanager
def chromium(*more: str) -> Iterator[str]:
    """The websocket address of a fresh Chromium's DevTools; the program and its profile are gone afterwards.

    more: flags besides the usual ones.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise PageError("there is no chromium on this machine: `make setup` installs it")
    with TemporaryDirectory(prefix="hotline-chromium-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *_FLAGS, *more, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=os.environ | {"HOME": profile},
        )
        assert process.stderr is not None
        # A Chromium that never says where it listens is ended, which ends the reading of its output.
        patience = threading.Timer(START_TIMEOUT_S, process.kill)
        patience.start()
        try:
            address = _read_address(process.stderr)
            patience.cancel()
            drain = threading.Thread(target=_drain, args=(process.stderr,), name="chromium-stderr")
            drain.start()
            try:
                yield address
            finally:
                _end(process)
                drain.join()
        finally:
            patience.cancel()
            _end(process)
            process.stderr.close()


def _read_address(output: IO[bytes]) -> str:
    said = []
    for line in output:
        said.append(line)
        if line.startswith(_LISTENING):
            return line.removeprefix(_LISTENING).decode().strip()
    raise PageError(f"chromium did not start: {b''.join(said[-8:]).decode(errors='replace')}")


def _drain(output: IO[bytes]) -> None:
    for _ in output:
        pass


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@asynccontextmanager
async def open_page(
    devtools: str, *, language: str = "zh-CN", width: int = 1280, height: int = 900
) -> AsyncIterator[Page]:
    """A tab with its own cookies and storage. `language`: what the browser says it prefers."""
    async with aiohttp.ClientSession() as session, session.ws_connect(devtools, max_msg_size=0) as socket:
        page = Page(socket)
        reader = asyncio.create_task(page.read(), name="browser.read")
        try:
            context = (await page.send("Target.createBrowserContext"))["browserContextId"]
            await page.attach(context)
            for domain in ("Page", "Runtime", "Log"):
                await page.send(f"{domain}.enable")
            await page.resize(width, height)
            agent = await page.evaluate("navigator.userAgent")
            await page.send("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)
            yield page
            await page.send("Target.disposeBrowserContext", to_page=False, browserContextId=context)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)


class Page:
    """One tab. `complaints` collects console errors, uncaught exceptions, failed loads and policy violations."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.complaints: list[str] = []
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._session: str | None = None
        self._loaded = asyncio.Event()

    async def attach(self, context: str) -> None:
        target = await self.send("Target.createTarget", url="about:blank", browserContextId=context)
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]

    async def send(self, method: str, *, to_page: bool = True, **params: Any) -> dict[str, Any]:
        """One DevTools command and its result. Raises PageError: refused, or no answer in time."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session is not None and to_page:
            message["sessionId"] = self._session
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await self._socket.send_str(json.dumps(message))
                reply = await answer
        except TimeoutError:
            raise PageError(f"{method}: no answer from the browser") from None
        finally:
            del self._answers[number]
        if "error" in reply:
            raise PageError(f"{method}: {reply['error']['message']}")
        result: dict[str, Any] = reply["result"]
        return result

    async def read(self) -> None:
        """Sort what the browser says until it goes away."""
        async for message in self._socket:
            event = json.loads(message.data)
            if answer := self._answers.get(event.get("id", 0)):
                if not answer.done():
                    answer.set_result(event)
            else:
                self._note(event.get("method", ""), event.get("params", {}))

    def _note(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Page.loadEventFired":
                self._loaded.set()
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.complaints.append(details.get("exception", {}).get("description", details["text"]))
            case "Runtime.consoleAPICalled" if params["type"] in {"error", "warning", "assert"}:
                self.complaints.append(" ".join(str(item.get("value", item)) for item in params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in {"error", "warning"}:
                self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}".strip())

    async def goto(self, url: str) -> None:
        """Load a page, with its scripts and style."""
        async with self.loading():
            result = await self.send("Page.navigate", url=url)
            if "errorText" in result:
                raise PageError(f"{url}: {result['errorText']}")

    @asynccontextmanager
    async def loading(self) -> AsyncIterator[None]:
        """What is done in the block makes the browser load another page; the block ends when it has."""
        self._loaded.clear()
        yield
        async with asyncio.timeout(WAIT_TIMEOUT_S):
            await self._loaded.wait()

    async def evaluate(self, expression: str) -> Any:
        """The JSON value of an expression, of its promise when it is one. Raises PageError: it threw."""
        reply = await self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in reply:
            details = reply["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description", details["text"]))
        return reply["result"].get("value")

    async def wait_for(self, condition: str, *, timeout_s: float = WAIT_TIMEOUT_S) -> None:
        """Until this expression holds. Raises PageError, with the page's text: not in time."""
        if not await self.evaluate(_WAIT % {"condition": condition, "timeout_ms": timeout_s * 1000}):
            shown = await self.evaluate("document.body.innerText")
            raise PageError(f"never came true: {condition}\nthe page showed:\n{shown}\n{self.complaints}")

    async def click(self, selector: str) -> None:
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    async def press(self, key: str) -> None:
        """One of the keys `Tab`, `Enter`."""
        code, text = {"Tab": (9, ""), "Enter": (13, "\r")}[key]
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        await self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        await self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    async def resize(self, width: int, height: int) -> None:
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def prefer(self, scheme: str) -> None:
        """`dark` or `light`, and no motion."""
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        await self.send("Emulation.setEmulatedMedia", features=features)

    async def screenshot(self) -> bytes:
        """The whole page as PNG."""
        await self.send("Emulation.setScrollbarsHidden", hidden=True)
        picture = await self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(picture["data"])
