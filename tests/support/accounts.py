"""Accounts for tests that need no directory."""

from node.identity import Account


def account(username="alice", *, epoch=0, active=True, groups=("jira-software-users",)):
    """The account of `username`, whose key is KEY-<username>."""
    return Account(f"KEY-{username}", username, username.title(), f"{username}@example.com", active, epoch, groups)
