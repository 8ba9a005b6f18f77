"""Reading the three files: what is accepted, what wins, what is refused and how."""

import os
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import OperatorError
from shared.jira_config import Origin, read, read_files, read_install
from shared.jira_config.web_xml import TrackingMode
from shared.jira_config.xml_file import DEPTH_MAX, SIZE_MAX
from tests.support.jira_files import (
    DOCTYPE,
    FORCED,
    XMLNS,
    application_xml,
    install,
    put,
    seraph_xml,
    server_xml,
    timeout,
    web_xml,
)


def refusal(*paths: Path, **options: bool) -> str:
    with pytest.raises(OperatorError) as caught:
        read_files(paths, **options)
    return str(caught.value)


def test_default_installation(tmp_path):
    """As shipped, the application's 300 minutes win over the server's 30 and tokens live two weeks."""
    config = read_install(install(tmp_path))
    assert (config.idle_limit_s, config.session_max_age_s, config.remember_me_life_s) == (18_000, None, 1_209_600)
    assert config.session_timeout_min.source.line == 9
    assert config.session_timeout_min.source.file == str(tmp_path / "atlassian-jira/WEB-INF/web.xml")
    assert config.session_timeout_min.overrides.value == 30
    assert config.tracking_modes.source.origin is Origin.TOMCAT


def test_two_hours_idle(tmp_path):
    """The article's first change: only the application's web.xml, 120 minutes."""
    config = read_files([put(tmp_path / "web.xml", application_xml(timeout(120)))])
    assert config.idle_limit_s == 7_200
    assert config.remember_me_cookie_age_s.source.origin is Origin.JIRA


def test_two_days_cookie(tmp_path):
    """The article's second change: only seraph-config.xml, 172800 seconds."""
    config = read_files([put(tmp_path / "s.xml", seraph_xml(autologin_cookie_age=172_800))])
    assert config.remember_me_life_s == 172_800
    assert (config.remember_me_cookie_age_s.source.line, config.remember_me_cookie_age_s.source.origin) == (10, "file")
    assert config.idle_limit_s == 18_000


def test_forced_logout_after_eight_hours(tmp_path):
    """The article's third change: all three files, with tracking mode and max-age."""
    config = read_install(
        install(
            tmp_path,
            server=server_xml(FORCED),
            application=application_xml(FORCED),
            seraph=seraph_xml(autologin_cookie_age=28_800),
        )
    )
    assert (config.idle_limit_s, config.session_max_age_s, config.remember_me_life_s) == (28_800, 28_800, 28_800)
    assert config.tracking_modes.value == (TrackingMode.COOKIE,)


def test_precedence_is_per_element(tmp_path):
    """What the application's web.xml leaves out, the server's decides; what both leave out, Tomcat does."""
    server = server_xml(f"{timeout(45)}<cookie-config><max-age>60</max-age><name>SID</name></cookie-config>")
    application = application_xml("<cookie-config><max-age>90</max-age><http-only>false</http-only></cookie-config>")
    config = read_install(install(tmp_path, server=server, application=application))
    assert config.session_timeout_min.value == 45
    assert (config.session_cookie_max_age_s.value, config.session_cookie_max_age_s.overrides.value) == (90, 60)
    assert config.session_cookie_name.value == "SID"
    assert config.session_cookie_http_only.value is False
    assert config.session_cookie_secure.value is None


def test_no_web_xml_speaks(tmp_path):
    """Two files without any session-config leave Tomcat's 30 minutes."""
    config = read_install(install(tmp_path, server=server_xml(None), application=application_xml(None)))
    assert (config.session_timeout_min.value, config.session_timeout_min.source.origin) == (30, Origin.TOMCAT)


def test_server_file_alone_changes_nothing(tmp_path):
    """A timeout in the server's web.xml loses against the application's as shipped."""
    config = read_files([put(tmp_path / "w.xml", server_xml(timeout(45)))])
    assert config.session_timeout_min.value == 300
    assert config.session_timeout_min.overrides.value == 45


