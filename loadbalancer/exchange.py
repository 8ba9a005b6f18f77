"""One request's life, from its head to the last byte of its answer. The only state machine of the data path.

    GATHERING   the head is here, of the body too little yet: no node is bothered with a client that may never finish
    CONNECTING  a node is chosen, its connection is being opened; nothing is written, so any other node would do
    WAITING     the request is written, at least in part; no byte of an answer has been passed on
    ANSWERING   part of the answer is with the client: there is no way back
    TUNNEL      the node agreed to an upgrade; bytes pass in both directions, unread
    OVER        recorded; the connections belong to others again

What may be tried again is decided by `policy.after_failure`, where to by `routing`. This file knows how far a request
has come and moves bytes. Nothing here awaits: the two connections call in, and `sweep` of the client's connection
brings deadlines.
"""

import asyncio
import time
from enum import IntEnum, auto
from typing import Protocol

from loadbalancer.answers import own_answer
from loadbalancer.datapath import ANSWER_LINES, DataPath
from loadbalancer.forwarding import Origin, host_line, trusted_address, trusted_lines
from loadbalancer.head import (
    CHUNKED,
    NO_BODY,
    SIZED,
    UNTIL_CLOSE,
    Refused,
    ResponseHead,
    frame,
    render_request,
    render_response,
)
from loadbalancer.journal import wall_time
from loadbalancer.nodes import Node
from loadbalancer.parser import IncomingRequest, ResponseParser
from loadbalancer.policy import Attempt, Verdict, after_failure, needs_sure_connection
from loadbalancer.request_body import RequestBody
from loadbalancer.routing import Choice
from loadbalancer.upstream import UpstreamConnection
from shared.contract import BalancerError

_UNSENT_MAX = 64 * 1024
"""Bytes of a request's body held while no node takes them; above this the client is not read any more."""


class State(IntEnum):
    GATHERING = auto()
    CONNECTING = auto()
    WAITING = auto()
    ANSWERING = auto()
    TUNNEL = auto()
    OVER = auto()


GATHERING, CONNECTING, WAITING, ANSWERING, TUNNEL, OVER = State
# Names of their own, because `State.WAITING` costs as much as a function call in Python 3.11 (enum.property).

_NEXT = {
    GATHERING: {CONNECTING, WAITING, OVER},
    CONNECTING: {CONNECTING, WAITING, OVER},
    WAITING: {CONNECTING, WAITING, ANSWERING, TUNNEL, OVER},
    ANSWERING: {OVER},
    TUNNEL: {OVER},
    OVER: set(),
}


class Client(Protocol):
    """The client's connection, as an exchange sees it. `deadline` is on the event loop's clock."""

    origin: Origin
    forwarded: bytes
    deadline: float

    def write(self, data: bytes) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def exchange_over(self, *, keep_alive: bool) -> None:
        """The answer is complete."""
        ...

    def tunnel_opened(self) -> bytes:
        """From now on bytes are passed on unread; returns those that have already come."""
        ...

    def abort(self) -> None:
        """Breaks the connection, so that nobody takes what was sent for a whole answer."""
        ...


