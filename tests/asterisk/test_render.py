"""The rendered configuration: complete, private, the same every time."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.asterisk import ports as port_choice
from ivr.asterisk.locate import AsteriskBinary
from ivr.asterisk.ports import Ports
from ivr.asterisk.render import TEMPLATES, RenderOptions, render
from ivr.errors import AsteriskError

OPTIONS = RenderOptions(agents=("agent1", "agent2"), rtp_count=100)


@pytest.fixture
def binary(tmp_path: Path) -> AsteriskBinary:
    """Rendering looks only at which modules there are."""
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "codec_opus_open_source.so").touch()
    return AsteriskBinary(("asterisk",), modules, tmp_path / "data", (22, 10, 1), private=True)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_same_again_changes_nothing(tmp_path: Path, binary: AsteriskBinary) -> None:
    folder = tmp_path / "house"
    first = render(folder, binary, OPTIONS)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert render(folder, binary, OPTIONS) == first
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before


def test_only_its_owner_can_read_it(tmp_path: Path, binary: AsteriskBinary) -> None:
    rendered = render(tmp_path / "house", binary, OPTIONS)
    assert mode(rendered.folder) == 0o700
    for path in (*rendered.etc.glob("*.conf"), rendered.folder / "secrets.json"):
        assert mode(path) == 0o600, path
    assert mode(rendered.folder / "keys/hotline.key") == 0o600


def test_passwords_are_strong_each_another_and_not_shown(tmp_path: Path, binary: AsteriskBinary) -> None:
    rendered = render(tmp_path / "house", binary, OPTIONS)
    passwords = [account.password for account in rendered.accounts] + [rendered.ari_password]
    assert len(set(passwords)) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", password) for password in passwords)
    assert not any(password in repr(rendered) for password in passwords)


def test_an_agent_who_comes_leaves_the_others_passwords_alone(tmp_path: Path, binary: AsteriskBinary) -> None:
    before = render(tmp_path / "house", binary, OPTIONS)
    after = render(tmp_path / "house", binary, replace(OPTIONS, agents=("agent1", "agent2", "agent3")))
    assert after.account("agent1") == before.account("agent1")
    assert after.account("agent3").password != after.account("agent1").password
    # One who goes and comes back keeps his phone's password too.
    gone = render(tmp_path / "house", binary, replace(OPTIONS, agents=("agent1",)))
    assert "agent2" not in (gone.etc / "pjsip.conf").read_text()
    back = render(tmp_path / "house", binary, OPTIONS)
    assert back.account("agent2") == before.account("agent2")
    with pytest.raises(KeyError):
        back.account("agent3")


@pytest.mark.parametrize(
    "name", ["", "1001", "trunk", "Anonymous", "a b", "x]\ntype=y", "agent,1", "a" * 33, "ä1"]
)
def test_a_name_that_could_break_the_files_is_refused(
    tmp_path: Path, binary: AsteriskBinary, name: str
) -> None:
    with pytest.raises(AsteriskError) as error:
        render(tmp_path / "house", binary, replace(OPTIONS, agents=(name,)))
    assert error.value.mend


@pytest.mark.parametrize(
    "wrong",
    [
        {"agents": ("agent1", "agent1")},
        {"hotline_number": "12a"},
        {"hotline_number": "1\nexten => 2"},
        {"application": "ivr,x"},
        {"node": ""},
        {"trunk_hosts": ("10.0.0.1\nmatch = 0.0.0.0/0",)},
        {"external_address": "a;b"},
        {"http_host": "127.0.0.1 x"},
    ],
)
def test_a_value_that_could_break_the_files_is_refused(
    tmp_path: Path, binary: AsteriskBinary, wrong: dict[str, object]
) -> None:
    with pytest.raises(AsteriskError) as error:
        render(tmp_path / "house", binary, replace(OPTIONS, **wrong))
    assert error.value.mend
    assert not (tmp_path / "house").exists()


def test_every_template_is_rendered_and_nothing_is_left_open(tmp_path: Path, binary: AsteriskBinary) -> None:
    rendered = render(tmp_path / "house", binary, OPTIONS)
    names = {path.name.removesuffix(".j2") for path in TEMPLATES.glob("*.j2")}
    assert {path.name for path in rendered.etc.glob("*.conf")} == names
    for name in names:
        text = (rendered.etc / name).read_text()
        assert "{%" not in text
        assert "{{" not in text


def test_files_of_an_installations_own_stay(tmp_path: Path, binary: AsteriskBinary) -> None:
    rendered = render(tmp_path / "house", binary, OPTIONS)
    own = rendered.etc / "extensions.d" / "bench.conf"
    own.write_text("[bench]\n")
    render(tmp_path / "house", binary, OPTIONS)
    assert own.read_text() == "[bench]\n"


def test_strangers_have_no_endpoint_unless_asked_for(tmp_path: Path, binary: AsteriskBinary) -> None:
    closed = render(tmp_path / "closed", binary, OPTIONS).etc
    assert "[anonymous]" not in (closed / "pjsip.conf").read_text()
    assert "identifier_anonymous" not in (closed / "modules.conf").read_text()
    opened = render(tmp_path / "open", binary, replace(OPTIONS, demo_anonymous=True)).etc
    assert "[anonymous]" in (opened / "pjsip.conf").read_text()


def test_no_context_dials_anything(tmp_path: Path, binary: AsteriskBinary) -> None:
    """A toll route would need one of these applications."""
    text = (render(tmp_path / "house", binary, OPTIONS).etc / "extensions.conf").read_text()
    assert not re.search(r"\b(Dial|Originate|Transfer|DISA|System|TrySystem)\(", text)


def test_beyond_this_machine_it_tells_its_address(tmp_path: Path, binary: AsteriskBinary) -> None:
    options = replace(
        OPTIONS,
        loopback=False,
        external_address="203.0.113.5",
        local_networks=("10.0.0.0/8",),
        trunk_hosts=(),
    )
    rendered = render(tmp_path / "house", binary, options)
    text = (rendered.etc / "pjsip.conf").read_text()
    assert text.count("external_media_address = 203.0.113.5") == 3
    assert f"bind = 0.0.0.0:{rendered.ports.sip}" in text
    assert "bindaddr = 127.0.0.1" in (rendered.etc / "http.conf").read_text()
    assert "[trunk]" not in text
    assert "bind_rtp_to_media_address" not in text


def test_a_folder_with_a_long_name_gets_a_short_one_for_its_socket(
    tmp_path: Path, binary: AsteriskBinary
) -> None:
    rendered = render(tmp_path / ("long" * 25), binary, OPTIONS)
    try:
        assert len(str(rendered.run / "asterisk.ctl")) < 100
        assert f"astrundir => {rendered.run}" in (rendered.etc / "asterisk.conf").read_text()
        assert mode(rendered.run) == 0o700
        assert render(tmp_path / ("long" * 25), binary, OPTIONS).run == rendered.run
    finally:
        shutil.rmtree(rendered.run)


@pytest.mark.parametrize("whose", ["another user's", "a link"])
def test_a_folder_for_the_socket_that_somebody_made_before_is_not_used(
    tmp_path: Path, binary: AsteriskBinary, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    """Where it lies anybody may make folders: whoever has this one has Asterisk."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    folder = tmp_path / ("long" * 25)
    run = render(folder, binary, OPTIONS).run
    assert run.parent == tmp_path
    run.chmod(0o777)
    assert mode(render(folder, binary, OPTIONS).run) == 0o700
    if whose == "a link":
        run.rmdir()
        (tmp_path / "elsewhere").mkdir()
        run.symlink_to(tmp_path / "elsewhere")
    else:
        own = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(AsteriskError, match="somebody else's") as caught:
        render(folder, binary, OPTIONS)
    assert caught.value.mend