@pytest.mark.parametrize("xmlns", XMLNS.values(), ids=XMLNS)
@pytest.mark.parametrize("doctype", ["", DOCTYPE], ids=["plain", "doctype"])
def test_namespaces_and_doctype(tmp_path, xmlns, doctype):
    """Every generation of web.xml parses, DOCTYPE included, and nothing is fetched for it."""
    config = read_files([put(tmp_path / "w.xml", web_xml(timeout(77), xmlns=xmlns, doctype=doctype))])
    assert config.session_timeout_min.value == 77


@pytest.mark.parametrize("minutes", [0, -1, -300])
def test_no_idle_limit(tmp_path, minutes):
    """A timeout of zero or less is none."""
    assert read_files([put(tmp_path / "w.xml", application_xml(timeout(minutes)))]).idle_limit_s is None


@pytest.mark.parametrize("age", [0, -5])
def test_age_not_positive(tmp_path, age):
    """A cookie age of zero or less is two weeks."""
    config = read_files([put(tmp_path / "s.xml", seraph_xml(autologin_cookie_age=age))])
    assert config.remember_me_life_s == config.remember_me_age_s == 1_209_600


def test_negative_max_age_is_none(tmp_path):
    """A negative max-age is a cookie of the browser session."""
    xml = application_xml("<cookie-config><max-age>-1</max-age></cookie-config>")
    assert read_files([put(tmp_path / "w.xml", xml)]).session_max_age_s is None


def test_max_age_needs_a_cookie(tmp_path):
    """Without COOKIE among the tracking modes max-age has nothing to act on."""
    xml = application_xml("<tracking-mode>URL</tracking-mode><cookie-config><max-age>9</max-age></cookie-config>")
    assert read_files([put(tmp_path / "w.xml", xml)]).session_max_age_s is None


def test_seraph_parameters(tmp_path):
    """Every parameter is read; a parameter of the authenticator is not mistaken for one of Seraph's."""
    config = read_files(
        [
            put(
                tmp_path / "s.xml",
                seraph_xml(
                    login_cookie_key="my.cookie",
                    login_cookie_path="/jira",
                    insecure_cookie="true",
                    invalidate_session_on_login="true",
                    invalidate_session_exclude_list=" a , b,",
                    login_url="/login.jsp",
                    authentication_type="os_authType",
                    original_url_key="url",
                ),
            )
        ]
    )
    assert config.remember_me_cookie_name.value == "my.cookie"
    assert config.remember_me_cookie_path.value == "/jira"
    assert config.insecure_cookie.value is config.invalidate_session_on_login.value is True
    assert config.forgotten_at_login.value == ("a", "b")
    assert (config.login_url.value, config.authentication_type.value) == ("/login.jsp", "os_authType")
    assert config.original_url_key.value == "url"
    assert config.remember_me_cookie_age_s.value == 1_209_600


def test_seraph_defaults_are_not_jiras(tmp_path):
    """A given file without login.cookie.key means the library's cookie name; no file means Jira's."""
    bare = "<security-config><parameters/></security-config>"
    given = read_files([put(tmp_path / "s.xml", bare)])
    absent = read_files([put(tmp_path / "w.xml", application_xml())])
    assert (given.remember_me_cookie_name.value, given.remember_me_cookie_name.source.origin) == (
        "seraph.os.cookie",
        Origin.SERAPH,
    )
    assert absent.remember_me_cookie_name.value == "seraph.rememberme.cookie"
    assert (given.invalidate_session_on_login.value, absent.invalidate_session_on_login.value) == (False, True)


