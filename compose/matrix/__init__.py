"""Atlassian's table of invalidating actions, measured on a running cluster: action, version, local or cluster."""