def test_the_certificate_is_kept_while_it_is_good(tmp_path: Path, binary: AsteriskBinary) -> None:
    rendered = render(tmp_path / "house", binary, OPTIONS)
    first = rendered.certificate.read_bytes()
    render(tmp_path / "house", binary, OPTIONS)
    assert rendered.certificate.read_bytes() == first
    key = rendered.folder / "keys/hotline.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-key", str(key), "-days", "5", "-subj", "/CN=old", "-out", rendered.certificate],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    ending = rendered.certificate.read_bytes()
    render(tmp_path / "house", binary, OPTIONS)
    assert rendered.certificate.read_bytes() not in (first, ending)


def test_damaged_secrets_are_not_silently_replaced(tmp_path: Path, binary: AsteriskBinary) -> None:
    rendered = render(tmp_path / "house", binary, OPTIONS)
    file = rendered.folder / "secrets.json"
    for damage in ("{", json.dumps([1])):
        file.write_text(damage)
        with pytest.raises(AsteriskError, match=r"secrets\.json"):
            render(tmp_path / "house", binary, OPTIONS)
        assert file.read_text() == damage


def test_a_missing_openssl_is_named(
    tmp_path: Path, binary: AsteriskBinary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AsteriskError, match="openssl is not installed") as error:
        render(tmp_path / "house", binary, OPTIONS)
    assert "openssl" in error.value.mend


