"""Clusters of containers, driven through the Docker SDK. Everything made here carries labels and goes with its run.

- `engine` is the edge: the SDK blocks, so every call of it runs in a thread there, and its errors become ours.
- `events` hears what the engine says has happened; nothing counts as done before that.
- `image` builds ours from the sources, `settings` says from what; `labels` names what is whose.
- `run` holds what one command makes; `networks`, `container`, `stores` and `site` make it, `links` cuts it.
- `cleaning` finds and removes what a killed command has left behind.

One part of a cluster sits on several networks, with one address on each, and is dialled by these addresses only:

    front   balancer -> relay -> nodes         bus   nodes -> relay -> Valkey
    db      nodes -> relay -> Postgres         ctl   operators, and what is published on this machine's loopback

So taking a node off one network cuts exactly one of its links, silently, as a pulled cable does. `ctl` is never cut.
"""
