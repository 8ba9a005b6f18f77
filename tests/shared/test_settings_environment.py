import pytest
from pydantic import SecretStr

from shared.clock import Anchor
from shared.settings import NodeSettings
from shared.versions import Version


@pytest.mark.parametrize("version", ["9.10", "9.11", "9.20", "10.3.19"])
def test_settings_survive_the_environment(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings read back from their own environment are the same, down to the zero at the end of a version."""
    settings = NodeSettings(
        admin_token=SecretStr("a-long-token"),
        node_id="node-1",
        version=Version.parse(version),
        postgres_url=SecretStr("postgresql://localhost/x"),
        redis_url=SecretStr("redis://localhost"),
        clock=Anchor(3, 1_772_442_000_000, 17, 60.0),
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)

    assert NodeSettings.from_environment() == settings
