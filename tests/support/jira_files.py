"""The three files as the knowledge base prints them, and ways to put them on disk."""

from pathlib import Path

DOCTYPE = (
    '<!DOCTYPE web-app PUBLIC "-//Sun Microsystems, Inc.//DTD Web Application 2.3//EN" '
    '"http://java.sun.com/dtd/web-app_2_3.dtd">\n'
)
XMLNS = {
    "none": "",
    "j2ee": 'xmlns="http://java.sun.com/xml/ns/j2ee"',
    "javaee": 'xmlns="http://xmlns.jcp.org/xml/ns/javaee"',
    "jakartaee": 'xmlns="https://jakarta.ee/xml/ns/jakartaee"',
}

SERVER_MARK = (
    "  <servlet>\n    <servlet-name>default</servlet-name>\n"
    "    <servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class>\n  </servlet>\n"
)
APPLICATION_MARK = (
    "  <filter>\n    <filter-name>login</filter-name>\n"
    "    <filter-class>com.atlassian.jira.web.filters.JiraLoginFilter</filter-class>\n  </filter>\n"
)

FORCED = (
    "<session-timeout>480</session-timeout> <tracking-mode>COOKIE</tracking-mode> "
    "<cookie-config> <max-age>28800</max-age> </cookie-config>"
)


def timeout(minutes: object) -> str:
    return f"<session-timeout>{minutes}</session-timeout>"


def web_xml(session: str | None, *, mark: str = "", xmlns: str = "", doctype: str = "") -> str:
    block = (
        ""
        if session is None
        else f"  <!-- session config -->\n  <session-config>\n    {session}\n  </session-config>\n"
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}<web-app {xmlns}>\n{mark}{block}</web-app>\n'


def server_xml(session: str | None = timeout(30)) -> str:
    return web_xml(session, mark=SERVER_MARK)


def application_xml(session: str | None = timeout(300)) -> str:
    return web_xml(session, mark=APPLICATION_MARK)


def seraph_xml(**params: object) -> str:
    """Parameter names with underscores for dots; the cookie's name is always there, as Jira ships it."""
    params = {"login_cookie_key": "seraph.rememberme.cookie", **params}
    rows = "".join(
        f"    <init-param>\n      <param-name>{name.replace('_', '.')}</param-name>\n"
        f"      <param-value>{value}</param-value>\n    </init-param>\n"
        for name, value in params.items()
    )
    return (
        f'<?xml version="1.0"?>\n<security-config>\n  <parameters>\n{rows}  </parameters>\n'
        '  <authenticator class="com.atlassian.jira.security.login.JiraSeraphAuthenticator">\n'
        "    <init-param><param-name>autologin.cookie.age</param-name><param-value>1</param-value></init-param>\n"
        "  </authenticator>\n</security-config>\n"
    )


def install(directory: Path, *, server: str = "", application: str = "", seraph: str = "") -> Path:
    """A Jira installation directory; what is not given is as shipped."""
    put(directory / "conf/web.xml", server or server_xml())
    put(directory / "atlassian-jira/WEB-INF/web.xml", application or application_xml())
    put(
        directory / "atlassian-jira/WEB-INF/classes/seraph-config.xml",
        seraph or seraph_xml(autologin_cookie_age=1209600, invalidate_session_on_login="true"),
    )
    return directory


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
