"""Drills: what happened, judged. The checkers are pure functions of a history; nothing here runs a cluster."""
