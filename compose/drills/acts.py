"""What administrators and users do on purpose in a drill: each act through the resource or page a real one would use,
recorded as an operation, and followed by the receipt of the node that carried it out."""

import asyncio
import itertools
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import aiohttp

from compose.cluster.admin_client import AdminClient, Refused, Silent
from compose.drills.history.recorder import Recorder
from compose.drills.history.records import OPERATORS, OpKind, Outcome, Receipt
from compose.drills.scenario.steps import NEEDS_USER, Act, ActKind
from compose.drills.traffic.person import Account, Person
from compose.drills.traffic.population import Places, Population
from compose.drills.traffic.recording import RecordingBrowser, Told
from compose.people.browser import Answer, Browser
from shared.accounts import SEED_KEYS
from shared.actions import Action
from shared.contract import KnownVia
from shared.errors import HarnessError, OperatorError

PATIENCE_S = 30.0
POLL_S = 0.02
RECEIPTS_LOOKED_AT = 20
_NO_CHECK = {"X-Atlassian-Token": "no-check"}
_RUNNING, _COMPLETED = "IN_PROGRESS", "COMPLETED"
_TASK_OUTCOMES = {_COMPLETED: Outcome.OK, _RUNNING: Outcome.INFO, None: Outcome.INFO}
"""By what an anonymization's task says at last; no word from it is as good as still running."""
_ORDERS = {ActKind.START_UPGRADE: "start", ActKind.APPROVE_UPGRADE: "approve", ActKind.CANCEL_UPGRADE: "cancel"}


