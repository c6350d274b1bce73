"""The shell around routing's board: it tells the board what happened and carries out what the board wants.

`Dispatcher` (dispatcher.py) is what calls, callbacks, telephones and the desk talk to of entries, and `staffed.py`
its part about rules and agents. Under it, `driving.py` applies events, writes down facts and keeps the timer, and
`seats.py` reaches whoever serves an entry: a call, or a promise to call back.
"""

from ivr.dispatch.dispatcher import Dispatcher
from ivr.dispatch.driving import RoutingRecords

__all__ = ["Dispatcher", "RoutingRecords"]
