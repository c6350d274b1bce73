"""The settings of one controller: from `hotline.yaml` (or `--config FILE`), then environment variables `IVR_...`.

The environment wins over files of secrets (`ivr/secret_files.py`), these win over the file: `IVR_DATABASE_URL`,
`IVR_WEB__PORT=8081`, `IVR_ASTERISK__MODE=external`.
A wrong or unknown key is a `ConfigError` that names the key and says how to mend it.

`settings.py` holds them all; sections that belong to no room of their own are here, by subject; `loading.py` reads.
"""

from ivr.config.asterisk import AsteriskSettings
from ivr.config.loading import OTHER_VARIABLES, load_settings
from ivr.config.settings import Settings
from ivr.config.speaking import PromptSettings, SupervisorSettings, TranscriptSettings
from ivr.config.web import WebSettings

__all__ = [
    "OTHER_VARIABLES",
    "AsteriskSettings",
    "PromptSettings",
    "Settings",
    "SupervisorSettings",
    "TranscriptSettings",
    "WebSettings",
    "load_settings",
]
