"""Alembic's folder: `env.py` runs a migration on the connection it is given; one file a revision under `versions/`."""
