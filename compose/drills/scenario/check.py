"""What a drill means that its form does not show: names that lead nowhere. Every problem with its line."""

import random
from collections.abc import Iterator
from typing import Any

from compose.drills.faults import make_fault
from compose.drills.history.records import OPERATORS
from compose.drills.judging import check_answer, check_drill
from compose.drills.scenario.drill import Drill
from compose.drills.scenario.load import LoadedDrill
from compose.drills.scenario.names import all_steps, names_of, problems_with_probe, problems_with_subject
from compose.drills.scenario.source import Loc
from compose.drills.scenario.steps import NEEDS_USER, Act, FaultStep, NodeStep, Order, Rolling, Step
from compose.drills.scenario.traffic import Group
from compose.drills.targets import Known, TargetKind, links_of, resolve
from compose.nearest import unknown_word
from shared.errors import OperatorError

PHASE_MARKS = ("setup", "baseline", "method", "rollback", "end")
RESERVED = {OPERATORS: "the administrators, whom nobody judges", "all": "everybody"}
"""Words for people that no group can have."""


def check(loaded: LoadedDrill) -> list[str]:
    """One line for each problem; empty for a drill that can be run as it stands."""
    found: dict[str, None] = {}
    for name, drill in loaded.variants.items():
        for loc, words in _problems(name, drill, list(loaded.variants)):
            found[f"{loaded.source.at(loc)}: {words}"] = None
    return list(found)


def require_good(loaded: LoadedDrill) -> None:
    """Raises OperatorError with everything that is wrong."""
    problems = check(loaded)
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise OperatorError(f"{loaded.source.path} is no drill that can be run:\n{lines}")


def _problems(variant: str, drill: Drill, variants: list[str]) -> Iterator[tuple[Loc, str]]:
    yield from _steps(drill, ("method",), drill.method, variants)
    yield from _steps(drill, ("rollbacks",), drill.rollbacks, variants)
    named, injected = set(_fault_names(drill)), set[str]()
    yield from _early_clears(("method",), drill.method, variant, named, injected)
    yield from _early_clears(("rollbacks",), drill.rollbacks, variant, named, injected)
    yield from _hidden(variant, drill)
    yield from _windows(drill, variants)
    yield from _wheres(variant, drill)
    yield from _traffic(drill)
    for words in check_drill(drill):
        yield ("expectations",), words
    try:
        check_answer(drill.report.answer, variants)
    except OperatorError as error:
        yield ("report", "answer"), str(error)


def _steps(drill: Drill, loc: Loc, steps: list[Step], variants: list[str]) -> Iterator[tuple[Loc, str]]:
    for place, step in enumerate(steps):
        at = (*loc, place)
        for name in step.when or ():
            if name not in variants:
                yield (*at, "when"), unknown_word(name, variants, kind="variant")
        if step.fault is not None:
            yield from _fault(drill, (*at, "fault"), step.fault)
        if step.node is not None:
            yield from _node(drill, (*at, "node"), step.node)
        for key, words in (("rolling-restart", step.rolling_restart), ("rolling-upgrade", step.rolling_upgrade)):
            if words is not None:
                yield from _rolling(drill, (*at, key), words)
        if step.everyone is not None and step.everyone.group not in ("all", *drill.traffic):
            yield (*at, "everyone", "group"), unknown_word(step.everyone.group, list(drill.traffic), kind="group")
        if step.do is not None:
            yield from _act(drill, (*at, "do"), step.do)
        if step.wait_until is not None:
            names = names_of(drill, known_names(drill).nodes)
            for problem in problems_with_probe(step.wait_until.probe, step.wait_until.where, names):
                yield (*at, "wait-until"), problem
        if step.parallel is not None:
            yield from _steps(drill, (*at, "parallel"), step.parallel, variants)
        if step.repeat is not None:
            yield from _steps(drill, (*at, "repeat", "steps"), step.repeat.steps, variants)


def _fault(drill: Drill, loc: Loc, step: FaultStep) -> Iterator[tuple[Loc, str]]:
    if step.inject is None:
        named = {"all", *_fault_names(drill)}
        if step.clear not in named:
            yield (*loc, "clear"), unknown_word(str(step.clear), sorted(named), kind="fault of that name")
        return
    try:
        fault = make_fault(step.inject, step.settings)
        resolve(step.target, fault.targets, known_names(drill), random.Random(0), only=fault.only)
    except OperatorError as error:
        yield loc, str(error)


