"""Postgres and nothing else. Each module is one noun; its functions run inside the caller's transaction."""
