"""Which of the files is which, and which one wins. The only part that touches the disk, through `xml_file`."""

import os
import stat
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from shared.contract import SESSION_COOKIE, XSRF_COOKIE
from shared.errors import OperatorError
from shared.jira_config import web_xml as web
from shared.jira_config.seraph_config import COOKIE_AGE, SeraphSettings, read_seraph_config
from shared.jira_config.session_config import SessionConfig
from shared.jira_config.sourced import Origin, Sourced, by_default, first
from shared.jira_config.web_xml import TrackingMode, WebSettings, read_web_xml
from shared.jira_config.xml_file import XmlFile, read_xml
from shared.settings import MAX_REMEMBER_ME_AGE_S


class Role(StrEnum):
    """What a configuration file is for; the value is its place below Jira's installation directory."""

    SERVER = "conf/web.xml"
    APPLICATION = "atlassian-jira/WEB-INF/web.xml"
    SERAPH = "atlassian-jira/WEB-INF/classes/seraph-config.xml"


_SERVER_CLASSES = ("org.apache.catalina.servlets.", "org.apache.jasper.")
_APPLICATION_CLASSES = ("com.atlassian.",)
_FOLDERS = {"conf": Role.SERVER, "WEB-INF": Role.APPLICATION}


def read(path: Path, *, allow_overflow: bool = False) -> SessionConfig:
    """The configuration of an installation directory, or of one file with Jira's defaults beside it.

    Raises OperatorError as `read_files` and `read_install` do.
    """
    if os.path.isdir(path):  # unlike Path.is_dir, whatever the name is
        return read_install(path, allow_overflow=allow_overflow)
    return read_files([path], allow_overflow=allow_overflow)


def read_install(directory: Path, *, allow_overflow: bool = False) -> SessionConfig:
    """The configuration of a Jira installation directory. Raises OperatorError naming all files that are missing, and
    for a directory that this user may not look into, where a file could be there for all we know."""
    missing = [role for role in Role if not _is_file(directory, role)]
    if missing:
        raise OperatorError(
            f"{directory} is not a Jira installation directory, {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing; give the directory that holds conf and atlassian-jira"
        )
    return _assemble({role: read_xml(directory / role) for role in Role}, allow_overflow=allow_overflow)


def _is_file(directory: Path, role: Role) -> bool:
    try:
        return stat.S_ISREG(os.stat(directory / role).st_mode)
    except PermissionError as error:
        raise OperatorError(
            f"cannot look into {directory}: {error.strerror}: {error.filename}; run as a user who may read it"
        ) from error
    except (OSError, ValueError):  # not there, or no name that could be
        return False


def read_files(paths: Sequence[Path], *, allow_overflow: bool = False) -> SessionConfig:
    """The configuration of up to three files, recognised by what they contain; a missing one is as Jira ships it.

    Raises OperatorError for a file that cannot be used, two files for one purpose, or an age Jira cannot count to
    unless `allow_overflow`.
    """
    files: dict[Role, XmlFile] = {}
    unclear: list[XmlFile] = []
    for path in paths:
        file = read_xml(path)
        role = _role(file)
        if role is None:
            unclear.append(file)
        else:
            _claim(files, role, file)
    for file in unclear:
        # A bare <session-config> snippet: the application's file is the one people are told to edit.
        _claim(files, Role.SERVER if Role.APPLICATION in files and len(unclear) == 1 else Role.APPLICATION, file)
    return _assemble(files, allow_overflow=allow_overflow)


def read_as(paths: Mapping[Role, Path], *, allow_overflow: bool = False) -> SessionConfig:
    """The configuration of files whose purpose is said and not guessed; a missing one is as Jira ships it.

    Raises OperatorError as `read_files` does, and for a web.xml given as seraph-config.xml or the other way round.
    """
    files = {role: read_xml(path) for role, path in paths.items()}
    for role, file in files.items():
        if (_role(file) is Role.SERAPH) is not (role is Role.SERAPH):
            raise OperatorError(f"{file.path} cannot be {role}: its outermost element is <{file.root.name}>")
    return _assemble(files, allow_overflow=allow_overflow)


def _claim(files: dict[Role, XmlFile], role: Role, file: XmlFile) -> None:
    if role in files:
        raise OperatorError(
            f"{files[role].path} and {file.path} both look like {role}; "
            "give one of them, or put them in place and use --jira-install DIR"
        )
    files[role] = file


