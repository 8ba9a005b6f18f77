"""One application node: web sessions and Crowd entries in its own memory, users and tokens in Postgres."""
