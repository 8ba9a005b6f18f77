"""The route cookie: `<client>.<node id>.<tag>`. Pure.

The client part names one browser, so that sessions can be counted and a client that fails over stays in one place even
while its old cookie is still in flight. The tag is a keyed hash: a value we did not issue names nobody, and its bearer
is simply a new client. The node's id is readable on purpose, its address is not in it.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256

CLIENT_LENGTH = 16
_TAG_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Route:
    """What a genuine route cookie says."""

    client: bytes
    node_id: str


class RouteCookie:
    """Issues and reads route cookies; `secret` is what every balancer of one cluster shares."""

    def __init__(self, secret: str, *, name: str, attributes: str) -> None:
        self.name = name.encode()
        self._attributes = attributes.encode()
        self._key = b"route cookie\0" + secret.encode()

    def value(self, route: Route) -> bytes:
        text = route.client + b"." + route.node_id.encode()
        return text + b"." + self._tag(text)

    def read(self, value: bytes) -> Route | None:
        """What the value says, or None when we never issued it."""
        text, _, tag = value.rpartition(b".")
        if not hmac.compare_digest(tag, self._tag(text)):
            return None
        client, _, node_id = text.partition(b".")
        return Route(client, node_id.decode())

    def line(self, value: bytes) -> bytes:
        """The header lines that hand this value to a client, and keep shared caches from handing it to others."""
        attributes = b"; " + self._attributes if self._attributes else b""
        return b"Set-Cookie: %b=%b%b\r\nCache-Control: private\r\n" % (self.name, value, attributes)

    def _tag(self, text: bytes) -> bytes:
        return hmac.new(self._key, text, sha256).hexdigest()[:_TAG_LENGTH].encode()


def take(cookies: bytes, name: bytes) -> tuple[bytes | None, bytes]:
    """The value of that cookie, and the field without it. The first one wins: browsers send the most specific first."""
    before, met, after = cookies.partition(name + b"=")
    if not met:
        return None, cookies
    value, _, rest = after.partition(b"; ")
    if (not before or before.endswith(b"; ")) and name not in rest and b";" not in value and b" " not in value:
        return value, (before + rest if rest else before[:-2])
    return _take_with_care(cookies, name)


def _take_with_care(cookies: bytes, name: bytes) -> tuple[bytes | None, bytes]:
    """`take` for fields that browsers do not write: odd blanks, the name twice or inside another one."""
    found: bytes | None = None
    kept: list[bytes] = []
    for pair in cookies.split(b";"):
        pair = pair.strip()
        key, _, value = pair.partition(b"=")
        if key != name:
            kept.append(pair)
        elif found is None:
            found = value
    return found, b"; ".join(kept)


def find(cookies: bytes, name: bytes) -> bytes | None:
    """The value of that cookie, which stays where it is."""
    return take(cookies, name)[0]


def find_all(cookies: bytes, name: bytes) -> list[bytes]:
    """Every value of that cookie, in the order they were sent."""
    pairs = (pair.strip().partition(b"=") for pair in cookies.split(b";"))
    return [value for key, met, value in pairs if key == name and met]
