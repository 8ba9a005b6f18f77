"""What a wrong command line is answered with: one line, and exit code 2."""

import pytest

from compose.cli import main
from compose.cluster.ports import PortReservation


@pytest.fixture
def say(capsys):
    """Runs a command; returns its exit code and what it said."""

    def say(*arguments: str) -> tuple[int, str]:
        code = main(list(arguments))
        captured = capsys.readouterr()
        assert captured.out == ""
        return code, captured.err

    return say


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("up --nodez 3", "no such option: --nodez (Possible options: --nodes)"),
        ("upp", "no such command 'upp'. Did you mean 'up'?"),
        ("", "missing command"),
        ("clock", "missing command"),
        ("up extra", "unexpected extra argument"),
        ("up --nodes many", "'--nodes'"),
        ("up --nodes 0", "1 to 32 nodes, not 0"),
        ("up --nodes 33", "1 to 32 nodes, not 33"),
        ("up --version 7", "'7' is not a Jira version"),
        ("up --version 12.0", "Jira 12.0 is not modelled"),
        ("up --node-version node-4=9.10", "no node 'node-4'; there is node-1, node-2, node-3"),
        ("up --node-version node-2", "--node-version 'node-2' cannot be read; write it as node-2=9.10"),
        ("up --node-version node-2=x", "'x' is not a Jira version"),
        ("up --context-path jira", "'jira' is not a context path"),
        ("up --delivery pubsubb", "'pubsubb' is not one of 'local', 'pubsub'"),
        ("up --sticky glue", "is not one of 'cookie'"),
        ("up --on cloud", "'cloud' is not one of 'processes', 'docker'"),
        ("up --port 99999", "99999 is not a port"),
        ("up --switch crowd.gat=either", "no switch 'crowd.gat'; did you mean crowd_gate?"),
        ("up --switch zzz=1", "no switch 'zzz'; there are crowd_gate"),
        ("up --switch crowd.gate=eithr", "--switch crowd_gate: Input should be 'both' or 'either'"),
        ("up --switch bot-killer", "cannot be read"),
        ("up --postgres-url jira", "expected postgresql://"),
        ("up --redis-url jira", "expected redis://"),
        ("clock step soon", "'soon' is not a duration"),
        ("clock rate fast", "'per_second'"),
        (f"clock step {'9' * 400}d", "too long a duration"),
        ("invalidations --limit 10000000000", "'--limit'"),
        ("config balancer nginx --port 0", "'--port'"),
        ("config balancer nginx --port 65536", "'--port'"),
        ("config balancer nginx --context-path jira", "'jira' is not a context path"),
        (f"drill lint {'x' * 300}", "neither a drill that comes with dcsim nor a file here"),
        ("drill show d²", "neither a drill that comes with dcsim nor a file here"),
        (f"config diff {'x' * 300} b", "cannot read"),
        (f"config explain --jira-install {'x' * 300}", "is not a Jira installation directory"),
        (f"up --jira-install {'x' * 300}", "is not a Jira installation directory"),
    ],
)
def test_a_wrong_word_is_named(say, arguments, expected):
    """With the nearest right one, or with all that would do."""
    code, errors = say(*arguments.split())

    assert code == 2
    assert errors.startswith("error: ")
    assert expected in errors
    assert len(errors.splitlines()) == 1


def test_without_a_cluster_there_is_nothing_to_steer(say, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    assert say("clock", "show") == (
        2,
        "error: no cluster is running here; start one in another terminal with: dcsim up\n",
    )


@pytest.mark.parametrize("flag", ["--postgres-url=postgresql", "--redis-url=redis"])
def test_a_store_that_does_not_answer_is_named_without_its_password(say, flag):
    """Exit code 4: nothing is wrong with the command line."""
    with PortReservation() as nobody:
        code, errors = say("up", f"{flag}://me:secret@127.0.0.1:{nobody.port}/0")

    assert code == 4
    assert "does not answer" in errors
    assert "leave the flag out" in errors
    assert "secret" not in errors
    assert len(errors.splitlines()) == 1


def test_a_bug_of_ours_is_one_line_and_shows_where_when_asked(say, monkeypatch):
    """People who only use dcsim need no stack trace; whoever mends it does."""

    def broken(*_given, **_more):
        raise RuntimeError("seven")

    monkeypatch.setattr("compose.cli.flags.switches", broken)
    assert say("up") == (4, "error: this is a bug in dcsim: RuntimeError: seven; DCSIM_DEBUG=1 shows where\n")

    monkeypatch.setenv("DCSIM_DEBUG", "1")
    with pytest.raises(RuntimeError):
        main(["up"])


def test_help_is_no_error(capsys):
    assert main(["up", "--help"]) == 0
    assert "--node-version" in capsys.readouterr().out


@pytest.mark.parametrize("place", [".", "taken/x", "x" * 300])
def test_where_the_results_cannot_be_written_nothing_is_run(place, say, tmp_path, monkeypatch):
    """Rather than drill for minutes and then lose the verdict."""
    monkeypatch.setattr("compose.cli.drill_run.open_drill_ground", None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").touch()

    code, errors = say("drill", "run", "d1", "--junit", place)

    assert code == 2
    assert errors.startswith(f"error: --junit {place} cannot be written")
    assert len(errors.splitlines()) == 1


def test_a_port_in_use_is_refused_before_anything_starts(say, monkeypatch):
    """Not even the keeper is."""
    monkeypatch.setattr("compose.cluster.ground.spread_safety_net", None)
    with PortReservation() as taken:
        assert say("up", "--port", str(taken.port)) == (
            2,
            f"error: port {taken.port} on 127.0.0.1 cannot be had: address already in use; "
            "give another --port, or 0 for any free one\n",
        )
