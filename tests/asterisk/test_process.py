"""The private Asterisk itself: starts clean, says why it does not start, ends, and takes nobody with it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from ivr.asterisk import process
from ivr.asterisk.locate import AsteriskBinary
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderedAsterisk, RenderOptions, render
from ivr.asterisk.running import read_mark
from ivr.demo.lightphone import LightPhone
from ivr.errors import AsteriskError
from tests.asterisk.watching import watching
from tests.support.asterisk import TRUNK_ADDRESS, assert_nothing_left

pytestmark = pytest.mark.real

OF_ASTERISKS_OWN = ("Could not find option 'minimum_size' with type 'threadpool' in module 'stasis'",)
"""Asterisk 22.10 looks for its own option's description under the option's former name."""


@pytest.fixture
def rendered(asterisk_binary: AsteriskBinary, tmp_path: Path) -> RenderedAsterisk:
    options = RenderOptions(agents=("agent1",), demo_anonymous=True, rtp_count=100)
    return render(tmp_path / "house", asterisk_binary, options)


async def sockets_of(pid: int) -> list[tuple[str, int]]:
    """(address, port) of everything that the process listens on or receives at."""
    child = await asyncio.create_subprocess_exec("ss", "-lntupH", stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    local = [line.split()[4] for line in output.decode().splitlines() if f"pid={pid}," in line]
    return [(address, int(port)) for address, _, port in (one.rpartition(":") for one in local)]


def exists(pid: int) -> bool:
    """Also when it is only a zombie."""
    return Path(f"/proc/{pid}").exists()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def mark_of_folder(rendered: RenderedAsterisk) -> int:
    """The process that the folder says is its own."""
    mark = read_mark(rendered.folder)
    assert mark is not None
    return mark.pid


async def test_the_log_of_a_start_has_nothing_to_complain_about(
    asterisk_binary: AsteriskBinary, rendered: RenderedAsterisk
) -> None:
    async with PrivateAsterisk(asterisk_binary, rendered):
        log = rendered.messages_log.read_text()
        console = (rendered.log / "console.log").read_text()
    assert "modules will be loaded" in log
    assert not [line for line in log.splitlines() if "ERROR" in line or "WARNING" in line]
    complaints = [line for line in console.splitlines() if line and "PBX UUID" not in line]
    assert not [line for line in complaints if line not in OF_ASTERISKS_OWN]


async def test_every_module_asked_for_runs(asterisk: PrivateAsterisk) -> None:
    modules = (asterisk.rendered.etc / "modules.conf").read_text().splitlines()
    wanted = {line.split("=")[1].strip() for line in modules if line.startswith("load =")}
    shown = (await asterisk.cli("module show")).splitlines()
    running = {line.split()[0] for line in shown if " Running " in line and " Not Running " not in line}
    assert wanted <= running


async def test_a_wrong_password_is_refused(asterisk: PrivateAsterisk) -> None:
    rendered = asterisk.rendered
    for login in (None, aiohttp.encode_basic_auth("ivr", "wrong"), aiohttp.encode_basic_auth("ivr", "")):
        headers = {"Authorization": login} if login else {}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{rendered.ari_url}/channels") as response,
        ):
            assert response.status == 401


async def test_everything_listens_on_loopback_only(asterisk: PrivateAsterisk) -> None:
    rendered = asterisk.rendered
    server = f"{rendered.sip_host}:{rendered.ports.sip}"
    async with (
        watching(rendered) as controller,
        LightPhone("13800000001", server, address=TRUNK_ADDRESS) as citizen,
    ):
        await citizen.dial(rendered.hotline_uri)
        channel = (await controller.next("StasisStart"))["channel"]["id"]
        await controller.post(f"channels/{channel}/answer")
        await citizen.events.next("established")
        addresses = await sockets_of(asterisk.pid)
        await controller.hangup(channel)
        await citizen.events.next("closed")
    rtp = [port for address, port in addresses if rendered.ports.rtp_first <= port <= rendered.ports.rtp_last]
    assert rtp, "the call has no voice"
    ours = {rendered.ports.sip, rendered.ports.sip_tls, rendered.ports.http, *rtp}
    assert {address for address, port in addresses if port in ours} == {"127.0.0.1"}
    # The SIP library's resolver keeps one socket for each kind of address to ask name servers from.
    assert len([port for address, port in addresses if port not in ours]) <= 2


async def test_a_restart_keeps_passwords_and_ports(
    asterisk_binary: AsteriskBinary, rendered: RenderedAsterisk
) -> None:
    async with PrivateAsterisk(asterisk_binary, rendered):
        while_running = render(rendered.folder, asterisk_binary, rendered.options)
    again = render(rendered.folder, asterisk_binary, rendered.options)
    assert while_running == again == rendered
    async with PrivateAsterisk(asterisk_binary, again) as asterisk:
        assert (await asterisk.inventory()).is_empty


async def test_leaving_ends_the_process(asterisk_binary: AsteriskBinary, rendered: RenderedAsterisk) -> None:
    async with PrivateAsterisk(asterisk_binary, rendered) as asterisk:
        pid = asterisk.pid
        assert is_alive(pid)
    assert not asterisk.is_running
    assert not exists(pid)
    await asterisk.stop()


async def test_cancelling_a_start_leaves_no_process(
    asterisk_binary: AsteriskBinary, rendered: RenderedAsterisk
) -> None:
    asterisk = PrivateAsterisk(asterisk_binary, rendered)
    starting = asyncio.create_task(asterisk.start(), name="start")
    await asyncio.sleep(0)
    assert asterisk.is_running
    pid = asterisk.pid
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not exists(pid)


async def test_a_crash_is_noticed_at_once(
    asterisk_binary: AsteriskBinary, rendered: RenderedAsterisk
) -> None:
    async with PrivateAsterisk(asterisk_binary, rendered) as asterisk:
        watching = asyncio.create_task(asterisk.wait_ended(), name="watch")
        await asyncio.sleep(0)
        os.kill(asterisk.pid, signal.SIGKILL)
        async with asyncio.timeout(5):
            assert await watching == -signal.SIGKILL
        assert not asterisk.is_running


async def test_one_that_does_not_listen_is_ended_all_the_same(
    asterisk_binary: AsteriskBinary, rendered: RenderedAsterisk
) -> None:
    async with PrivateAsterisk(asterisk_binary, rendered, stop_timeout_s=0.3) as asterisk:
        pid = asterisk.pid
        os.kill(pid, signal.SIGSTOP)
    assert not exists(pid)


async def test_it_dies_with_its_parent(rendered: RenderedAsterisk) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from ivr.asterisk.locate import locate\n"
        "from ivr.asterisk.process import PrivateAsterisk\n"
        "from ivr.asterisk.render import RenderOptions, render\n"
        "async def main():\n"
        "    binary = locate()\n"
        "    rendered = render(Path(sys.argv[1]), binary, RenderOptions(rtp_count=100))\n"
        "    async with PrivateAsterisk(binary, rendered) as asterisk:\n"
        "        print(asterisk.pid, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(rendered.folder), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    async with asyncio.timeout(30):
        child = int(await parent.stdout.readline())
    handle = os.pidfd_open(child)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(handle, ended.set)
    try:
        assert is_alive(child)
        parent.kill()
        await parent.wait()
        async with asyncio.timeout(5):
            await ended.wait()
        assert not is_alive(child)
    finally:
        asyncio.get_running_loop().remove_reader(handle)
        os.close(handle)


async def test_one_that_outlives_its_controller_is_taken_over(
    asterisk_binary: AsteriskBinary, rendered: RenderedAsterisk
) -> None:
    """Where it was left: with its calls. One that is frozen, or that has other settings and no calls, is ended."""
    first = PrivateAsterisk(asterisk_binary, rendered)
    async with first:
        assert not first.taken_over
        first.leave()
    assert is_alive(first_pid := mark_of_folder(rendered))

    second = PrivateAsterisk(asterisk_binary, render(rendered.folder, asterisk_binary, rendered.options))
    async with second:
        assert second.taken_over
        assert second.pid == first_pid
        assert (await second.inventory()).is_empty
        second.leave()
    assert is_alive(first_pid)

    os.kill(first_pid, signal.SIGSTOP)
    third = PrivateAsterisk(asterisk_binary, rendered, take_over_s=0.3)
    async with third:
        assert not third.taken_over
        assert third.pid != first_pid
        assert not is_alive(first_pid)
        third.leave()

    others = replace(rendered.options, hotline_number="12346")
    fourth = PrivateAsterisk(asterisk_binary, render(rendered.folder, asterisk_binary, others))
    async with fourth:
        assert not fourth.taken_over
        last_pid = fourth.pid
    assert not is_alive(last_pid), "an orderly end ends it"


async def test_a_busy_port_is_named(asterisk_binary: AsteriskBinary, rendered: RenderedAsterisk) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", rendered.ports.http))
        other.listen()
        with pytest.raises(
            AsteriskError, match=rf"HTTP \(ARI\) 127.0.0.1:{rendered.ports.http}/tcp"
        ) as error:
            await PrivateAsterisk(asterisk_binary, rendered).start()
    assert "ss -lntup" in error.value.mend


async def test_a_refused_configuration_shows_the_log(
    asterisk_binary: AsteriskBinary, rendered: RenderedAsterisk
) -> None:
    modules = rendered.etc / "modules.conf"
    modules.write_text(modules.read_text() + "require = no_such_module.so\n")
    asterisk = PrivateAsterisk(asterisk_binary, rendered)
    with pytest.raises(AsteriskError, match="no_such_module"):
        await asterisk.start()
    assert not asterisk.is_running


async def test_a_program_that_cannot_start_is_named(rendered: RenderedAsterisk, tmp_path: Path) -> None:
    binary = AsteriskBinary((str(tmp_path / "nothing"),), tmp_path, tmp_path, (22, 10, 1), private=False)
    with pytest.raises(AsteriskError, match="ended at once") as error:
        await PrivateAsterisk(binary, rendered).start()
    assert error.value.mend


async def test_one_that_never_answers_is_given_up(
    asterisk_binary: AsteriskBinary, rendered: RenderedAsterisk
) -> None:
    """Asked at a port where it does not listen."""
    wrong = replace(rendered, ports=replace(rendered.ports, http=rendered.ports.http + 1))
    asterisk = PrivateAsterisk(asterisk_binary, wrong, start_timeout_s=1.0)
    with pytest.raises(AsteriskError, match="did not answer within"):
        await asterisk.start()
    assert not asterisk.is_running


async def test_what_is_left_is_told_and_cleared(asterisk_session: PrivateAsterisk) -> None:
    rendered = asterisk_session.rendered
    login = aiohttp.encode_basic_auth(rendered.ari_user, rendered.ari_password)
    async with (
        aiohttp.ClientSession(headers={"Authorization": login}) as session,
        session.post(f"{rendered.ari_url}/bridges/forgotten", params={"type": "mixing"}) as response,
    ):
        assert response.status == 200
    assert "forgotten" in (await asterisk_session.inventory()).bridges
    with pytest.raises(pytest.fail.Exception, match="forgotten"):
        await assert_nothing_left(asterisk_session, timeout_s=0.2)
    assert (await asterisk_session.inventory()).is_empty


async def test_the_console_answers_and_refuses(
    asterisk: PrivateAsterisk, rendered: RenderedAsterisk, asterisk_binary: AsteriskBinary
) -> None:
    assert "System uptime" in await asterisk.cli("core show uptime")
    with pytest.raises(AsteriskError, match="core show uptime"):
        await PrivateAsterisk(asterisk_binary, rendered).cli("core show uptime")


async def test_without_setpriv_it_says_what_to_install(
    asterisk_binary: AsteriskBinary, rendered: RenderedAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process.shutil, "which", lambda name: None)
    with pytest.raises(AsteriskError, match="setpriv") as error:
        await PrivateAsterisk(asterisk_binary, rendered).start()
    assert "util-linux" in error.value.mend
