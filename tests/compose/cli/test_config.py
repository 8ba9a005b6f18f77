"""`dcsim config explain` and `dcsim config diff` as a person or a script runs them."""

import json

import pytest
import typer
from typer.testing import CliRunner

from compose.cli.config import config_app
from tests.support.jira_files import FORCED, application_xml, install, put, seraph_xml, server_xml, timeout

app = typer.Typer()
app.add_typer(config_app, name="config")


@app.callback()
def main() -> None:
    """Stands in for the real command line, which mounts `config` the same way."""


def run(*words, exit_code=0):
    result = CliRunner().invoke(app, ["config", *map(str, words)])
    assert result.exit_code == exit_code, result.output
    return result


@pytest.fixture
def forced(tmp_path):
    return install(
        tmp_path / "forced",
        server=server_xml(FORCED),
        application=application_xml(FORCED),
        seraph=seraph_xml(autologin_cookie_age=28_800, invalidate_session_on_login="true"),
    )


def test_explain_installation(forced):
    """An installation directory is explained with the line that decided."""
    text = run("explain", "--jira-install", forced).stdout
    assert "is asked 8 hours after the login, gadgets or not" in text
    assert f"{forced}/atlassian-jira/WEB-INF/web.xml:9 (session-config/cookie-config/max-age)" in text


def test_explain_files_as_json(tmp_path):
    """Files in any order and under any name give one JSON object on one line."""
    one = put(tmp_path / "one", seraph_xml(autologin_cookie_age=60))
    two = put(tmp_path / "two", application_xml(timeout(5)))
    (line,) = run("explain", one, two, "--json").stdout.splitlines()
    assert json.loads(line)["users"][0]["asked_after_s"] == 300


def test_explain_nothing():
    """Without a file Jira as shipped is explained."""
    assert "after 5 hours without a request" in run("explain").stdout


def test_diff(tmp_path, forced):
    """Two installations, or a file against an installation, are compared by what users notice."""
    shipped = install(tmp_path / "shipped")
    assert "(sooner)" in run("diff", shipped, forced).stdout
    assert json.loads(run("diff", shipped, shipped, "--json").stdout) == {"users": [], "settings": []}
    assert "Users notice nothing." in run("diff", shipped, put(tmp_path / "w.xml", application_xml())).stdout


def test_overflow(tmp_path):
    """An age beyond Jira's arithmetic ends with exit code 2 unless the operator wants to see it."""
    path = put(tmp_path / "s.xml", seraph_xml(autologin_cookie_age=3_000_000))
    assert "--allow-overflow" in run("explain", path, exit_code=2).stderr
    assert "does not help" in run("explain", path, "--allow-overflow").stdout
    assert run("diff", path, path, exit_code=2).stderr
    assert run("diff", path, path, "--allow-overflow").stdout


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["explain", "a.xml", "--jira-install", "x"], "either files or --jira-install"),
        (["explain", "/does/not/exist.xml"], "cannot read /does/not/exist.xml"),
        (["diff", "/does/not/exist.xml", "/nor/this"], "cannot read /does/not/exist.xml"),
    ],
)
def test_usage_errors(words, part):
    """A mistake of the operator is one line on standard error and exit code 2."""
    result = run(*words, exit_code=2)
    assert result.stderr.startswith("error: ")
    assert part in result.stderr
    assert result.stdout == ""
