"""The composition root: the only place that names the concrete parts and joins them into a running hotline.

`ground.py` lays what there must be before any call, `joining.py` joins the parts, `starting.py` begins to take calls,
`running.py` is all three in their order, and down again.
"""

from ivr.hotline import Hotline
from ivr.main.ground import TAKING_OVER
from ivr.main.running import RunningHotline, hotline

__all__ = ["TAKING_OVER", "Hotline", "RunningHotline", "hotline"]
