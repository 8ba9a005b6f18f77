"""The names that a `where` of a drill may give: people, groups, nodes, kinds. Pure; `check` asks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from compose.drills.faults import KINDS
from compose.drills.history.records import OPERATORS, OpKind
from compose.drills.probes import where_problem
from compose.drills.scenario.drill import Drill
from compose.drills.scenario.expectations import Event, Subject
from compose.drills.scenario.steps import Order, Step
from compose.nearest import nearest, unknown_word
from shared.accounts import SEED_USERS

NOT = "!"
SHOWN = 8
"""Names that are told when none is like the one given; a drill has hundreds of people."""
_NODE = re.compile(r"node-[1-9]\d*")


@dataclass(frozen=True, slots=True)
class Names:
    """What one variant of a drill has. `people` go by the names of their groups, whosever `accounts` they use. Nodes
    that join later, `with_joiners`, are numbered on from those there are."""

    accounts: list[str]
    people: list[str]
    groups: list[str]
    nodes: tuple[str, ...]
    with_joiners: bool

    def problem_with_node(self, node: str) -> str | None:
        if node in self.nodes or (self.with_joiners and _NODE.fullmatch(node)):
            return None
        return unknown_word(node, self.nodes, kind="node")


def names_of(drill: Drill, nodes: tuple[str, ...]) -> Names:
    own = {
        name: [f"{name}-{number:03}" for number in range(1, group.users + 1)] for name, group in drill.traffic.items()
    }
    accounts = [name for group, some in own.items() if drill.traffic[group].login_as is None for name in some]
    seeds = [user.username for user in SEED_USERS]
    people = [*seeds, *(name for some in own.values() for name in some)]
    joiners = any(
        change is not None and change.order is Order.START_FIRST
        for step in all_steps([*drill.method, *drill.rollbacks])
        for change in (step.rolling_restart, step.rolling_upgrade)
    )
    return Names([*seeds, *accounts], people, list(drill.traffic), nodes, joiners)


def problems_with_subject(subject: Subject, names: Names) -> Iterator[str]:
    """What its `where` gives that there is not. A value that begins with `!` is anybody but that one."""
    where = subject.where.model_dump(exclude_none=True, by_alias=True)
    if subject.probe is not None:
        yield from problems_with_probe(subject.probe, {key: str(value) for key, value in where.items()}, names)
        return
    kinds = list(KINDS) if subject.event is Event.FAULT else [kind.value for kind in OpKind]
    known = {"user": names.people, "group": [*names.groups, OPERATORS], "kind": kinds}
    for key, words in known.items():
        word = str(where.get(key, "")).removeprefix(NOT)
        if word and word not in words:
            yield _no_user(word, words) if key == "user" else unknown_word(word, words, kind=key)
    node = str(where.get("node", "")).removeprefix(NOT)
    if node and (problem := names.problem_with_node(node)) is not None:
        yield problem


def problems_with_probe(probe: str, where: Mapping[str, str], names: Names) -> Iterator[str]:
    problem = where_problem(probe, where)
    if problem is not None:
        yield problem
        return
    if "node" in where and (problem := names.problem_with_node(where["node"])) is not None:
        yield problem
    if "user" in where and where["user"] not in names.accounts:
        yield _no_user(where["user"], names.accounts)


def all_steps(steps: list[Step]) -> Iterator[Step]:
    """With those inside others."""
    for step in steps:
        yield step
        yield from all_steps(step.parallel or [])
        yield from all_steps(step.repeat.steps if step.repeat is not None else [])


def _no_user(word: str, known: list[str]) -> str:
    return unknown_word(word, known if nearest(word, known) else known[:SHOWN], kind="user")
