"""Heads on their way: what is read from them, and what the other side gets. The refusals are in test_framing."""

import pytest

from loadbalancer.head import (
    CHUNKED,
    NO_BODY,
    SIZED,
    UNTIL_CLOSE,
    Refused,
    frame,
    read_request,
    read_response,
    render_request,
    render_response,
)


def request(*fields, method=b"GET", version="1.1"):
    return read_request(method, b"/x", version, [(b"Host", b"a"), *fields])


def response(*fields, status=200, version="1.1", to_head=False):
    return read_response(status, b"OK", version, list(fields), to_head=to_head)


def rendered(head, **changes):
    return render_response(head, b"", **{"chunked": False, "keep_alive": True, "minor": 1, **changes}).decode()


def test_a_request_is_written_anew_with_our_lines_and_cookies():
    """Method, target, host and fields stay; the Cookie field is the given one; our lines stand before the framing."""
    head = request((b"Accept", b"*/*"), (b"Cookie", b"a=b"), (b"Content-Length", b"3"), method=b"POST")
    assert render_request(head, b"c=d", b"Via: 1.1 dcsim\r\n") == (
        b"POST /x HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nCookie: c=d\r\nVia: 1.1 dcsim\r\nContent-Length: 3\r\n\r\n"
    )


def test_several_cookie_fields_become_one():
    """HTTP/1.1 knows one Cookie field; several are joined as RFC 6265 joins pairs."""
    assert request((b"Cookie", b"a=b"), (b"cookie", b"c=d")).cookies == b"a=b; c=d"


@pytest.mark.parametrize(
    ("version", "connection", "keeps"),
    [
        ("1.1", None, True),
        ("1.1", b"close", False),
        ("1.1", b"X, Close", False),
        ("1.0", None, False),
        ("1.0", b"keep-alive", True),
    ],
)
def test_who_keeps_a_connection(version, connection, keeps):
    """1.1 keeps unless told otherwise, 1.0 the other way round; the same for requests and answers."""
    fields = [(b"Connection", connection)] if connection else []
    assert request(*fields, version=version).keep_alive is keeps
    assert response((b"Content-Length", b"0"), *fields, version=version).reusable is keeps


@pytest.mark.parametrize(
    ("status", "fields", "to_head", "framing"),
    [
        (200, [(b"Content-Length", b"5")], False, SIZED),
        (200, [(b"Transfer-Encoding", b"chunked")], False, CHUNKED),
        (200, [], False, UNTIL_CLOSE),
        (200, [(b"Content-Length", b"5")], True, NO_BODY),
        (204, [(b"Content-Length", b"5")], False, NO_BODY),
        (304, [(b"Content-Length", b"5")], False, NO_BODY),
        (100, [], False, NO_BODY),
    ],
)
def test_how_an_answer_ends(status, fields, to_head, framing):
    """Length, chunks or the close; answers to HEAD, 1xx, 204 and 304 have no body whatever they say."""
    assert response(*fields, status=status, to_head=to_head).framing is framing


def test_the_length_of_what_is_not_sent_is_passed_on():
    """HEAD and 304 keep the Content-Length of what a GET would bring; 204 must not have one."""
    length = (b"Content-Length", b"5")
    assert "Content-Length: 5\r\n" in rendered(response(length, to_head=True))
    assert "Content-Length: 5\r\n" in rendered(response(length, status=304))
    assert "Content-Length" not in rendered(response(length, status=204))


def test_hop_by_hop_fields_of_an_answer_end_here():
    """What a node says about its own connection is not for the client, nor is what it claims in our name."""
    head = response(
        (b"Connection", b"keep-alive, X-Hop"),
        (b"Keep-Alive", b"timeout=5"),
        (b"X-Hop", b"1"),
        (b"Proxy-Connection", b"close"),
        (b"X-Dcsim-Route", b"forged"),
        (b"X-Dcsim-Known-Via", b"web-session"),
        (b"Content-Length", b"0"),
    )
    assert rendered(head) == "HTTP/1.1 200 OK\r\nX-Dcsim-Known-Via: web-session\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("keep_alive", "minor", "line"),
    [
        (True, 1, ""),
        (False, 1, "Connection: close\r\n"),
        (True, 0, "Connection: keep-alive\r\n"),
        (False, 0, "Connection: close\r\n"),
    ],
)
def test_a_client_is_told_about_its_connection(keep_alive, minor, line):
    """Only what differs from the default of the client's version is said."""
    assert rendered(response((b"Content-Length", b"0")), keep_alive=keep_alive, minor=minor).endswith(
        f"0\r\n{line}\r\n"
    )


@pytest.mark.parametrize(("status", "version"), [(99, "1.1"), (600, "1.1"), (999, "1.1"), (200, "2.0"), (200, "0.9")])
def test_an_answer_that_is_none_is_refused_as_the_nodes_fault(status, version):
    """A status or version outside HTTP/1.x is 502."""
    with pytest.raises(Refused) as caught:
        response(status=status, version=version)
    assert caught.value.status == 502


def test_a_body_is_framed_for_its_side():
    """Chunks are written anew, one per batch; a sized body is written as it is."""
    assert frame([b"ab", b"c"], CHUNKED, last=False) == b"3\r\nabc\r\n"
    assert frame([], CHUNKED, last=True) == b"0\r\n\r\n"
    assert frame([], CHUNKED, last=False) == b""
    assert frame([b"ab", b"c"], SIZED, last=True) == b"abc"


def test_only_websocket_upgrades_are_offered_on():
    """An upgrade travels only when it is a GET of HTTP/1.1 to websocket, named in Connection."""
    upgrade = [(b"Connection", b"keep-alive, Upgrade"), (b"Upgrade", b"WebSocket")]
    assert request(*upgrade).websocket
    assert b"Connection: Upgrade\r\nUpgrade: websocket\r\n" in render_request(request(*upgrade), b"", b"")
    assert not request(*upgrade, method=b"PUT").websocket
    assert not request(*upgrade[1:]).websocket
    assert not request(upgrade[0], (b"Upgrade", b"h2c")).websocket
