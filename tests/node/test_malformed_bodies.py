"""Bodies that are not what their headers say."""

import pytest

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
ESCAPES = f"{URLENCODED}; charset=unicode_escape"


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        ("/login.jsp", {"Content-Type": MULTIPART}, b"--b\r\nno header\r\n\r\nx\r\n--b--\r\n"),
        (
            "/login.jsp",
            {"Content-Type": MULTIPART},
            b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: x\r\n\r\nx\r\n--b--\r\n',
        ),
        ("/login.jsp", {"Content-Type": URLENCODED, "Content-Encoding": "deflate"}, b"xxxx"),
        ("/login.jsp", {"Content-Type": ESCAPES}, rb"os_username=\ud800&os_password=x"),
        ("/login.jsp", {"Content-Type": ESCAPES}, rb"os_username=alice&os_password=alice&os_destination=/\ud800"),
        ("/rest/auth/1/session", {"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"{}"),
    ],
)
async def test_the_caller_is_told(node, path, headers, body):
    """400 saying so, and no server error."""
    async with node.client.post(node.url + path, headers=headers, data=body) as answer:
        assert answer.status == 400
        assert "could not be read" in await answer.text()