def test_last_parameter_wins_and_empty_is_unset(tmp_path):
    """A repeated parameter counts as written last; an empty path is none."""
    param = "<init-param><param-name>{}</param-name><param-value>{}</param-value></init-param>"
    rows = param.format("autologin.cookie.age", 5) + param.format("autologin.cookie.age", 7)
    rows += param.format("login.cookie.path", "")
    xml = f"<security-config><parameters>{rows}</parameters></security-config>"
    config = read_files([put(tmp_path / "s.xml", xml)])
    assert (config.remember_me_cookie_age_s.value, config.remember_me_cookie_path.value) == (7, None)


def test_age_that_overflows(tmp_path):
    """Above 2147483 s the file is refused with the reason; on request every token looks expired."""
    path = put(tmp_path / "s.xml", seraph_xml(autologin_cookie_age=2_147_484))
    message = refusal(path)
    assert message.startswith(f"{path}, line 10: autologin.cookie.age is 2147484 seconds; Jira multiplies")
    assert "every remember-me token looks expired" in message
    config = read_files([path], allow_overflow=True)
    assert (config.remember_me_overflow, config.remember_me_life_s, config.remember_me_age_s) == (True, 0, 2_147_484)
    largest = put(tmp_path / "ok.xml", seraph_xml(autologin_cookie_age=2_147_483))
    assert read_files([largest], allow_overflow=True).remember_me_life_s == 2_147_483


@pytest.mark.parametrize(
    ("session", "part"),
    [
        (timeout("soon"), "line 9: 'soon' is no value for <session-timeout>; write a whole number"),
        (timeout(""), "'' is no value"),
        (timeout("1_000"), "'1_000' is no value"),
        (timeout("٣٠"), "is no value"),
        (timeout("3.5"), "'3.5' is no value"),
        (timeout("9" * 10), "is no value"),
        (timeout("9" * 5000), "is no value"),
        (timeout(35_791_395), "write at most 35791394 minutes"),
        (timeout("${TIMEOUT}"), "'${TIMEOUT}' is no value"),
        ("<tracking-mode>cookie</tracking-mode>", "write one of COOKIE, URL, SSL"),
        (timeout(1) + timeout(2), "<session-timeout> appears a second time (first in line 9); keep one"),
        ("</session-config><session-config>", "<session-config> appears a second time"),
        ("<cookie-config><secure>yes</secure></cookie-config>", "'yes' is no value for <secure>; write true or false"),
        ("<cookie-config><name>a b</name></cookie-config>", "write a cookie name"),
        ("<cookie-config><path>jira</path></cookie-config>", "a path that starts with /"),
        ("<cookie-config><path>/a;Domain=x</path></cookie-config>", "a path that starts with /"),
    ],
)
def test_garbage_in_web_xml(tmp_path, session, part):
    """A value that cannot be used is refused with file, line and what to write instead."""
    path = put(tmp_path / "w.xml", application_xml(session))
    message = refusal(path)
    assert message.startswith(f"{path}, line ")
    assert part in message


@pytest.mark.parametrize(
    ("params", "part"),
    [
        ({"autologin_cookie_age": "two weeks"}, "line 10: 'two weeks' is no value for autologin.cookie.age"),
        ({"login_cookie_key": ""}, "write a cookie name"),
        ({"insecure_cookie": "1"}, "write true or false"),
        ({"insecure_cookie": "TRUE"}, "write true or false"),
        ({"original_url_key": ""}, "write a name"),
        ({"login_cookie_path": "x"}, "write a path"),
        ({"login_url": "login.jsp"}, "a path that starts with /"),
        ({"login_url": "/login.jsp?\n  os_destination="}, "write, in one line, a path"),
        ({"login_url": "javascript://x"}, "http:// or https://"),
    ],
)
def test_garbage_in_seraph_config(tmp_path, params, part):
    """A parameter that cannot be used is refused with file, line and what to write instead."""
    assert part in refusal(put(tmp_path / "s.xml", seraph_xml(**params)))


