"""Set-Cookie lines, the way Jira and Tomcat write them (reference: jira.md 6)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CookieJarRules:
    """Names and attributes of this node's cookies. Ages are seconds of the browser's clock."""

    session_name: str
    session_max_age_s: int | None
    remember_me_name: str
    remember_me_age_s: int
    path: str

    def session(self, value: str, *, secure: bool) -> str:
        """JSESSIONID; with a max-age it turns from a session cookie into a permanent one."""
        age = "" if self.session_max_age_s is None else f"; Max-Age={self.session_max_age_s}"
        return f"{self.session_name}={value}; Path={self.path}{age}{_secure(secure)}; HttpOnly"

    def remember_me(self, value: str, *, secure: bool) -> str:
        return (
            f"{self.remember_me_name}={value}; Path={self.path}; Max-Age={self.remember_me_age_s}"
            f"{_secure(secure)}; HttpOnly"
        )

    def clear_remember_me(self, *, secure: bool) -> str:
        return f'{self.remember_me_name}=""; Path={self.path}; Max-Age=0{_secure(secure)}; HttpOnly'

    def xsrf(self, name: str, token: str, *, secure: bool) -> str:
        """Ends with the browser and is readable by our pages; behind https other sites may send it along, and it
        proves nothing without the form's field."""
        return f"{name}={token}; Path={self.path}" + ("; Secure; SameSite=None" if secure else "")

    def plain(self, name: str, value: str, *, age_s: int | None, secure: bool) -> str:
        """A cookie that says nothing of who the user is, so our scripts may read it. Age None: a session cookie."""
        age = "" if age_s is None else f"; Max-Age={age_s}"
        return f"{name}={value}; Path={self.path}{age}{_secure(secure)}"


def _secure(secure: bool) -> str:
    return "; Secure" if secure else ""