class Acts:
    """Performs acts one after the other. `operator_urls` are where nodes tell their receipts, by node."""

    def __init__(
        self,
        population: Population,
        places: Places,
        client: aiohttp.ClientSession,
        admin: AdminClient,
        recorder: Recorder,
        *,
        operator_urls: Mapping[str, str],
    ) -> None:
        self._population = population
        self._places = places
        self._client = client
        self._admin = admin
        self._recorder = recorder
        self._operator_urls = operator_urls
        self._passwords = itertools.count(1)
        self._told: set[str] = set()

    async def perform(self, act: Act) -> None:
        """Raises HarnessError when the cluster refuses and the act may not fail, OperatorError for an act without its
        user, or through a node that there is not."""
        if act.user is None and act.act in NEEDS_USER:
            raise OperatorError(f"{act.act} is done to somebody; say user: NAME")
        op, answer = await self._send(act)
        done = answer is not None and answer.status < 400 and answer.known_via is not KnownVia.NOBODY
        if act.act is ActKind.LOGOUT:
            done = answer is not None and answer.status < 400
        if act.act is ActKind.ANONYMIZE:
            done = done and answer is not None and _task_status(answer) == _COMPLETED
        if not done and not act.may_fail:
            said = "nobody answered" if answer is None else f"status {answer.status}, {answer.body[:120]!r}"
            raise HarnessError(f"{act.act} of {act.user or 'the cluster'} failed: {said}; may-fail: true allows that")
        if done and answer is not None and answer.node is not None:
            await self._record_receipt(op, act, answer.node)

    async def _send(self, act: Act) -> tuple[int, Answer | None]:
        match act.act:
            case ActKind.LOGOUT:
                return await self._owner(act).browsers[0].send(Told(OpKind.LOGOUT, "GET", "/logout", headers=_NO_CHECK))
            case ActKind.OWN_PASSWORD:
                return await self._own_password(act)
            case ActKind.CLEAR_TOKENS:
                return await self._on_page(
                    act, "/secure/admin/user/UserRememberMeCookies.jspa", {"name": act.user or ""}
                )
            case ActKind.CLEAR_ALL_TOKENS:
                return await self._on_page(act, "/secure/admin/user/AllUsersRememberMeCookies.jspa", {"sure": "true"})
            case ActKind.ANONYMIZE:
                return await self._anonymize(act)
            case ActKind.ADMIN_PASSWORD:
                return await self._admin_password(act)
        return await self._as_script(act, _request_of(act))

    async def _admin_password(self, act: Act) -> tuple[int, Answer | None]:
        account = self._population.account(act.user or "")
        new = f"{account.username}-{next(self._passwords)}-{self._recorder.real_ns() % 1000}"
        path = f"/rest/api/2/user/password?username={quote(account.username, safe='')}"
        told = Told(OpKind.ACT, "PUT", path, json={"password": new}, about=(Action.ADMIN_PASSWORD, account.username))
        with account.being_changed():
            op, answer = await self._as_script(act, told)
            if answer is not None and answer.status < 300:
                account.password = new
        return op, answer

    async def _own_password(self, act: Act) -> tuple[int, Answer | None]:
        """By the user himself, logged in where he is, or where the act says."""
        account = self._population.account(act.user or "")
        owner = self._population.owner(account)
        if owner is not None and act.via is None:
            browser = owner.browsers[0]
        else:
            browser = self._browser(act.via, user=account.username, group="")
            form = {"os_username": account.username, "os_password": account.password, "login": "Log In"}
            await browser.send(Told(OpKind.LOGIN, "POST", "/login.jsp", form=form))
        new = f"{account.username}-{next(self._passwords)}"
        body = {"password": new, "currentPassword": account.password}
        told = Told(
            OpKind.ACT, "PUT", "/rest/api/2/myself/password", json=body, about=(Action.OWN_PASSWORD, account.username)
        )
        op, answer = await browser.send(told)
        if answer is not None and answer.status < 300:
            account.password = new
        return op, answer

    async def _anonymize(self, act: Act) -> tuple[int, Answer | None]:
        """The act is over when its task is; one that was refused began no task."""
        account = self._population.account(act.user or "")
        administrator = self._browser(act.via)

        async def to_its_end(answer: Answer) -> tuple[Answer, Outcome]:
            if answer.status != 202:
                return answer, Outcome.OK
            path = str(answer.json()["progressUrl"])
            deadline_s = time.monotonic() + PATIENCE_S
            while _task_status(answer) in (_RUNNING, None) and time.monotonic() < deadline_s:
                await asyncio.sleep(POLL_S)
                answer = await administrator.browser.request("GET", path, headers=self._basic())
            return answer, _TASK_OUTCOMES.get(_task_status(answer), Outcome.FAIL)

        told = Told(
            OpKind.ACT,
            "POST",
            "/rest/api/2/user/anonymization",
            json={"userKey": _key_of(account)},
            headers=self._basic(),
            about=(Action.ANONYMIZE, account.username),
        )
        return await administrator.send(told, follow=to_its_end)

    async def _on_page(self, act: Act, page: str, fields: Mapping[str, str]) -> tuple[int, Answer | None]:
        """A page of the administration asks for the password once more."""
        administrator = self._browser(act.via)
        account = self._population.account("admin")
        login = {"os_username": account.username, "os_password": account.password, "login": "Log In"}
        await administrator.send(Told(OpKind.LOGIN, "POST", "/login.jsp", form=login))
        sudo = {"webSudoPassword": account.password, "webSudoDestination": page}
        await administrator.send(
            Told(OpKind.BROWSE, "POST", "/secure/admin/WebSudoAuthenticate.jspa", form=sudo, headers=_NO_CHECK)
        )
        return await administrator.send(Told(OpKind.ACT, "POST", page, form=fields, headers=_NO_CHECK))

    async def _as_script(self, act: Act, told: Told) -> tuple[int, Answer | None]:
        """With a Basic header, so that no session of the administrator's plays a part."""
        headers = {**(told.headers or {}), **self._basic()}
        shown = Told(told.kind, told.method, told.path, json=told.json, headers=headers, about=told.about)
        return await self._browser(act.via).send(shown)

    def _browser(self, via: str | None, *, user: str = "admin", group: str = OPERATORS) -> RecordingBrowser:
        if via is not None and via not in self._places.nodes:
            raise OperatorError(f"there is no node {via!r} to act through; there is {', '.join(self._places.nodes)}")
        url = self._places.base_url if via is None else self._places.nodes[via]
        return RecordingBrowser(
            Browser(self._client, url, patience_s=PATIENCE_S),
            self._recorder,
            user=user,
            group=group or OPERATORS,
            session_cookie=self._places.session_cookie,
            remember_me_cookie=self._places.remember_me_cookie,
            pinned_to=via,
        )

    def _owner(self, act: Act) -> Person:
        owner = self._population.owner(self._population.account(act.user or ""))
        if owner is None:
            raise OperatorError(f"{act.user} is nobody's account in this drill's traffic, so nobody can log out")
        return owner

    def _basic(self) -> dict[str, str]:
        account = self._population.account("admin")
        return {"Authorization": aiohttp.encode_basic_auth(account.username, account.password), **_NO_CHECK}

    async def _record_receipt(self, op: int, act: Act, node: str) -> None:
        """The node's latest of that action upon that user; a node that cannot be asked tells none. One receipt is told
        once: an act that has none, because nobody had to be told, does not get the one before it."""
        url = self._operator_urls.get(node)
        if url is None:
            return
        try:
            found = await self._admin.invalidations(url, limit=RECEIPTS_LOOKED_AT)
        except (Silent, Refused):
            return
        user_key = None if act.user is None else _key_of(self._population.account(act.user))
        for receipt in found:
            if (receipt["action"], receipt["user_key"]) == (act.act.value, user_key):
                if receipt["event_id"] not in self._told:
                    self._told.add(receipt["event_id"])
                    self._recorder.write(self._receipt(op, receipt))
                return

    def _receipt(self, op: int, receipt: Mapping[str, Any]) -> Receipt:
        return Receipt(
            self._recorder.real_ns(),
            receipt["at_ms"],
            op,
            receipt["action"],
            receipt["user"],
            receipt["origin"],
            receipt["position"],
            {part["node"]: (part["outcome"], part["real_ms"]) for part in receipt["nodes"]},
            receipt["waited_real_ms"],
            receipt["commit_real_ms"],
        )


def _key_of(account: Account) -> str:
    """Those every cluster has were not made by the drill, which so was not told their keys."""
    return account.key or SEED_KEYS.get(account.username, "")


def _task_status(answer: Answer) -> str | None:
    return answer.json().get("status")


def _request_of(act: Act) -> Told:
    """Acts that are one REST call."""
    if act.act in _ORDERS:
        return Told(OpKind.ACT, "POST", f"/rest/api/2/cluster/zdu/{_ORDERS[act.act]}")
    user = quote(act.user or "", safe="")
    about = (Action(act.act.value), act.user)
    match act.act:
        case ActKind.DELETE_USER:
            return Told(OpKind.ACT, "DELETE", f"/rest/api/2/user?username={user}", about=about)
        case ActKind.REST_END_SESSION:
            return Told(OpKind.ACT, "DELETE", f"/rest/api/2/user/session/{user}", about=about)
        case ActKind.DEACTIVATE:
            return Told(OpKind.ACT, "PUT", f"/rest/api/2/user?username={user}", json={"active": False}, about=about)
    raise AssertionError(f"{act.act} has a method of its own")