@pytest.mark.parametrize("name", ["JSESSIONID", "jsessionid", "atlassian.xsrf.token"])
def test_a_remember_me_cookie_with_the_name_of_another(tmp_path, name):
    """Refused, also in another letter case, since Seraph reads its cookie in any."""
    said = refusal(put(tmp_path / "s.xml", seraph_xml(login_cookie_key=name)))
    assert f"s.xml:6 (login.cookie.key): {name} is no name for the remember-me cookie" in said


def test_parameter_without_value(tmp_path):
    """A parameter without a value is refused by its line."""
    param = "<init-param><param-name>login.url</param-name></init-param>"
    xml = f"<security-config><parameters>\n{param}</parameters></security-config>"
    assert "line 2: login.url has no <param-value>" in refusal(put(tmp_path / "s.xml", xml))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE web-app [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE web-app [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE web-app [<!ENTITY % p SYSTEM "http://localhost/x.dtd"> %p;]>',
        '<!DOCTYPE web-app [<!NOTATION n SYSTEM "n"><!ENTITY u SYSTEM "u" NDATA n>]>',
    ],
    ids=["bomb", "external", "parameter", "unparsed"],
)
def test_entities_are_refused(tmp_path, doctype):
    """A file that declares entities of any kind is refused before one is expanded."""
    message = refusal(put(tmp_path / "w.xml", web_xml(timeout(5), doctype=doctype)))
    assert "declares XML entities" in message
    assert "remove the declarations" in message


def test_undeclared_entity_is_an_error(tmp_path):
    """A reference that only an external DTD could resolve is refused, because no DTD is read."""
    assert "undefined entity" in refusal(put(tmp_path / "w.xml", web_xml(timeout("&minutes;"), doctype=DOCTYPE)))


@pytest.mark.parametrize(
    "content",
    [
        ("\ufeff" + application_xml(timeout(77))).encode(),
        application_xml(timeout(77)).replace("UTF-8", "UTF-16").encode("utf-16"),
        application_xml(timeout(77)).replace("UTF-8", "ISO-8859-1").replace("session config", "für").encode("latin-1"),
        application_xml(timeout(77)).replace("\n", "\r\n").encode(),
        application_xml(timeout("7<!-- old: 300 -->7")).encode(),
        application_xml(timeout("<![CDATA[77]]>")).encode(),
        application_xml(timeout("\n  77\n ")).encode(),
        application_xml(f"<!-- {timeout(5)} --> {timeout(77)}").encode(),
    ],
    ids=["bom", "utf-16", "latin-1", "crlf", "comment inside", "cdata", "blanks", "commented out"],
)
def test_ways_to_write_the_same(tmp_path, content):
    """Encoding, line ends, comments and blanks do not change what a file says."""
    assert read_files([put(tmp_path / "w.xml", content)]).session_timeout_min.value == 77


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"session-timeout: 30",
        b"<web-app><session-config></web-app>",
        b"<web-app/><web-app/>",
        b"\xff\xfe\x00",
        b"<?xml version='1.0' encoding='no-such'?><web-app/>",
        b"<?xml version='1.0' encoding='shift_jis'?><web-app/>",
        b"<web-app>\xff</web-app>",
        b"<web-app>\x00</web-app>",
    ],
)
def test_not_xml(tmp_path, content):
    """Whatever is not well-formed XML is refused with one message that names the file."""
    path = put(tmp_path / "w.xml", content)
    assert refusal(path).startswith(f"{path} is not well-formed XML: ")


def test_wrong_root(tmp_path):
    """A well-formed file of another kind is refused by its outermost element."""
    message = refusal(put(tmp_path / "server.xml", "<Server/>"))
    assert "line 1: the outermost element is <Server>; expected <web-app>" in message