class Exchange:
    """One request and its answer, between one client connection and one node at a time."""

    __slots__ = (
        "_address",
        "_answer_framing",
        "_attempts",
        "_awaits_continue",
        "_body",
        "_body_since",
        "_choice",
        "_claim",
        "_client",
        "_connecting",
        "_continued",
        "_first_byte_at",
        "_head",
        "_keep_alive",
        "_link",
        "_loop",
        "_path",
        "_request",
        "_sent",
        "_started",
        "_status",
        "_throttled",
        "_tried",
        "_was_throttled",
        "state",
    )

    def __init__(
        self, path: DataPath, client: Client, request: IncomingRequest, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.state = GATHERING
        self._path = path
        self._client = client
        self._request = request
        self._loop = loop
        self._head = head = request.head
        trusted = path.trust_forwarded and bool(head.forwarding)
        self._address = trusted_address(head, client.origin) if trusted else client.origin.address
        self._claim = path.router.stickiness.claim(head, self._address)
        self._choice: Choice | None = None
        self._link: UpstreamConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._tried: set[str] = set()
        self._attempts = 0
        self._body = None if head.framing is NO_BODY else RequestBody(request, replay_bytes=path.settings.replay_bytes)
        self._continued = False
        self._awaits_continue = head.expects_continue and not request.received
        self._body_since = 0.0
        self._throttled = self._was_throttled = False
        self._keep_alive = False
        self._answer_framing = NO_BODY
        self._status: int | None = None
        self._sent = 0
        self._started = time.monotonic()
        self._first_byte_at: float | None = None

    # What the client's connection reports

    def start(self) -> None:
        self._path.budget.earn()
        if self._request.complete:
            self._choose()
        else:
            self._body_since = self._loop.time()
            self._gather()

    def client_progress(self) -> None:
        """More of the request has arrived, or what arrived cannot be part of one."""
        request = self._request
        if self._awaits_continue and request.received:
            self._expect_body()
        if request.refusal is not None:
            self._refuse(request.refusal)
        elif self.state is GATHERING:
            self._gather()
        elif self.state is CONNECTING:
            if request.received > _UNSENT_MAX:
                self._client.pause_reading()
        elif self.state is not OVER:
            self._send_body()

    def client_tunnelled(self, data: bytes) -> None:
        assert self._link is not None
        self._await_progress()
        self._link.write(data)

    def client_writable(self, writable: bool) -> None:
        """Back-pressure from the client: a node is not read faster than its answer is taken."""
        if self._link is None:
            return
        if writable:
            self._link.resume_reading()
        else:
            self._link.pause_reading()
        self._await_progress()

    def client_gone(self) -> None:
        """Nobody waits for the answer any more: the node need not finish it."""
        if self.state is TUNNEL and self._link is not None:
            link, self._link = self._link, None
            link.close(within_s=self._path.settings.idle_timeout_s)
        self._drop_link()
        self._close(self._status, cut=None if self.state is TUNNEL else "client-left")

    def expired(self) -> None:
        """The present deadline has passed."""
        if self.state is TUNNEL or self.state is ANSWERING:
            self._cut("idle")
        elif not (self._request.complete or self._awaits_continue or self._throttled):
            self._drop_link()
            self._answer(408, BalancerError.SLOW_CLIENT, "the request's body did not arrive in time")
        else:
            self._count("timeouts")
            self._failed(BalancerError.NODE_TIMEOUT, "did not answer in time", timed_out=True)

    # What the node's connection reports

    def upstream_received(self) -> None:
        link = self._link
        assert link is not None
        parser = link.parser
        if parser.interim:
            self._pass_interim(parser)
        head = parser.head
        if head is None:
            return
        out = b""
        if self.state is WAITING:
            if head.status == 101:
                self._open_tunnel(head, parser.remainder)
                return
            out = self._begin_answer(head)
        complete = parser.complete
        if parser.pieces or self._answer_framing is CHUNKED:
            out += frame(parser.take(), self._answer_framing, last=complete)
        if out:
            self._sent += len(out)
            self._client.write(out)
        if complete:
            self._finish(link)
        else:
            self._await_progress()

    def upstream_tunnelled(self, data: bytes) -> None:
        self._sent += len(data)
        self._await_progress()
        self._client.write(data)

    def upstream_broken(self, refused: Refused) -> None:
        """The node sent what is not an HTTP/1.1 answer."""
        self._count("bad_answers")
        self._failed(BalancerError.BAD_ANSWER, f"gave an invalid answer ({refused})")

    def upstream_lost(self) -> None:
        """The node closed before its answer was complete."""
        if self.state is TUNNEL:
            self._link = None
            self._close(self._status, cut=None)
            self._client.exchange_over(keep_alive=False)
            return
        self._count("lost")
        self._failed(BalancerError.NODE_LOST, "closed the connection before it answered")

    def upstream_writable(self, writable: bool) -> None:
        """Back-pressure from the node: a client is not read faster than its request is taken."""
        self._throttled = not writable
        self._was_throttled = True
        if writable:
            self._client.resume_reading()
        else:
            self._client.pause_reading()
        self._await_progress()

    def node_down(self) -> None:
        """The checks declared the node down while it has this request: wait no longer (`shutdown_sessions`)."""
        self._failed(BalancerError.NODE_LOST, "was declared down before it answered")

    # The way to a node

    def _gather(self) -> None:
        request, head = self._request, self._head
        enough = request.complete or head.expects_continue or request.received >= self._path.settings.gather_bytes
        if enough or head.websocket:
            self._choose()
        else:
            self._client.resume_reading()  # paused if this one came behind another
            self._await_progress()

    def _choose(self) -> None:
        choice = self._path.router.choose(self._claim, self._loop.time(), tried=self._tried)
        if choice is None:
            self._answer(503, BalancerError.NO_NODE, "no node can take this request now; try again in a moment")
            return
        self._attempt(choice)

    def _attempt(self, choice: Choice, *, fresh: bool = False) -> None:
        node = choice.node
        self._choice = choice
        self._attempts += 1
        self._tried.add(node.id)
        node.counters.requests += 1
        node.running.add(self)
        pool = self._path.pool(node)
        link = None if fresh else pool.take(sure=needs_sure_connection(self._head.method))
        if link is not None:
            self._connected(link)
            return
        self._to(CONNECTING)
        self._wait(self._path.settings.connect_timeout_s + 1)  # the connection keeps its own limit; this one is a net
        node.counters.connects += 1
        self._connecting = pool.connect(self._path.settings.connect_timeout_s, self._connected, self._unreachable)

    def _connected(self, link: UpstreamConnection) -> None:
        self._connecting = None
        self._link = link
        head = self._head
        link.carry(self, to_head=head.method == b"HEAD")
        self._to(WAITING)
        assert self._choice is not None
        added = self._origin_lines() + self._path.request_lines(self._choice.reason, self._choice.node.clock_offset.ns)
        data = render_request(head, self._claim.cookies, added)
        if self._body is not None:
            data += self._body.from_the_start()
            self._client.resume_reading()
        link.write(data)
        self._await_progress()

    def _unreachable(self, error: OSError) -> None:
        self._connecting = None
        self._count("connect_errors")
        self._failed(BalancerError.UNREACHABLE, f"cannot be reached ({error.strerror or 'no answer'})")

    def _origin_lines(self) -> bytes:
        head, client = self._head, self._client
        if self._path.trust_forwarded:
            return trusted_lines(head, client.origin)
        return client.forwarded + host_line(head)

    def _send_body(self) -> None:
        assert self._link is not None
        if self._body is not None and (data := self._body.more()):
            self._link.write(data)
            self._await_progress()

    # The way back to the client

    def _pass_interim(self, parser: ResponseParser) -> None:
        """1xx answers go on to clients that understand them; a repeated request shows its 100 only once."""
        interim, parser.interim = parser.interim, []
        for head in interim:
            if self._head.minor and not (head.status == 100 and self._continued):
                if head.status == 100:
                    self._continued = True
                    if self._awaits_continue:
                        self._expect_body()
                        self._await_progress()
                self._client.write(render_response(head, b"", chunked=False, keep_alive=True, minor=1))

    def _begin_answer(self, head: ResponseHead) -> bytes:
        """The head as the client gets it. Whether the connection outlives the answer is decided here."""
        request, framing = self._head, head.framing
        sized = framing is NO_BODY or framing is SIZED
        chunked = not sized and request.minor == 1
        self._keep_alive = (
            request.keep_alive and self._request.complete and (sized or chunked) and not self._path.stopping
        )
        self._answer_framing = CHUNKED if chunked else UNTIL_CLOSE
        added = self._first_byte(ANSWERING, head.status)
        return render_response(head, added, chunked=chunked, keep_alive=self._keep_alive, minor=request.minor)

    def _first_byte(self, state: State, status: int) -> bytes:
        """The node has answered: notes it, and returns the lines that every answer gets."""
        self._first_byte_at = time.monotonic()
        self._to(state)
        self._status = status
        choice = self._choice
        assert choice is not None
        node = choice.node
        node.answered()
        if self._claim.told == node.id:
            return ANSWER_LINES[choice.reason]
        return ANSWER_LINES[choice.reason] + self._path.router.stickiness.lines(self._claim, node.id)

    def _finish(self, link: UpstreamConnection) -> None:
        self._link = None
        parser = link.parser
        clean = (self._body is None or self._body.sent) and not self._throttled and not parser.surplus
        if clean and parser.head is not None and parser.head.reusable:
            link.release(self._loop.time())
        else:
            link.abort()
        self._close(self._status)
        self._client.exchange_over(keep_alive=self._keep_alive)

    def _open_tunnel(self, head: ResponseHead, first: bytes) -> None:
        link = self._link
        assert link is not None
        if not (self._head.websocket and head.websocket):
            self.upstream_broken(Refused(502, "an upgrade nobody asked for"))
            return
        added = self._first_byte(TUNNEL, head.status)
        out = render_response(head, added, chunked=False, keep_alive=True, minor=1)
        link.tunnel = True
        self._sent += len(out) + len(first)
        self._client.write(out + first)
        if held := self._client.tunnel_opened():
            link.write(held)
        self._await_progress()

    # When it does not work

    def _failed(self, error: BalancerError, words: str, *, timed_out: bool = False) -> None:
        """An attempt failed: again, elsewhere, an explicit refusal, or a cut (`policy.after_failure`)."""
        choice, link = self._choice, self._link
        assert choice is not None
        node = choice.node
        now = self._loop.time()
        attempt = self._state_of_attempt(
            written=link is not None, reused=link is not None and link.uses > 1, timed_out=timed_out
        )
        self._drop_link()
        if not attempt.reused and not timed_out:
            node.failed(now, may_eject=self._path.roster.others_serve(node))
        verdict = after_failure(attempt)
        if verdict is Verdict.CUT:
            self._cut("node-lost")
            return
        if verdict is Verdict.GIVE_UP:
            status = 504 if timed_out else 502
            self._answer(status, error, f"{node.id} {words}; the request was not repeated")
            return
        node.counters.retries += 1
        if attempt.written:
            self._path.budget.spend()
        node.running.discard(self)
        if verdict is Verdict.SAME_NODE and node.admission.bound:
            self._attempt(choice, fresh=True)
            return
        self._retry_elsewhere(error, f"{node.id} {words}")

    def _retry_elsewhere(self, error: BalancerError, words: str) -> None:
        """Asks anew where this client belongs: another request of it may have moved it meanwhile."""
        router = self._path.router
        self._claim = router.stickiness.claim(self._head, self._address)
        choice = router.choose(self._claim, self._loop.time(), tried=self._tried)
        if choice is None:
            self._answer(502, error, f"{words}, and no other node can take the request")
        else:
            self._attempt(choice)

    def _state_of_attempt(self, *, written: bool, reused: bool, timed_out: bool = False) -> Attempt:
        return Attempt(
            method=self._head.method,
            written=written,
            answered=self.state is ANSWERING or self.state is TUNNEL,
            replayable=self._body is None or self._body.replayable,
            reused=reused,
            timed_out=timed_out,
            retries_left=self._path.settings.retries + 1 - self._attempts,
            budget_left=self._path.budget.left,
        )

    def _refuse(self, refused: Refused) -> None:
        """The rest of the request turned out to be no HTTP. The node's connection is broken off, never completed."""
        self._drop_link()
        if self.state is ANSWERING or self.state is TUNNEL:
            self._cut("request-refused")
        else:
            self._answer(refused.status, BalancerError.REFUSED, str(refused))

    def _answer(self, status: int, error: BalancerError, text: str) -> None:
        """The balancer's own answer; the connection closes after it."""
        reason = self._choice.reason if self._choice else None
        data = own_answer(status, error, text, reason=reason, to_head=self._head.method == b"HEAD")
        self._sent += len(data)
        self._client.write(data)
        self._close(status, error=error)
        self._client.exchange_over(keep_alive=False)

    def _cut(self, why: str) -> None:
        self._drop_link()
        self._close(self._status, cut=why)
        self._client.abort()

    def _drop_link(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self._link is not None:
            self._link.abort()
            self._link = None

    # Books

    def _close(self, status: int | None, *, error: BalancerError | None = None, cut: str | None = None) -> None:
        self._to(OVER)
        total_s = time.monotonic() - self._started
        choice = self._choice
        if choice is not None:
            self._count_answer(choice.node, status, total_s, own=error is not None)
        first_byte_s = None if self._first_byte_at is None else self._first_byte_at - self._started
        head = self._head
        self._path.journal.add(
            (
                wall_time(),
                self._client.origin.address,
                head.method,
                head.target,
                status,
                choice.node.id if choice else None,
                choice.reason if choice else None,
                self._attempts,
                self._request.received,
                self._sent,
                first_byte_s,
                total_s,
                error,
                cut,
            )
        )

    def _count_answer(self, node: Node, status: int | None, total_s: float, *, own: bool) -> None:
        node.running.discard(self)
        counters = node.counters
        counters.bytes_in += self._request.received
        counters.bytes_out += self._sent
        if status is not None and not own:
            counters.answers[status // 100] += 1
            counters.latency.add(total_s)

    def _count(self, what: str) -> None:
        if self._choice is not None:
            counters = self._choice.node.counters
            setattr(counters, what, getattr(counters, what) + 1)

    def _to(self, state: State) -> None:
        assert state in _NEXT[self.state], f"{self.state} -> {state}"
        self.state = state

    # Deadlines

    def _await_progress(self) -> None:
        """Sets the deadline for what this exchange waits for now."""
        path = self._path
        if self.state is TUNNEL:
            self._wait(path.settings.tunnel_idle_s)
        elif self.state is ANSWERING or (self._throttled and not self._request.complete):
            self._wait(path.settings.idle_timeout_s)
        elif self._request.complete or self._awaits_continue:
            self._wait(path.first_byte_timeout_s)
        else:
            self._wait(min(path.settings.body_timeout_s, self._body_allowance_s()))

    def _expect_body(self) -> None:
        """The client has been told to send its body, or sends it untold: its time begins."""
        self._awaits_continue = False
        self._body_since = self._loop.time()

    def _body_allowance_s(self) -> float:
        """How long a body at this pace may go on: each byte buys time, so dripping runs out of it."""
        rate = self._path.settings.body_bytes_per_s
        if not rate or self._was_throttled:  # a node that stopped taking the body is not its client's fault
            return self._path.settings.body_timeout_s
        bought_s = self._path.settings.body_timeout_s + self._request.received / rate
        return bought_s - (self._loop.time() - self._body_since)

    def _wait(self, limit_s: float) -> None:
        self._client.deadline = self._loop.time() + limit_s