def _early_clears(
    loc: Loc, steps: list[Step], variant: str, named: set[str], injected: set[str]
) -> Iterator[tuple[Loc, str]]:
    """Faults that are cleared before they are injected. Of steps side by side nobody knows which comes first."""
    for place, step in enumerate(steps):
        at = (*loc, place)
        if step.when is not None and variant not in step.when:
            continue
        if step.fault is not None and step.fault.inject is not None:
            injected.add(step.fault.as_ or step.fault.inject)
        elif step.fault is not None and step.fault.clear in named - injected:
            yield (*at, "fault", "clear"), f"no fault {step.fault.clear!r} has been injected by then"
        if step.parallel is not None:
            within = [inner.fault for inner in all_steps(step.parallel) if inner.fault is not None]
            injected |= {fault.as_ or fault.inject for fault in within if fault.inject is not None}
            yield from _early_clears((*at, "parallel"), step.parallel, variant, named, injected)
        if step.repeat is not None:
            yield from _early_clears((*at, "repeat", "steps"), step.repeat.steps, variant, named, injected)


def _rolling(drill: Drill, loc: Loc, words: Rolling) -> Iterator[tuple[Loc, str]]:
    known = known_names(drill)
    names = names_of(drill, known.nodes)
    for selector in words.nodes or ():
        try:
            resolve(selector, TargetKind.NODE, known, random.Random(0))
        except OperatorError as error:
            if names.problem_with_node(selector) is not None:
                yield (*loc, "nodes"), str(error)
    for group in words.everyone_returns if isinstance(words.everyone_returns, list) else ():
        if group not in ("all", *drill.traffic):
            yield (*loc, "everyone-returns"), unknown_word(group, list(drill.traffic), kind="group")
    count = len(known.nodes)
    left = max(0, count - words.parallelism)
    is_all = words.nodes is None or "all" in words.nodes
    if is_all and words.order is Order.STOP_FIRST and left < words.min_available:
        told = f"of {count} nodes, {words.parallelism} at once leave {left}, fewer than min-available"
        yield (*loc, "parallelism"), f"{told} {words.min_available}"


def _node(drill: Drill, loc: Loc, step: NodeStep) -> Iterator[tuple[Loc, str]]:
    try:
        resolve(step.target, TargetKind.NODE, known_names(drill), random.Random(0))
    except OperatorError as error:
        yield (*loc, "target"), str(error)


def _act(drill: Drill, loc: Loc, act: Act) -> Iterator[tuple[Loc, str]]:
    nodes = known_names(drill).nodes
    if act.via is not None and act.via not in nodes:
        yield (*loc, "via"), unknown_word(act.via, nodes, kind="node")
    if act.group is not None and act.group not in drill.traffic:
        yield (*loc, "group"), unknown_word(act.group, list(drill.traffic), kind="group")
    accounts = names_of(drill, nodes).accounts
    if act.user is not None and act.user not in accounts:
        yield (*loc, "user"), unknown_word(act.user, accounts[:8], kind="user")
    if act.user is None and act.group is None and act.act in NEEDS_USER:
        yield loc, f"{act.act} is done to somebody; say user: NAME, or group: NAME"


def _hidden(variant: str, drill: Drill) -> Iterator[tuple[Loc, str]]:
    """Who looks during a fault, or after a mark, must not find another thing of that name."""
    placed = [
        *_placed(drill.method, ("method",), variant),
        *_placed(drill.rollbacks, ("rollbacks",), variant),
    ]
    faults = [step.fault.as_ or step.fault.inject for _, step in placed if step.fault is not None]
    taken = dict.fromkeys(PHASE_MARKS, "a phase") | {name: "a fault" for name in faults if name is not None}
    taken |= {f"{name}:end": f"the end of {what}" for name, what in taken.items()}
    names = {step.name for _, step in placed if step.name is not None}
    marks: set[str] = set()
    for loc, step in placed:
        if step.name in taken:
            yield (*loc, "name"), f"{step.name!r} is {taken[step.name]}; give the step another name"
        if step.mark is None:
            continue
        if step.mark in taken:
            yield (*loc, "mark"), f"{step.mark!r} is {taken[step.mark]}; give the mark another name"
        elif step.mark in names:
            yield (*loc, "mark"), f"{step.mark!r} is a step; give the mark another name"
        elif step.mark in marks:
            yield (*loc, "mark"), f"there are two marks {step.mark!r}; give this one another name"
        marks.add(step.mark)