def test_ports_that_were_taken_meanwhile_are_replaced_and_the_others_kept(
    tmp_path: Path, binary: AsteriskBinary
) -> None:
    before = render(tmp_path / "house", binary, OPTIONS).ports
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", before.sip))
        after = render(tmp_path / "house", binary, OPTIONS).ports
    assert after.sip != before.sip
    assert replace(after, sip=before.sip) == before


def test_ports_that_were_wished_for_are_taken(tmp_path: Path, binary: AsteriskBinary) -> None:
    wish = port_choice.choose("127.0.0.1", "127.0.0.1", rtp_count=100)
    assert render(tmp_path / "a", binary, replace(OPTIONS, preferred_ports=wish)).ports == wish
    exact = Ports(5060, 5061, 8088, 10000, 20000)
    assert render(tmp_path / "b", binary, replace(OPTIONS, ports=exact)).ports == exact


def test_beyond_this_machine_the_ports_are_those_of_the_settings_even_where_they_are_taken(
    tmp_path: Path, binary: AsteriskBinary
) -> None:
    """The trunk and the telephones are told these and no others, also after a start with others."""
    wish = port_choice.choose("0.0.0.0", "127.0.0.1", rtp_count=100)
    options = replace(OPTIONS, loopback=False, preferred_ports=wish)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", wish.sip))
        assert render(tmp_path / "house", binary, options).ports == wish
    moved = replace(wish, sip=wish.sip + 100, sip_tls=0, rtp_first=wish.rtp_first + 200)
    after = render(tmp_path / "house", binary, replace(options, preferred_ports=moved)).ports
    assert (after.sip, after.rtp_first) == (moved.sip, moved.rtp_first)
    assert after.sip_tls == wish.sip_tls, "any free one: that of last time"


def test_busy_ports_are_told_in_words() -> None:
    ports = port_choice.choose("127.0.0.1", "127.0.0.1", rtp_count=100)
    assert port_choice.busy(ports, "127.0.0.1", "127.0.0.1") == []
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.sip_tls))
        other.listen()
        told = port_choice.busy(ports, "127.0.0.1", "127.0.0.1")
    assert told == [f"SIP over TLS 127.0.0.1:{ports.sip_tls}/tcp"]


def test_when_no_port_is_free_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_choice, "is_free", lambda *args: False)
    with pytest.raises(AsteriskError, match="no free port"):
        port_choice.choose("127.0.0.1", "127.0.0.1", rtp_count=100)


def test_when_no_block_is_free_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_choice, "_block_is_free", lambda *args: False)
    with pytest.raises(AsteriskError, match="no block of 100 free UDP ports"):
        port_choice.choose("127.0.0.1", "127.0.0.1", rtp_count=100)
