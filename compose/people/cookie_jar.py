"""Cookies as a browser keeps them, by RFC 6265, but on the clock it is given: a person in a drill has to keep, or lose,
a cookie when policy time says so, and no library's jar lets its clock be set.

What tells two cookies apart is name and path. Ports do not, in this jar as in every browser, so that two applications
on one host name overwrite each other's cookies. There is one host, so domains are not looked at.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookies import CookieError, Morsel, SimpleCookie

Clock = Callable[[], int]
_ORDERED_BEFORE_MS = 946_684_800_000
"""An Expires before the year 2000 is how servers order a cookie to be deleted, whatever the time is."""


@dataclass(frozen=True, slots=True)
class _Kept:
    value: str
    expires_ms: int | None


class CookieJar(MutableMapping[str, str]):
    """As a mapping: the live cookies by name, that of the longest path if there are two. What is set is for the whole
    host and ends with the browser; what is deleted is deleted on every path. `now_ms` is policy time; without it only
    an order to delete ends a cookie."""

    def __init__(self, cookies: Mapping[str, str] | None = None, *, now_ms: Clock | None = None) -> None:
        self._now_ms = now_ms
        self._kept = {(name, "/"): _Kept(value, None) for name, value in (cookies or {}).items()}

    def keep(self, set_cookie: Iterable[str], *, path: str) -> None:
        """Takes the Set-Cookie lines of an answer to a request for `path`; lines that cannot be read are left out."""
        for line in set_cookie:
            try:
                morsels = SimpleCookie(line)
            except CookieError:
                continue
            for name, morsel in morsels.items():
                self._keep(name, morsel, path)

    def header(self, path: str) -> str:
        """The Cookie header for a request there, most specific path first; empty without cookies."""
        return "; ".join(f"{name}={value}" for name, value in self._for(path))

    def shown_at(self, path: str) -> dict[str, str]:
        """What a server there is shown; of two with one name the more specific, which is the one that servers take."""
        return dict(reversed(self._for(path)))

    def _for(self, path: str) -> list[tuple[str, str]]:
        found = [(kept_path, name, kept.value) for (name, kept_path), kept in self._live() if _covers(kept_path, path)]
        found.sort(key=lambda cookie: -len(cookie[0]))
        return [(name, value) for _, name, value in found]

    def __getitem__(self, name: str) -> str:
        found = [(len(path), kept.value) for (kept_name, path), kept in self._live() if kept_name == name]
        if not found:
            raise KeyError(name)
        return max(found)[1]

    def __setitem__(self, name: str, value: str) -> None:
        self._kept[name, "/"] = _Kept(value, None)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        for key in [key for key in self._kept if key[0] == name]:
            del self._kept[key]

    def __iter__(self) -> Iterator[str]:
        return iter({name: None for (name, _), _ in self._live()})

    def __len__(self) -> int:
        return len({name for (name, _), _ in self._live()})

    def _keep(self, name: str, morsel: "Morsel[str]", request_path: str) -> None:
        key = (name, morsel["path"] if morsel["path"].startswith("/") else _default_path(request_path))
        expires_ms = self._expires_ms(morsel)
        if expires_ms is not None and expires_ms <= self._now():
            self._kept.pop(key, None)
        else:
            self._kept[key] = _Kept(morsel.value, None if self._now_ms is None else expires_ms)

    def _expires_ms(self, morsel: "Morsel[str]") -> int | None:
        """Max-Age wins over Expires, as the RFC has it; None for a cookie that ends with the browser."""
        try:
            if morsel["max-age"]:
                return self._now() + int(morsel["max-age"]) * 1000
            if morsel["expires"]:
                return int(parsedate_to_datetime(morsel["expires"]).timestamp() * 1000)
        except ValueError:
            pass
        return None

    def _live(self) -> Iterator[tuple[tuple[str, str], _Kept]]:
        now_ms = self._now()
        return ((key, kept) for key, kept in self._kept.items() if kept.expires_ms is None or kept.expires_ms > now_ms)

    def _now(self) -> int:
        return _ORDERED_BEFORE_MS if self._now_ms is None else self._now_ms()


def _covers(cookie_path: str, path: str) -> bool:
    return path == cookie_path or path.startswith(cookie_path if cookie_path.endswith("/") else cookie_path + "/")


def _default_path(request_path: str) -> str:
    return request_path.rpartition("/")[0] or "/"
