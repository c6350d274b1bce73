"""Getting models where something is wrong: what a person is told, and that it can be mended by trying again."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from asr import catalogue, model_fetch, models
from asr.catalogue import Model
from asr.model_fetch import Fetcher, FetchError
from ivr.cli.models import app
from tests.asr.test_models import WEIGHTS, archived, cache, zipped

__all__ = ["cache"]
ROOT = Path(__file__).resolve().parents[2]
DATA = zipped({"vosk-model-tiny/am/final.mdl": WEIGHTS})


class Site(http.server.ThreadingHTTPServer):
    """Answers with `status`; sends half of the file and holds the rest back while `held`."""

    daemon_threads = True
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.go_on = threading.Event()
        self.go_on.set()
        self.ranges: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/tiny.zip"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.server.ranges.append(wanted)
        begin = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        self.send_response(206 if wanted else self.server.status)
        self.send_header("Content-Length", str(len(DATA) - begin))
        self.end_headers()
        self.wfile.write(DATA[begin : len(DATA) // 2])
        self.wfile.flush()
        self.server.go_on.wait(30)
        self.wfile.write(DATA[max(begin, len(DATA) // 2) :])

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            return

    def log_message(self, format: str, *args: object) -> None:
        return None


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()


def trouble(model: Model) -> FetchError:
    with pytest.raises(FetchError) as raised:
        Fetcher().fetch(model)
    return raised.value


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    "proxy", ["http://user:geheim@127.0.0.1:{port}", "http://127.0.0.1:nonsense", "http://"]
)
def test_a_proxy_that_is_none_is_named_without_its_password(
    cache: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy.format(port=closed_port()))
    monkeypatch.setenv("no_proxy", "")
    error = trouble(archived("http://models.invalid/tiny.zip", DATA))
    assert "proxy" in str(error) and "https_proxy" in error.mend and "IVR_MODELS" in error.mend
    assert "geheim" not in str(error) + error.mend


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_server_that_refuses_one_file_is_no_lack_of_internet(cache: Path, site: Site, status: int) -> None:
    site.status = status
    fetcher = Fetcher()
    outcome = fetcher.fetch_all([archived(site.url, DATA)])
    assert f"answers {status}" in outcome["vosk-model-tiny"] and "IVR_MODELS" in outcome["vosk-model-tiny"]
    assert not fetcher.offline
    site.status = 200
    assert fetcher.fetch_all([archived(site.url, DATA)]) == {"vosk-model-tiny": ""}


def test_a_page_that_asks_to_sign_in_is_not_taken_for_a_model(cache: Path, site: Site) -> None:
    model = archived(site.url, DATA[:-1] + b"!")
    assert "pinned sha256" in str(trouble(model))
    assert "proxy" in trouble(model).mend


def test_a_full_disk_is_told_with_what_is_needed(cache: Path, site: Site) -> None:
    (cache / ".downloads").mkdir(parents=True)
    (cache / ".downloads" / "tiny.zip.part").symlink_to("/dev/full")
    error = trouble(archived(site.url, DATA))
    assert "no space left" in str(error)
    assert "MB are needed" in error.mend and "IVR_CACHE" in error.mend


def test_a_cache_that_cannot_be_written_is_told_and_what_is_there_still_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: Site
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "file"))
    monkeypatch.delenv("IVR_MODELS", raising=False)
    model = archived(site.url, DATA)
    error = trouble(model)
    assert "cannot be written" in str(error) and "IVR_CACHE" in error.mend
    own = tmp_path / "own"
    monkeypatch.setenv("IVR_CACHE", str(own))
    Fetcher().fetch(model)
    monkeypatch.setenv("IVR_MODELS", str(own / "models"))
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "file"))
    assert Fetcher().fetch(model) == own / "models" / "vosk-model-tiny"
    assert Fetcher().fetch_all([model]) == {"vosk-model-tiny": ""}


def test_a_set_up_killed_in_the_middle_goes_on_and_leaves_nothing(
    cache: Path, site: Site, tmp_path: Path
) -> None:
    (tmp_path / "data.zip").write_bytes(DATA)
    site.go_on.clear()
    code = """
import sys
from pathlib import Path
from asr.model_fetch import Fetcher
from tests.asr.test_models import archived
Fetcher(progress=lambda what, done, total: print(done, flush=True)).fetch(
    archived(sys.argv[1], Path(sys.argv[2]).read_bytes()))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, site.url, str(tmp_path / "data.zip")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as killed:
        assert killed.stdout is not None
        had = int(killed.stdout.readline())
        killed.send_signal(signal.SIGKILL)
    assert (cache / ".staging-vosk-model-tiny").is_dir()
    (cache / ".downloads" / ".pip-1").mkdir()
    (cache / ".gone-vosk-model-tiny-1").mkdir()
    site.go_on.set()
    model = archived(site.url, DATA)
    assert models.verify(model, Fetcher().fetch(model)) == ""
    assert had and site.ranges == ["", f"bytes={had}-"]
    assert sorted(path.name for path in cache.iterdir()) == [".downloads", ".lock", "vosk-model-tiny"]
    assert list((cache / ".downloads").iterdir()) == []


def test_the_command_line_tells_it_and_ends_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: Site
) -> None:
    tiny = archived(site.url, DATA)
    monkeypatch.setattr(catalogue, "CATALOGUE", (tiny,))
    for module in (models, model_fetch):
        monkeypatch.setattr(module, "CATALOGUE", (tiny,))
    monkeypatch.setenv("IVR_MODELS", str(tmp_path / "mistyped"))
    monkeypatch.setenv("IVR_CACHE", str(tmp_path / "cache"))
    listed = " ".join(CliRunner().invoke(app, ["list"]).output.split())
    assert "IVR_MODELS" in listed and "there is no such folder" in listed
    site.status = 404
    failed = CliRunner().invoke(app, ["fetch"])
    assert failed.exit_code == 1 and "answers 404" in " ".join(failed.output.split())
    site.status = 200
    assert CliRunner().invoke(app, ["fetch"]).exit_code == 0
    assert CliRunner().invoke(app, ["verify", "vosk-model-tiny"]).exit_code == 0
    assert "removed" in CliRunner().invoke(app, ["remove", "vosk-model-tiny"]).output
