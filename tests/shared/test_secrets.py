"""Settings from files."""

import pytest

from shared.errors import OperatorError
from shared.secrets import with_password
from shared.settings import BalancerSettings, NodeSettings


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """With an admin token in it."""
    monkeypatch.setenv("DCSIM_SECRETS_DIR", str(tmp_path))
    (tmp_path / "dcsim_admin_token").write_text("a-long-token\n")
    return tmp_path


def test_a_setting_may_come_from_a_file(directory):
    """Named like its variable; the line's end is not part of it."""
    assert BalancerSettings.from_environment().admin_token.get_secret_value() == "a-long-token"


def test_a_variable_wins_over_a_file(directory, monkeypatch):
    monkeypatch.setenv("DCSIM_ADMIN_TOKEN", "another-token")

    assert BalancerSettings.from_environment().admin_token.get_secret_value() == "another-token"


def test_a_password_may_be_kept_apart_from_its_url(directory, monkeypatch):
    """So that the URL can stand where everybody reads it, and Postgres itself can use the same file."""
    (directory / "dcsim_postgres_password").write_text("p@ss/word\n")
    monkeypatch.setenv("DCSIM_NODE_ID", "node-1")
    monkeypatch.setenv("DCSIM_POSTGRES_URL", "postgresql://dcsim@db:5432/dcsim")
    monkeypatch.setenv("DCSIM_REDIS_URL", "redis://bus:6379/0")
    settings = NodeSettings.from_environment()

    assert settings.postgres_url.get_secret_value() == "postgresql://dcsim:p%40ss%2Fword@db:5432/dcsim"
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    assert NodeSettings.from_environment() == settings


def test_a_password_given_apart_replaces_the_one_in_the_url():
    assert with_password("postgresql://me:old@[::1]:5/x?a=b", "new") == "postgresql://me:new@[::1]:5/x?a=b"


def test_no_directory_is_no_mistake(monkeypatch):
    """Most machines have none."""
    monkeypatch.setenv("DCSIM_SECRETS_DIR", "/nowhere")
    monkeypatch.setenv("DCSIM_ADMIN_TOKEN", "a-long-token")

    BalancerSettings.from_environment()


def test_what_is_wrong_in_a_file_is_said_like_what_is_wrong_in_a_variable(directory):
    """One message, with the name to look for."""
    (directory / "dcsim_port").write_text("high")
    with pytest.raises(OperatorError, match="DCSIM_PORT"):
        BalancerSettings.from_environment()
