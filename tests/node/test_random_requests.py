"""Random requests, against every route the node has: whatever is sent, the answer is no server error.

The suite sends some 1,500; `pytest -m soak tests/node/test_random_requests.py` sends 20,000.
"""

import string
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import node.web_app
from shared import contract
from shared.clock import Anchor, AnchorSeal
from tests.support.nodes import TOKEN, running_node

pytestmark = pytest.mark.asyncio(loop_scope="module")

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
PARAMETERS = (
    "username", "key", "userKey", "taskId", "startAt", "maxResults", "fields", "jql", "os_authType", "os_destination",
    "atl_token", "name", "as", "webSudoDestination", "webSudoIsPost", "permissionViolation", "includeDeleted", "user",
)  # fmt: skip
FIELDS = (
    *PARAMETERS, "password", "currentPassword", "emailAddress", "displayName", "active", "newOwnerKey", "validateQuery",
    "os_username", "os_password", "os_cookie", "os_captcha", "webSudoPassword", "confirm",
)  # fmt: skip
CONTENT_TYPES = (
    "application/json", "application/json; charset=utf-16", "application/x-www-form-urlencoded", "text/plain",
    "application/x-www-form-urlencoded; charset=x", "multipart/form-data", "multipart/form-data; boundary=b", "x", "",
)  # fmt: skip
COOKIES = (contract.SESSION_COOKIE, contract.REMEMBER_ME_COOKIE, contract.XSRF_COOKIE)
HEADERS = ("Authorization", "X-Atlassian-Token", "User-Agent", "Origin", "Referer", "X-Forwarded-Proto", "X-Forwarded-Host", contract.CLOCK_STAMP)  # fmt: skip

names = st.sampled_from(("alice", "admin", "bob", "nobody", "JIRAUSER10001", "10000", "TEST-3", "true", "", "-1"))
texts = names | st.text(max_size=30)
printable = st.text(string.ascii_letters + string.digits + string.punctuation.replace(";", "") + " ", max_size=40)
header_values = printable | st.sampled_from(
    ("no-check", "Mozilla/5.0", "null", "https", "Basic YWxpY2U6YWxpY2U=", "Basic ====", "Bearer x", "https://[", "1;2;3;4;x")
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=8,
)
bodies = st.one_of(
    st.none(),
    st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=4).map(lambda body: ("json", body)),
    json_values.map(lambda body: ("json", body)),
    st.dictionaries(st.sampled_from(FIELDS), texts, max_size=4).map(lambda form: ("form", form)),
    st.tuples(st.sampled_from(CONTENT_TYPES), st.binary(max_size=60)),
    st.just(("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx')),
)


@dataclass(frozen=True)
class Target:
    """The node, its routes as method and path, and browsers that are logged in, again and again if need be."""

    node: object
    routes: list
    browsers: dict = field(default_factory=dict)

    async def browser(self, who):
        if who is None:
            return self.node.browser()
        browser = self.browsers.get(who)
        if browser is None or (await browser.who_am_i()).status != 200:
            browser = self.browsers[who] = self.node.browser()
            await browser.log_in(who, who)
        return browser


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def target(stores):
    """Learns the routes from the node itself, so that no new one is left out."""
    found = set()
    add_routes = node.web_app.add_routes

    def listening(router, routes, filters, where):
        found.update(
            (route.method.replace("*", "OPTIONS"), path) for route in routes if filters for path in route.paths
        )
        add_routes(router, routes, filters, where)

    url = await stores.fresh_database()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("node.web_app.add_routes", listening)
        async with running_node(stores, url) as running:
            yield Target(running, sorted(found))
    await stores.drop_database(url)


def requests():
    """Everything about a request but its route, which only the running node knows; `at` picks one. The method is the
    route's own, and now and then another one."""
    return st.fixed_dictionaries(
        {
            "method": st.sampled_from((None,) * 20 + METHODS),
            "at": st.integers(0, 10_000),
            "parts": st.lists(texts, min_size=3, max_size=3),
            "query": st.dictionaries(st.sampled_from(PARAMETERS), texts, max_size=3),
            "body": bodies,
            "headers": st.dictionaries(st.sampled_from(HEADERS), header_values, max_size=3),
            "cookies": st.dictionaries(
                st.sampled_from(COOKIES), printable.map(lambda text: text.replace(" ", "")), max_size=2
            ),
            "who": st.sampled_from((None, "alice", "admin")),
        }
    )


def path_of(template, parts):
    """The template with its placeholders filled in, percent-encoded as a client would."""
    for part in parts:
        start = template.find("{")
        if start < 0:
            return template
        template = template[:start] + quote(part, safe="", errors="surrogatepass") + template[template.index("}") + 1 :]
    return template


def body_of(body):
    """What `aiohttp` needs to send it."""
    match body:
        case None:
            return {}
        case "json", value:
            return {"json": value}
        case "form", fields:
            return {"data": {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}}
        case kind, data:
            return {"data": data, "headers": {"Content-Type": kind}}


async def send(target, request):
    method, template = target.routes[request["at"] % len(target.routes)]
    query = "&".join(
        f"{name}={quote(text, safe='', errors='surrogatepass')}" for name, text in request["query"].items()
    )
    browser = await target.browser(request["who"])
    options = body_of(request["body"])
    cookies = {**browser.cookies, **request["cookies"]} if request["who"] is None else browser.cookies
    headers = request["headers"] | options.pop("headers", {})
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    url = f"{target.node.url}{path_of(template, request['parts'])}?{query}"
    async with target.node.client.request(
        request["method"] or method, url, headers=headers, allow_redirects=False, **options
    ) as response:
        return response, await response.read()


async def check(target, request):
    answer, body = await send(target, request)
    assert answer.status < 500, (answer.status, body[:300])
    assert b"Traceback" not in body
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-AREQUESTID"]


unhindered = {"suppress_health_check": list(HealthCheck), "derandomize": False}


@settings(max_examples=1500, **unhindered)
@given(requests())
async def test_no_request_is_a_server_error(target, request):
    """Any method, path, query, body, header and cookie, as nobody, as a user and as an administrator."""
    await check(target, request)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@settings(max_examples=20_000, **unhindered)
@given(requests())
async def test_no_request_is_a_server_error_in_the_long_run(target, request):
    """The same, for as long as a coffee takes."""
    await check(target, request)


async def test_a_forged_clock_stamp_is_nothing(target):
    """Not even with a seal that is ours but an anchor that is none."""
    seal = AnchorSeal(TOKEN)
    for stamp in (f"x;{seal._tag('x')}", "", ";", "é", str(Anchor(9, 0, 0, 0))):
        browser = target.node.browser()
        answer = await browser.request("GET", "/rest/api/2/serverInfo", headers={contract.CLOCK_STAMP: stamp})
        assert answer.status == 200
