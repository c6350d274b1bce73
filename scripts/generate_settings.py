"""Writes docs/administrators/settings.md from the settings' own models. `--check` only compares (used by the tests)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from ivr.config import Settings

TARGET = Path(__file__).resolve().parents[1] / "docs" / "administrators" / "settings.md"

HEAD = """# Settings

One controller reads `hotline.yaml` in the folder where it starts (or `ivr run --config FILE`), then the environment;
the environment wins. Sections are joined by two underscores: `web.port` is `IVR_WEB__PORT`. An unknown or wrong key
stops the start and is named. Secrets are best given as files (below). Made by `scripts/generate_settings.py`.

```yaml
# hotline.yaml
database_url: postgresql+asyncpg://hotline@127.0.0.1/hotline
web: {port: 8081}
asterisk: {loopback: false, allow_anonymous: false, trunk_hosts: [10.0.0.5]}
```

| key | environment | default | meaning |
|---|---|---|---|
"""

TAIL = """
Secrets (`none` above where the meaning says password, token or secret, and `database_url`) may be files of one
line each, so that neither a file of settings nor an environment holds them: named as the variable without
`IVR_`, in small letters (`web__token`, `database_password`), in a folder that `IVR_SECRETS_DIR` names, or
handed over by systemd (`LoadCredential=web__token:/etc/hotline/web__token`). The environment wins over them,
they win over `hotline.yaml`.

Two more variables are read by set-up, models and prompts: `IVR_CACHE` (downloads and rendered audio, outside
the checkout) and `IVR_MODELS` (a folder of speech models of your own, looked at first). `IVR_SECRET_<NAME>` is the
secret NAME of requests and channels. Lists and mappings in the environment are JSON: `IVR_OUTSIDE__HOSTS='["a", "b"]'`.
"""


def rows(model: type[BaseModel], prefix: str = "") -> list[str]:
    lines: list[str] = []
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        if isinstance(field.default, BaseModel):
            lines += rows(type(field.default), f"{key}.")
            continue
        variable = "IVR_" + key.upper().replace(".", "__")
        default = _default(field.get_default(call_default_factory=True))
        lines.append(f"| `{key}` | `{variable}` | {default} | {_meaning(field)} |")
    return lines


def _default(value: Any) -> str:
    if value is None or isinstance(value, SecretStr) or value == "":
        return "none"
    if isinstance(value, tuple):
        return f"`{', '.join(map(str, value))}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _meaning(field: FieldInfo) -> str:
    choices = getattr(field.annotation, "__args__", ())
    said = field.description or ""
    if choices and all(isinstance(choice, str) for choice in choices):
        said = f"{' or '.join(f'`{choice}`' for choice in choices)}{': ' if said else ''}{said}"
    return said


def page() -> str:
    return HEAD + "\n".join(rows(Settings)) + "\n" + TAIL


def main() -> int:
    if "--check" in sys.argv:
        if TARGET.read_text(encoding="utf-8") == page():
            return 0
        print(f"{TARGET.name} is not current: run scripts/generate_settings.py")
        return 1
    TARGET.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
