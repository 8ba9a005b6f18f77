"""Commands that need a Docker engine, where there is none."""

import pytest

from compose.cli import main


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "command",
    [
        "up --on docker",
        "matrix --on docker",
        "demo --on docker",
        "drill run d06-crash-failover --on docker",
        "clean",
        "clean --all --images",
    ],
)
def test_one_line_says_so(command, monkeypatch, capsys, tmp_path):
    """And exit 2: it is for whoever typed it to start one."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    monkeypatch.chdir(tmp_path)

    assert main(command.split()) == 2

    errors = capsys.readouterr().err
    assert errors.startswith("error: no Docker engine answers at tcp://127.0.0.1:1 (")
    assert len(errors.splitlines()) == 1


def test_stores_of_ones_own_are_for_processes(capsys):
    """A container on networks of its own would not reach them."""
    assert main(["up", "--on", "docker", "--redis-url", "redis://localhost"]) == 2

    assert "--redis-url are for --on processes" in capsys.readouterr().err
