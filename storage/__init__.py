"""What is kept: tables, repositories, unit of work, migrations, the journal.

SQLite embedded, Postgres by one setting.
"""
