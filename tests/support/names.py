"""A DNS and a crowd of nodes without a network: test twins of the balancer's resolver and identity."""

from shared.errors import DependencyError


class FakeResolver:
    """Knows these names; `trouble` is what it fails with instead."""

    def __init__(self, addresses):
        self.addresses = addresses
        self.trouble = None

    async def __call__(self, name):
        if self.trouble:
            raise DependencyError(self.trouble)
        if not self.addresses.get(name):
            raise DependencyError(f"DNS has no address for {name}: not known")
        return frozenset(self.addresses[name])


class FakeIdentity:
    """Knows who is at which address; None is silence, an exception is raised."""

    def __init__(self, names):
        self.names = names
        self.closed = False

    async def __call__(self, host, port):
        name = self.names.get(host)
        if isinstance(name, Exception):
            raise name
        return name

    async def close(self):
        self.closed = True
