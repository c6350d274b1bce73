"""What is kept: models, repositories, unit of work, migrations, the journal. SQLite embedded, Postgres by one setting."""
