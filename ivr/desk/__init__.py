"""What agents and supervisors do, for every way in: telephones, screens, tests. `Desk` (service.py) is the door.

`people.py` says who may do what to whom, `errors.py` what can be refused, in two languages, `views.py` how agents,
queues and entries look from outside. In-call operations (hold, transfer ...) are those of `ivr.talk.service`.
"""
