"""The expression engine is loaded without its console."""

from __future__ import annotations

import subprocess
import sys


def test_no_console_is_loaded_and_whoever_wants_it_gets_it() -> None:
    looked = (
        "import sys; from ivr.flow.expressions.alone import cel; "
        "assert 'prompt_toolkit' not in sys.modules and 'cel.cli' not in sys.modules; "
        "assert cel.compile('1 + 1').execute() == 2; "
        "import cel.cli; assert hasattr(cel.cli, 'app')"
    )
    done = subprocess.run([sys.executable, "-c", looked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
