"""Answers the balancer gives by itself: refusals, 502, 503, 504. Pure."""

from http import HTTPStatus

from shared.contract import BALANCER_ERROR, ROUTE_REASON, BalancerError, RouteReason

RETRY_AFTER_S = 1


def own_answer(
    status: int, error: BalancerError, text: str, *, reason: RouteReason | None = None, to_head: bool = False
) -> bytes:
    """A complete answer that closes the connection. `reason` is why the last node was chosen, if one was."""
    phrase = HTTPStatus(status).phrase
    body = f"{status} {phrase}\n{text}\n".encode()
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        f"{BALANCER_ERROR}: {error}",
        "Via: 1.1 dcsim",
    ]
    if reason is not None:
        lines.append(f"{ROUTE_REASON}: {reason}")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        lines.append(f"Retry-After: {RETRY_AFTER_S}")
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode() + (b"" if to_head else body)
