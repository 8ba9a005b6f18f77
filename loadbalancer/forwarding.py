"""Who is asking: the X-Forwarded-* fields that a node gets. Pure.

A client's own claims are dropped, because anybody can write them. They are kept only if the operator says that a proxy
of ours stands in front (`trust_forwarded`).
"""

from dataclasses import dataclass

from loadbalancer.head import CRLF, RequestHead

_FOR = b"x-forwarded-for"
_HOST = b"x-forwarded-host"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection came from and how it reached us."""

    address: str
    proto: str
    port: int

    def lines(self) -> bytes:
        """What a node is told of an untrusted client, but for the host it asked for."""
        return (
            f"X-Forwarded-For: {self.address}\r\nX-Forwarded-Proto: {self.proto}\r\nX-Forwarded-Port: {self.port}\r\n"
        ).encode()


def host_line(head: RequestHead) -> bytes:
    return b"X-Forwarded-Host: " + head.host + CRLF if head.host else b""


def trusted_lines(head: RequestHead, origin: Origin) -> bytes:
    """The fields of a proxy we trust, our view appended to its chain and filled in where it said nothing."""
    chain = [value for name, value in head.forwarding if name.lower() == _FOR]
    lines = [b"X-Forwarded-For: " + b", ".join([*chain, origin.address.encode()]) + CRLF]
    given = {name.lower() for name, _ in head.forwarding}
    lines += [name + b": " + value + CRLF for name, value in head.forwarding if name.lower() != _FOR]
    if b"x-forwarded-proto" not in given:
        lines.append(b"X-Forwarded-Proto: " + origin.proto.encode() + CRLF)
    if b"x-forwarded-port" not in given:
        lines.append(b"X-Forwarded-Port: %d\r\n" % origin.port)
    if _HOST not in given:
        lines.append(host_line(head))
    return b"".join(lines)


def trusted_address(head: RequestHead, origin: Origin) -> str:
    """The client's address as the proxy in front of us saw it: the last one of the chain it wrote."""
    for name, value in reversed(head.forwarding):
        if name.lower() == _FOR and (last := value.rpartition(b",")[2].strip()):
            return last.decode("latin-1")
    return origin.address
