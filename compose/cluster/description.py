"""What `dcsim up --json` prints about a cluster that is ready: the contract scripts rely on."""

from typing import TypedDict

from compose.cluster.handle import Cluster
from shared.accounts import SEED_USERS


class NodeDescription(TypedDict):
    id: str
    url: str
    version: str


class Account(TypedDict):
    username: str
    password: str
    admin: bool


class Description(TypedDict):
    """`console_url` is null until there is a console, `balancer_admin_url` when the balancer is not ours. URLs carry
    the context path, as users type them."""

    base_url: str
    nodes: list[NodeDescription]
    balancer_admin_url: str | None
    console_url: str | None
    admin_token: str
    accounts: list[Account]


def describe(cluster: Cluster) -> Description:
    context_path = cluster.spec.context_path
    return {
        "base_url": cluster.base_url,
        "nodes": [
            {"id": node.id, "url": node.url + context_path, "version": str(node.version)}
            for node in cluster.nodes.values()
        ],
        "balancer_admin_url": cluster.balancer_admin_url,
        "console_url": None,
        "admin_token": cluster.admin_token,
        "accounts": [
            {"username": user.username, "password": user.password, "admin": user.admin} for user in SEED_USERS
        ],
    }
