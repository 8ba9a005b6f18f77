"""`dcsim drill` as people use it: what it says, what it leaves, and its exit code."""

import json
import re
import shlex
import signal
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
from junitparser import JUnitXml

from compose.drills.catalog import catalog
from compose.drills.history.history import History
from compose.drills.history.journal import read_journal
from compose.drills.history.records import FaultPhase, OpKind
from compose.drills.run_folder import RunFolder
from tests.support.dcsim_command import dcsim

pytestmark = pytest.mark.timeout(400)
SMALL = """\
drill: 1
title: A small drill
question: Is everybody served in a quiet cluster?
teaches: That it is so.
theme: failover
cluster: {nodes: {count: 1}}
traffic:
  office: {users: 4, mix: office}
  visitors: {users: 3, mix: office, rate: 20/s}
method:
  - everyone: {group: office, at-once: 1, times: 4}
expectations:
  - {id: served, always: {metric: failed-rate, op: "==", value: 0}}
report: {answer: "{{ requests }} requests"}
"""
FAILS = SMALL + "thresholds: {failed: 'count>0'}\n"
UNKNOWN = SMALL.replace('always: {metric: failed-rate, op: "==", value: 0}', "sometimes: {event: thrown-out}")
ENDLESS = SMALL.replace("{count: 1}}", "{count: 2}, lame-duck: {real: 20s}}").replace(
    "expectations:", "  - fault: {inject: node.hang, target: node-2, as: hang}\n  - hold: {real: 300s}\nexpectations:"
)
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Ended:
    """A command that is over."""

    code: int
    output: str
    errors: str

    @property
    def last_line(self):
        return self.output.rstrip("\n").splitlines()[-1]


@pytest.fixture
def place(tmp_path):
    """The working directory: three drills, and whatever runs leave."""
    for name, text in {"small": SMALL, "fails": FAILS, "unknown": UNKNOWN, "endless": ENDLESS}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


@pytest.fixture
def drill(place, stores):
    """`dcsim drill ...`, there; a run is on the stores of the test run unless it is told otherwise."""

    async def drill(*arguments, own_stores=False):
        urls = ("--postgres-url", stores.postgres_url, "--redis-url", stores.redis_url)
        more = urls if arguments[0] == "run" and not own_stores else ()
        async with dcsim("drill", *arguments, *more, folder=place) as command:
            ended = Ended(*await command.end(within_s=300))
            await command.nothing_left(within_s=10)
        return ended

    return drill


def runs_in(place):
    """The folders of all runs, the oldest first."""
    return sorted((place / "dcsim-runs").glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)


def latest(place) -> RunFolder:
    return RunFolder(runs_in(place)[-1].parent)


def decisions(folder):
    """What everybody decided to do, by person, but for logins, which happen when somebody is asked for one."""
    found = defaultdict(list)
    for one in History(read_journal(folder.history_file("only"))).operations:
        if one.kind not in (OpKind.LOGIN, OpKind.ACT):
            found[one.user].append((one.kind, one.invoke.path))
    return found


def sequence(folder):
    """The same in the order of the whole office, which acts one after the other once the setup is over."""
    history = History(read_journal(folder.history_file("only")))
    begins_ns = history.first_mark("method").real_ns
    return [
        (one.user, one.kind, one.invoke.path)
        for one in history.operations
        if one.kind is not OpKind.LOGIN and one.invoke.group == "office" and one.started_ns >= begins_ns
    ]


def are_alike(one, other):
    """For as long as both went on: how often somebody comes in a second is not decided, only what he does then."""
    return all(mine == theirs for user in one for mine, theirs in zip(one[user], other[user], strict=False))


async def test_the_list_says_what_each_drill_asks(drill):
    ended = await drill("list", "--json")
    listed = {one["name"]: one for one in json.loads(ended.output)}
    assert (ended.code, ended.errors) == (0, "")
    assert set(listed) == set(catalog())
    assert all(one["question"].endswith("?") and one["theme"] for one in listed.values())


async def test_show_says_what_would_be_done_and_does_nothing(drill, place):
    """With the targets that the seed draws."""
    ended = await drill("show", "d6", "--nodes", "4")
    assert (ended.code, ended.errors) == (0, "")
    for words in ("A node crashes", "4 nodes of Jira 9.11", "break node.crash on node-2", "mend crash", "60 x office"):
        assert words in ended.output
    assert not (place / "dcsim-runs").exists()


async def test_lint_names_the_line_and_the_right_word(drill, place):
    """Exit 0 for a good file and 2 for a bad one, with everything that is wrong with it."""
    good = await drill("lint", "small.yaml", "d4")
    assert (good.code, good.output, good.errors) == (0, "small.yaml: good\nd4: good\n", "")
    (place / "bad.yaml").write_text(
        SMALL.replace("group: office,", "group: ofice,").replace("failed-rate", "faild-rate")
    )
    bad = await drill("lint", "bad.yaml")
    assert (bad.code, bad.output) == (2, "")
    assert "bad.yaml, line 11: " in bad.errors
    assert "there is no group 'ofice'; did you mean office?" in bad.errors
    assert "did you mean failed-rate?" in bad.errors
    assert "Traceback" not in bad.errors


