"""`dcsim demo`: a short story told on real clusters, then the whole table."""
