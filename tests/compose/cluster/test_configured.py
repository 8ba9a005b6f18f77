"""Jira's own files, applied to a cluster."""

import pytest

from compose.cli import main
from compose.cluster.configured import Configured, read_configuration
from compose.cluster.spec import ClusterSpec, Limits, numbered_nodes
from compose.cluster.wiring import Address, Backing, balancer_settings, node_settings
from shared.clock import Anchor
from shared.errors import OperatorError
from shared.jira_config import Role
from shared.settings import LoginRules
from tests.support.jira_files import FORCED, application_xml, install, put, seraph_xml, server_xml, timeout


def test_nothing_given_is_jira_as_shipped(tmp_path):
    """And so is an installation nobody has touched."""
    assert read_configuration(None, {}) == Configured()
    shipped = read_configuration(install(tmp_path), {})
    rules = LoginRules(
        renew_session=True, forgotten_at_login=(), login_url=LoginRules().login_url, auth_type_parameter=None
    )
    assert shipped.limits == Limits()
    assert shipped.login_rules == rules  # a given seraph-config.xml that leaves a parameter out means Seraph's default


def test_the_example_of_a_forced_logout(tmp_path):
    """Eight hours in both files, as the knowledge base prints it."""
    directory = install(
        tmp_path,
        server=server_xml(FORCED),
        application=application_xml(FORCED),
        seraph=seraph_xml(autologin_cookie_age=28800),
    )
    assert read_configuration(directory, {}).limits == Limits(
        session_idle_s=480 * 60, session_max_age_s=28800, remember_me_age_s=28800
    )


@pytest.mark.parametrize("minutes", [0, -1])
def test_a_timeout_that_is_not_positive_is_none(tmp_path, minutes):
    """Sessions never end by being idle."""
    web = put(tmp_path / "web.xml", application_xml(timeout(minutes)))
    assert read_configuration(None, {Role.APPLICATION: web}).limits.session_idle_s == 0


def test_every_rule_reaches_the_nodes_and_the_balancer(tmp_path):
    """Names, paths and guards; the balancer sticks to the same cookie."""
    web = put(
        tmp_path / "web.xml",
        application_xml(
            "<session-timeout>2</session-timeout><cookie-config><name>JIRASESSION</name><path>/x</path>"
            "<http-only>false</http-only><secure>true</secure></cookie-config>"
        ),
    )
    seraph = put(
        tmp_path / "seraph-config.xml",
        seraph_xml(
            login_cookie_key="my.cookie",
            login_cookie_path="/y",
            insecure_cookie="true",
            invalidate_session_on_login="false",
            invalidate_session_exclude_list="a, b",
            login_url="https://sso.example.com/?to=${originalurl}",
            authentication_type="kind",
        ),
    )
    configured = read_configuration(None, {Role.APPLICATION: web, Role.SERAPH: seraph})
    rules = LoginRules(
        session_cookie="JIRASESSION",
        session_cookie_path="/x",
        session_cookie_secure=True,
        session_cookie_http_only=False,
        remember_me_cookie="my.cookie",
        remember_me_cookie_path="/y",
        insecure_cookie=True,
        renew_session=False,
        forgotten_at_login=("a", "b"),
        login_url="https://sso.example.com/?to=${originalurl}",
        auth_type_parameter="kind",
    )
    spec = ClusterSpec(numbered_nodes(1), limits=configured.limits, login_rules=configured.login_rules)
    address, clock = Address(1, 2), Anchor(0, 0, 0, 1)
    node = node_settings(
        spec, spec.nodes[0], address=address, base_url="http://x", backing=Backing("p", "r", "n"), clock=clock
    )
    assert (node.login_rules, node.session_idle_s) == (rules, 120)
    assert balancer_settings(spec, address=address, upstreams=(), clock=clock).session_cookie == "JIRASESSION"


def test_an_age_jira_cannot_count_to_is_refused_with_the_reason(tmp_path):
    """Unless its consequence is asked for: every token looks expired at once."""
    files = {Role.SERAPH: put(tmp_path / "s.xml", seraph_xml(autologin_cookie_age=2_147_484))}
    with pytest.raises(OperatorError, match=r"32 bits.*looks expired at once"):
        read_configuration(None, files)
    configured = read_configuration(None, files, allow_overflow=True)
    assert configured.login_rules.remember_me_overflows
    assert any("overflow" in note for note in configured.notes)
    spec = ClusterSpec(numbered_nodes(1), limits=configured.limits, login_rules=configured.login_rules)
    assert spec.limits.remember_me_age_s == 2_147_484
    with pytest.raises(OperatorError, match="1 to 2147483 s"):
        ClusterSpec(numbered_nodes(1), limits=configured.limits)


def test_a_configuration_without_cookies_is_refused(tmp_path):
    """It says what that would mean, and which line says so."""
    web = put(tmp_path / "web.xml", application_xml("<tracking-mode>URL</tracking-mode>"))
    with pytest.raises(OperatorError, match=r"web\.xml:\d+.*travels in links"):
        read_configuration(None, {Role.APPLICATION: web})


def test_mistakes_are_one_clear_message(tmp_path):
    """Both ways at once, a file in the place of another, a name no balancer can stick to."""
    seraph, web = put(tmp_path / "s.xml", seraph_xml()), put(tmp_path / "w.xml", application_xml())
    with pytest.raises(OperatorError, match="not both"):
        read_configuration(install(tmp_path / "jira"), {Role.SERAPH: seraph})
    with pytest.raises(OperatorError, match=r"cannot be conf/web.xml"):
        read_configuration(None, {Role.SERVER: seraph})
    with pytest.raises(OperatorError, match=r"cannot be .*seraph-config.xml"):
        read_configuration(None, {Role.SERAPH: web})
    odd = put(tmp_path / "o.xml", application_xml("<cookie-config><name>a!b</name></cookie-config>"))
    with pytest.raises(OperatorError, match="session_cookie"):
        read_configuration(None, {Role.APPLICATION: odd})


def test_up_refuses_before_it_starts_anything(tmp_path, capsys):
    """Exit code 2, one line that names file and line, and no cluster."""
    seraph = put(tmp_path / "s.xml", seraph_xml(autologin_cookie_age=9_999_999))
    assert main(["up", "--seraph-config", str(seraph)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert f"{seraph}, line" in line
