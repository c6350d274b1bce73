"""`ivr whatif`: the hotline in virtual time. A scenario says who calls, who answers and by which rules; the same board
that routes live calls decides, and the report says what callers and agents would have met.

    load.py       a scenario's YAML -> `model.Scenario`, with every fault at its place
    arrivals.py, laws.py, history.py   calls and how long they take: from rates, from laws, from what was stored
    world.py      one replication: events in virtual time through `routing.board.Board`
    tally.py, statistics.py, result.py  figures of one replication, and of many, with confidence intervals
    run.py        replications over processes
    report_*.py   the result as text, JSON and a page
"""
