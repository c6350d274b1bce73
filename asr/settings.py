"""What a worker process and its owner are told. Plain data: it travels as one line of JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from asr.models import Preference, choose


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One model to load. engine: `vosk`, `whisper`, or `package.module:factory` of a Recognizer made elsewhere.

    languages: the ones it serves here, in no order. folder: of the model.
    """

    engine: str
    name: str
    folder: str
    languages: tuple[str, ...]


def cores() -> int:
    """Processor cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """engines: per language the first that knows it is asked first, the others when it fails. orders: (language,
    names of engines, the first asked first), for each language; none: in the order of `engines`.

    threads: of each engine, and the engines' callers. max_streams: listening at once, whatever it costs; one more is
    refused. longest_wait_s: a caller who may have to wait longer for a text is refused (`admission.py`).
    host, port: of the websocket. media_host: where audio is received and which is told to whoever sends it; empty:
    `host`. media_ports: (first, last) for RTP, or None: any free port.
    nice: added to the process's niceness, so that recognition never delays the control loop.
    tell_s: between two reports of memory and load.
    tls_certificate, tls_key: PEM files for the websocket; empty: it is not encrypted.
    traces: where hearings are told as spans (`traces.py`); empty: nowhere. traces_share: of the calls.
    """

    engines: tuple[EngineSpec, ...] = ()
    orders: tuple[tuple[str, ...], ...] = ()
    threads: int = 2
    max_streams: int = 16
    longest_wait_s: float = 3.0
    host: str = "127.0.0.1"
    port: int = 0
    media_host: str = ""
    media_ports: tuple[int, int] | None = None
    nice: int = 5
    tell_s: float = 1.0
    tls_certificate: str = ""
    tls_key: str = ""
    token: str = field(default="", repr=False)
    traces: str = ""
    traces_share: float = 1.0

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=True)

    @staticmethod
    def from_json(text: str) -> WorkerSettings:
        """Raises ValueError: not what `to_json` wrote."""
        try:
            raw = json.loads(text)
            engines = tuple(
                EngineSpec(one["engine"], one["name"], one["folder"], tuple(one["languages"]))
                for one in raw.pop("engines")
            )
            orders = tuple(tuple(order) for order in raw.pop("orders"))
            ports = raw.pop("media_ports")
            return WorkerSettings(
                engines=engines, orders=orders, media_ports=tuple(ports) if ports else None, **raw
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not the settings of a worker: {error}") from error


@dataclass(frozen=True, slots=True)
class RemoteWorker:
    """A worker on another machine (`ivr asr-worker`). url: `wss://host:port` (`ws://` where that is allowed).

    fingerprint: sha256 of its certificate in hex, which is then the only one accepted; else it is checked by `ca_file`
    (PEM), else by the system's authorities.
    """

    url: str
    token: str = field(repr=False)
    fingerprint: str = ""
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """workers: processes on this machine, each with the models loaded (a second one helps only where Vosk outgrows
    one, or where nobody may be asked again when one dies). remote: workers elsewhere, beside them or instead.

    media_from: addresses and networks that audio comes from (Asterisk's), as the workers see them; none: the
    controller's own address.
    ready_s: what start-up waits for them. stop_s: what they get to end by themselves.
    open_s: what opening a hearing may take before the caller is told to use the keys. restart_wait_s: what it waits
    for a worker that is starting again: a caller who was not heard then is heard when the question was repeated.
    heartbeat_s: a worker that says nothing for about one and a half times that long is taken as frozen. hung_s: so is
    one whose engine has been at one piece of work for so long.
    growth_mb: a worker whose memory has grown by more than this since it was ready is replaced, but not before it is
    `replace_after_s` old; drain_s: what its open hearings get to end.
    """

    worker: WorkerSettings = WorkerSettings()
    workers: int = 1
    remote: tuple[RemoteWorker, ...] = ()
    media_from: tuple[str, ...] = ()
    ready_s: float = 60.0
    stop_s: float = 3.0
    open_s: float = 1.0
    restart_wait_s: float = 4.0
    restart_first_s: float = 0.2
    restart_longest_s: float = 10.0
    heartbeat_s: float = 4.0
    hung_s: float = 30.0
    growth_mb: float = 600.0
    replace_after_s: float = 60.0
    drain_s: float = 120.0


def settings_for(
    languages: Sequence[str] = (),
    *,
    threads: int = 0,
    max_streams: int = 16,
    tests: bool = False,
    preference: Preference | None = None,
) -> PoolSettings | None:
    """Settings with the models at hand. None: no model at all.

    languages: those of the hotline; empty = all that the models know. threads: 0 = one a core. preference: which
    model serves which language; else `asr.models.ORDER`.
    """
    chosen = choose(languages, tests=tests, preference=preference)
    served: dict[str, EngineSpec] = {}
    for language, models in chosen.items():
        for model in models:
            spec = served.get(model.name) or EngineSpec(model.engine, model.name, str(model.folder), ())
            served[model.name] = replace(spec, languages=(*spec.languages, language))
    if not served:
        return None
    orders = tuple((language, *(model.name for model in models)) for language, models in chosen.items())
    worker = WorkerSettings(
        engines=tuple(served.values()), orders=orders, threads=threads or cores(), max_streams=max_streams
    )
    return PoolSettings(worker=worker)
