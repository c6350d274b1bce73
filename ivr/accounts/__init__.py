"""Agents' SIP accounts: kept in the database, made in Asterisk over ARI while calls go on.

    secrets.py      new secrets, and what is kept of them (pure)
    profile.py      an account as Asterisk's configuration objects (pure)
    plan.py         what Asterisk has against what it should have (pure)
    asterisk.py     carries that out: make, let go of registrations, remove
    service.py      create, rotate, revoke: for the command line and, later, the web
    keeper.py       the running server's part: in step at the start, after every gap, after every change
    book.py         whose account is which, and which of an agent's telephones is rung

Nothing is edited and nothing is reloaded (docs/decisions/0155).
"""