def test_too_deep_and_too_large(tmp_path):
    """Nesting and size are bounded."""
    deep = "<web-app>" + "<a>" * DEPTH_MAX
    assert f"nested more than {DEPTH_MAX} deep" in refusal(put(tmp_path / "d.xml", deep))
    assert "is larger than" in refusal(put(tmp_path / "l.xml", b" " * (SIZE_MAX + 1)))


def test_unreadable(tmp_path):
    """A missing file, a directory and a name with a NUL are each one message."""
    assert "No such file" in refusal(tmp_path / "none.xml")
    assert "Is a directory" in refusal(tmp_path)
    assert "null byte" in refusal(tmp_path / "a\0b")
    if os.geteuid() != 0:
        locked = put(tmp_path / "locked.xml", application_xml())
        locked.chmod(0)
        assert "Permission denied" in refusal(locked)


def test_no_file_at_all():
    """Nothing given is Jira as shipped."""
    config = read_files([])
    assert (config.idle_limit_s, config.session_timeout_min.source.origin) == (18_000, Origin.JIRA)


@given(
    st.binary(max_size=200),
    st.integers(0, 400),
    st.integers(0, 400),
    st.sampled_from([application_xml(), seraph_xml()]),
)
def test_damaged_files(tmp_path_factory, junk, start, end, original):
    """Whatever damage a file has taken, the answer is a configuration or one message."""
    damaged = original[:start].encode() + junk + original[end:].encode()
    path = put(tmp_path_factory.getbasetemp() / "damaged.xml", damaged)
    with suppress(OperatorError):
        assert read_files([path]).remember_me_life_s


def test_roles_by_content(tmp_path):
    """File names do not matter: the classes a web.xml names tell the server's from the application's."""
    one = put(tmp_path / "1", server_xml(timeout(31)))
    two = put(tmp_path / "2", application_xml(timeout(32)))
    three = put(tmp_path / "3", seraph_xml(autologin_cookie_age=33))
    config = read_files([three, two, one])
    assert (config.session_timeout_min.value, config.session_timeout_min.overrides.value) == (32, 31)
    assert config.remember_me_life_s == 33


def test_bare_snippets(tmp_path):
    """A bare session-config counts as the application's; its folder or the other file can say otherwise."""
    bare = put(tmp_path / "w.xml", web_xml(timeout(40)))
    assert read_files([bare]).session_timeout_min.value == 40
    below_conf = put(tmp_path / "conf/web.xml", web_xml(timeout(50)))
    assert read_files([below_conf]).session_timeout_min.overrides.value == 50
    full = put(tmp_path / "a.xml", application_xml(timeout(60)))
    config = read_files([bare, full])
    assert (config.session_timeout_min.value, config.session_timeout_min.overrides.value) == (60, 40)


def test_two_files_for_one_role(tmp_path):
    """Two files for the same purpose are refused by both names."""
    one, two = (put(tmp_path / name, seraph_xml()) for name in ("a.xml", "b.xml"))
    message = refusal(one, two)
    assert f"{one} and {two} both look like" in message
    bare = [put(tmp_path / name, web_xml(timeout(1))) for name in ("c.xml", "d.xml")]
    assert "both look like" in refusal(*bare)


def test_incomplete_installation(tmp_path):
    """An installation directory without its files is refused with all of them named."""
    put(tmp_path / "conf/web.xml", server_xml())
    with pytest.raises(OperatorError, match=r"WEB-INF/web.xml and atlassian-jira\S+seraph-config.xml are missing"):
        read(tmp_path)


@contextmanager
def as_ordinary_user():
    """Root may read everything; whoever is not root stays who he is."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_an_installation_one_may_not_look_into(tmp_path):
    """Nobody is told that files are missing, which may well be there."""
    directory = install(tmp_path)
    conf = directory / "conf"
    conf.chmod(0)
    try:
        with (
            as_ordinary_user(),
            pytest.raises(OperatorError, match=r"cannot look into .*run as a user who may read it"),
        ):
            read_install(directory)
    finally:
        conf.chmod(0o700)
