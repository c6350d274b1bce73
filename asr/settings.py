"""What a worker process and its owner are told. Plain data: it travels as one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from asr.models import choose


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One model to load. engine: `vosk`, `whisper`, or `package.module:factory` of a Recognizer made elsewhere.

    languages: the ones it serves here, in no order. folder: of the model.
    """

    engine: str
    name: str
    folder: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """engines: per language the first that knows it is asked first, the others when it fails.

    host: where websocket and media are received; loopback unless the worker serves another machine.
    media_ports: (first, last) for RTP, or None: any free port. threads: of each engine, and the engines' callers.
    max_streams: listening at once; one more is refused. longest_queue_s: work waiting beyond this refuses too.
    nice: added to the process's niceness, so that recognition never delays the control loop.
    """

    engines: tuple[EngineSpec, ...] = ()
    threads: int = 2
    max_streams: int = 16
    longest_queue_s: float = 3.0
    host: str = "127.0.0.1"
    port: int = 0
    media_ports: tuple[int, int] | None = None
    nice: int = 5
    token: str = field(default="", repr=False)

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
            ports = raw.pop("media_ports")
            return WorkerSettings(engines=engines, media_ports=tuple(ports) if ports else None, **raw)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not the settings of a worker: {error}") from error


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """workers: processes, each with the models loaded (a second one helps only where Vosk outgrows one).

    ready_s: what start-up waits for them. stop_s: what they get to end by themselves.
    open_s: what opening a hearing may take before the caller is told to use the keys.
    """

    worker: WorkerSettings = WorkerSettings()
    workers: int = 1
    ready_s: float = 60.0
    stop_s: float = 3.0
    open_s: float = 1.0
    restart_first_s: float = 0.2
    restart_longest_s: float = 10.0


def settings_for(
    languages: Sequence[str] = (),
    *,
    threads: int = 2,
    max_streams: int = 16,
    tests: bool = False,
) -> PoolSettings | None:
    """Settings with the models at hand, Vosk before Whisper for each language. None: no model at all.

    languages: those of the hotline; empty = all that the models know.
    """
    chosen = choose(languages, tests=tests)
    served: dict[str, EngineSpec] = {}
    for language, models in chosen.items():
        for model in models:
            spec = served.get(model.name) or EngineSpec(model.engine, model.name, str(model.folder), ())
            served[model.name] = replace(spec, languages=(*spec.languages, language))
    if not served:
        return None
    engines = tuple(sorted(served.values(), key=lambda spec: spec.engine != "vosk"))
    return PoolSettings(worker=WorkerSettings(engines=engines, threads=threads, max_streams=max_streams))