async def test_the_schema_is_one_that_editors_understand(drill):
    ended = await drill("schema")
    schema = json.loads(ended.output)
    assert ended.code == 0
    assert {"title", "question", "method", "expectations"} <= set(schema["required"])


async def test_a_drill_that_passes(drill, place):
    """Exit 0. In a pipe there are plain lines; the report can be made again, and is the same to the byte."""
    ended = await drill("run", "small.yaml")
    assert (ended.code, ended.errors) == (0, "")
    assert not CONTROL.search(ended.output)
    assert re.search(r"^PASS: \d+ requests$", ended.output, re.MULTILINE)
    folder = latest(place)
    page, judgement = (folder.path / "report.html").read_bytes(), folder.judgement()
    again = await drill("report", str(folder.path))
    assert again.code == 0
    assert again.last_line == ended.last_line
    assert folder.judgement() == judgement
    assert (folder.path / "report.html").read_bytes() == page


async def test_a_drill_that_fails_ends_with_the_command_that_repeats_it(drill, place):
    """Exit 1; the last line, typed in again, gives the same verdict and everybody decides the same. With another seed
    they do not."""
    ended = await drill("run", "fails.yaml", "--set", "traffic.office.users=5")
    assert ended.code == 1
    first = latest(place)
    program, *words = shlex.split(ended.last_line.removeprefix("again:"))
    assert (program, words[0]) == ("dcsim", "drill")
    again = await drill(*words[1:], own_stores=True)
    second = latest(place)
    assert first.path != second.path
    assert again.code == 1
    assert again.last_line == ended.last_line
    assert second.judgement().verdict == first.judgement().verdict == "fail"
    assert len(sequence(first)) >= 20
    assert sequence(second) == sequence(first)
    assert are_alike(decisions(first), decisions(second))
    await drill("run", "fails.yaml", "--set", "traffic.office.users=5", "--seed", "2")
    assert sequence(latest(place)) != sequence(first)
    assert not are_alike(decisions(latest(place)), decisions(first))


async def test_a_drill_of_which_nobody_can_tell(drill):
    """Exit 3."""
    ended = await drill("run", "unknown.yaml")
    assert ended.code == 3
    assert re.search(r"^UNKNOWN: ", ended.output, re.MULTILINE)


async def test_a_postgres_that_is_not_there(drill):
    """Exit 4, one message, no verdict."""
    ended = await drill("run", "small.yaml", "--postgres-url", "postgresql://nobody@127.0.0.1:1/none", own_stores=True)
    assert ended.code == 4
    (message,) = ended.errors.splitlines()
    assert message.startswith("error: ")
    assert "127.0.0.1:1" in message


@pytest.mark.parametrize(
    "names",
    [("small.yaml", "fails.yaml"), pytest.param(("d1", "d10"), marks=pytest.mark.soak)],
    ids=["small", "catalog"],
)
async def test_several_drills_give_one_junit_file(drill, place, names):
    """Each its own suite; the exit code is that of the worst."""
    ended = await drill("run", *names, "--junit", "all.xml")
    suites = list(JUnitXml.fromfile(str(place / "all.xml")))
    assert ended.code == (1 if "fails.yaml" in names else 0)
    assert sum(suite.failures for suite in suites) == ended.code
    assert sum(suite.tests for suite in suites) > len(names)
    assert len(runs_in(place)) == len(names)


async def in_the_middle_of_the_fault(command):
    while " confirmed" not in await command.line():
        pass
    command.note_processes()


async def test_ctrl_c_heals_what_is_broken_and_still_reports(place):
    """Exit 130. The history says that the fault was healed, and that somebody ended the run; nothing is left behind."""
    async with dcsim("drill", "run", "endless.yaml", "--set", "cluster.lame-duck.real=200ms", folder=place) as command:
        await in_the_middle_of_the_fault(command)
        command.signal(signal.SIGINT)
        code, output, _ = await command.end(within_s=120)
        await command.nothing_left(within_s=10)
    folder = latest(place)
    history = History(read_journal(folder.history_file("only")))
    (fault,) = history.faults
    assert code == folder.facts().exit_code == 130
    assert fault.healed is not None
    assert fault.healed.phase is FaultPhase.HEALED
    assert history.records[-1].interrupted
    assert folder.judgement().verdict == "unknown"
    assert "again:" in output
    assert re.search(r"^INTERRUPTED, UNKNOWN SO FAR: ", output, re.MULTILINE)
    assert (folder.path / "report.html").stat().st_size > 10_000


async def test_a_second_ctrl_c_does_not_wait_for_an_orderly_end(place):
    """Nodes that would take their leave for twenty seconds each do not."""
    async with dcsim("drill", "run", "endless.yaml", folder=place) as command:
        await in_the_middle_of_the_fault(command)
        command.signal(signal.SIGINT)
        while "healed" not in await command.line():
            pass
        command.signal(signal.SIGINT)
        code, _, _ = await command.end(within_s=15)
        await command.nothing_left(within_s=10)
    assert code == 130


def test_no_run_is_kept_in_the_repository():
    """Runs are big, and of nobody's interest but of those who ran them."""
    root = Path(__file__).parents[2]
    assert "dcsim-runs/" in (root / ".gitignore").read_text().splitlines()