def _placed(steps: list[Step], loc: Loc, variant: str) -> Iterator[tuple[Loc, Step]]:
    """Those done in this variant, with those inside others."""
    for place, step in enumerate(steps):
        if step.when is None or variant in step.when:
            at = (*loc, place)
            yield at, step
            yield from _placed(step.parallel or [], (*at, "parallel"), variant)
            yield from _placed(step.repeat.steps if step.repeat is not None else [], (*at, "repeat", "steps"), variant)


def _windows(drill: Drill, variants: list[str]) -> Iterator[tuple[Loc, str]]:
    """Marks and faults that limit what an expectation looks at."""
    faults = _fault_names(drill)
    known = [*_mark_names(drill), *faults, *(f"{name}:end" for name in faults)]
    for place, expectation in enumerate(drill.expectations):
        loc: Loc = ("expectations", place)
        for word in ("after", "before", "during"):
            name = getattr(expectation, word)
            if name is not None and name not in known:
                yield (*loc, word), unknown_word(name, known, kind="mark or fault")
        named = [*(expectation.variants or ())]
        if isinstance(expectation.demonstrates, dict):
            named += expectation.demonstrates
        for name in named:
            if name not in variants:
                yield loc, unknown_word(name, variants, kind="variant")


def _wheres(variant: str, drill: Drill) -> Iterator[tuple[Loc, str]]:
    names = names_of(drill, known_names(drill).nodes)
    for place, expectation in enumerate(drill.expectations):
        if expectation.variants is None or variant in expectation.variants:
            for words in problems_with_subject(expectation.subject, names):
                yield ("expectations", place, str(expectation.word)), words
    if drill.steady_state_hypothesis is not None:
        for place, healthy in enumerate(drill.steady_state_hypothesis.probes):
            for words in problems_with_probe(healthy.probe, healthy.where, names):
                yield ("steady-state-hypothesis", "probes", place), words


def _traffic(drill: Drill) -> Iterator[tuple[Loc, str]]:
    nodes = known_names(drill).nodes
    accounts = names_of(drill, nodes).accounts
    for name, group in drill.traffic.items():
        loc: Loc = ("traffic", name)
        if name in RESERVED:
            yield loc, f"a group cannot be called {name}, which stands for {RESERVED[name]}; give it another name"
        if group.pin_to is not None and group.pin_to not in nodes:
            yield (*loc, "pin-to"), unknown_word(group.pin_to, nodes, kind="node")
        if group.login_as in drill.traffic:
            yield from _namesakes(drill, loc, group, drill.traffic[group.login_as])
        elif group.login_as is not None and group.login_as not in accounts:
            yield (*loc, "login-as"), unknown_word(group.login_as, [*drill.traffic, *accounts[:8]], kind="account")
        if group.visits_neighbour and drill.cluster.neighbour is None:
            yield (*loc, "visits-neighbour"), "cluster.neighbour does not say what the neighbour is"


def _namesakes(drill: Drill, loc: Loc, group: Group, other: Group) -> Iterator[tuple[Loc, str]]:
    if other.login_as is not None:
        yield (*loc, "login-as"), f"the people of {group.login_as} have no accounts of their own"
    elif group.users > other.users:
        yield (*loc, "users"), f"{group.users} people cannot use the {other.users} accounts of {group.login_as}"


def known_names(drill: Drill) -> Known:
    """The nodes and links that the drill's cluster begins with."""
    nodes = tuple(f"node-{number}" for number in range(1, drill.cluster.nodes.count + 1))
    return Known(nodes, links_of(nodes))


def _mark_names(drill: Drill) -> list[str]:
    steps = list(all_steps([*drill.method, *drill.rollbacks]))
    named: list[Any] = [step.mark for step in steps] + [step.name for step in steps]
    marks = [*PHASE_MARKS, *(name for name in named if name is not None)]
    return [*marks, *(f"{name}:end" for name in marks)]


def _fault_names(drill: Drill) -> list[str]:
    faults = [step.fault for step in all_steps(drill.method) if step.fault is not None]
    return [fault.as_ or fault.inject for fault in faults if fault.inject is not None]