def _role(file: XmlFile) -> Role | None:
    """The file's role by its root element and the classes it names, then by its folder; None for a bare web.xml."""
    if file.root.name == "security-config":
        return Role.SERAPH
    if file.root.name != "web-app":
        raise file.fault(
            file.root,
            f"the outermost element is <{file.root.name}>; expected <web-app> (a web.xml) "
            "or <security-config> (a seraph-config.xml)",
        )
    texts = file.root.texts()
    if any(text.startswith(_APPLICATION_CLASSES) for text in texts):
        return Role.APPLICATION
    if any(text.startswith(_SERVER_CLASSES) for text in texts):
        return Role.SERVER
    return _FOLDERS.get(file.path.absolute().parent.name)


def _assemble(files: dict[Role, XmlFile], *, allow_overflow: bool) -> SessionConfig:
    application = read_web_xml(files[Role.APPLICATION]) if Role.APPLICATION in files else web.SHIPPED_APPLICATION
    server = read_web_xml(files[Role.SERVER]) if Role.SERVER in files else web.SHIPPED_SERVER
    seraph = read_seraph_config(files.get(Role.SERAPH))
    overflow = _check_age(seraph.age_s, allow_overflow=allow_overflow)
    return _merge(application, server, seraph, overflow=overflow)


def _merge(application: WebSettings, server: WebSettings, seraph: SeraphSettings, *, overflow: bool) -> SessionConfig:
    """Element by element the application's web.xml wins over the server's, and both over Tomcat's own values.

    Tomcat's values: 30 minutes, cookies or URLs, a cookie that ends with the browser, HttpOnly, and Secure exactly
    when the request is https. Raises OperatorError for two cookies of one name.
    """
    modes = (TrackingMode.COOKIE, TrackingMode.URL)
    tomcat = Origin.TOMCAT
    session_cookie_name = first(application.name, server.name, default=by_default(SESSION_COOKIE, tomcat, web.NAME))
    _check_names(session_cookie_name, seraph.cookie_name)
    return SessionConfig(
        session_timeout_min=first(
            application.timeout_min, server.timeout_min, default=by_default(30, tomcat, web.TIMEOUT)
        ),
        tracking_modes=first(
            application.tracking_modes, server.tracking_modes, default=by_default(modes, tomcat, web.TRACKING_MODE)
        ),
        session_cookie_max_age_s=first(
            application.max_age_s, server.max_age_s, default=by_default(None, tomcat, web.MAX_AGE)
        ),
        session_cookie_name=session_cookie_name,
        session_cookie_path=first(application.path, server.path, default=by_default(None, tomcat, web.PATH)),
        session_cookie_secure=first(application.secure, server.secure, default=by_default(None, tomcat, web.SECURE)),
        session_cookie_http_only=first(
            application.http_only, server.http_only, default=by_default(True, tomcat, web.HTTP_ONLY)
        ),
        remember_me_cookie_name=seraph.cookie_name,
        remember_me_cookie_age_s=seraph.age_s,
        remember_me_cookie_path=seraph.cookie_path,
        insecure_cookie=seraph.insecure_cookie,
        invalidate_session_on_login=seraph.invalidate_on_login,
        forgotten_at_login=seraph.forgotten_at_login,
        login_url=seraph.login_url,
        authentication_type=seraph.authentication_type,
        original_url_key=seraph.original_url_key,
        remember_me_overflow=overflow,
    )


def _check_names(session: Sourced[str], remember_me: Sourced[str]) -> None:
    """Raises OperatorError when a browser could not keep the cookies apart, or Seraph, which reads its own in any
    letter case."""
    for other, what in ((session.value, "the session cookie"), (XSRF_COOKIE, "the cookie of the XSRF token")):
        if remember_me.value.lower() == other.lower():
            raise OperatorError(
                f"{remember_me.source}: {remember_me.value} is no name for the remember-me cookie, because {what} is "
                f"called {other} and a browser keeps one of them; write another name"
            )


def _check_age(age_s: Sourced[int], *, allow_overflow: bool) -> bool:
    """Whether Jira's arithmetic overflows at this age. Raises OperatorError if so, unless it is asked for."""
    if age_s.value <= MAX_REMEMBER_ME_AGE_S:
        return False
    if allow_overflow:
        return True
    raise OperatorError(
        f"{age_s.source.file}, line {age_s.source.line}: {COOKIE_AGE} is {age_s.value} seconds; Jira multiplies it by "
        f"1000 in 32 bits, and above {MAX_REMEMBER_ME_AGE_S} every remember-me token looks expired at once; write at "
        f"most {MAX_REMEMBER_ME_AGE_S} (about 25 days), or use --allow-overflow to see what Jira makes of it"
    )
