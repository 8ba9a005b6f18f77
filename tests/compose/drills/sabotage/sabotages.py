"""What can be done to the records of a run, so that they prove less than they seem to, or something else.

Each takes the records of all variants and returns others; `OF_RECORDS` names each with the verdict that is right for
it. None of them may pass.
"""

from dataclasses import replace

from compose.drills.history.records import (
    ClockChange,
    ClockReading,
    Closed,
    Completion,
    FaultChange,
    FaultPhase,
    Invoke,
    Mark,
    NodeChange,
    Opened,
    OpKind,
    Outcome,
    Reading,
    Said,
)
from compose.drills.verdict import Verdict
from shared.actions import Action
from shared.contract import KnownVia

FAIL, UNKNOWN = Verdict.FAIL, Verdict.UNKNOWN
THIEF = "thief-001"
HOUR_MS = 3_600_000


def each(change):
    """The same is done to the records of every variant."""
    return lambda records: {variant: change(list(some)) for variant, some in records.items()}


def in_after(change):
    """Only the second twin is touched."""
    return lambda records: {**records, "after": change(list(records["after"]))}


def without(*kinds, where=lambda _: True):
    return lambda some: [one for one in some if not (isinstance(one, kinds) and where(one))]


def with_all(kind, where=lambda _: True, **values):
    """Every record of the kind says this instead."""
    return lambda some: [replace(one, **values) if isinstance(one, kind) and where(one) else one for one in some]


def numbers(some, where):
    return {one.op for one in some if isinstance(one, Invoke) and where(one)}


def answers_to(where, change):
    """What came of some of the requests is told otherwise; `change` None: it is not told at all."""

    def sabotage(some):
        those = numbers(some, where)
        changed = [
            change(one) if change is not None and isinstance(one, Completion) and one.op in those else one
            for one in some
        ]
        return [one for one in changed if change or not (isinstance(one, Completion) and one.op in those)]

    return sabotage


def without_requests(where):
    def sabotage(some):
        those = numbers(some, where)
        return [one for one in some if not (isinstance(one, Invoke | Completion) and one.op in those)]

    return sabotage


def is_act(invoke):
    return invoke.kind is OpKind.ACT


def is_thiefs(invoke):
    return invoke.user == THIEF


def is_thiefs_last(some):
    last = max(numbers(some, is_thiefs))
    return lambda one: one.op == last


def nobody_knows(completion):
    return replace(
        completion, outcome=Outcome.INFO, status=None, node=None, known_via=KnownVia.NOBODY, username=None, error="gone"
    )


def first_half(some):
    return some[: len(some) // 2]


def thiefs_last_answer_missing(some):
    return answers_to(is_thiefs_last(some), None)(some)


def one_accepted_too_many(some):
    """The thief's last request was let in."""
    let_in = {"status": 200, "known_via": KnownVia.SESSION, "username": "office-001", "session_ended": None}
    return answers_to(is_thiefs_last(some), lambda one: replace(one, **let_in))(some)


def is_first_of_a_bystander(some):
    """His first request of the method, before anything was done to anybody."""
    begins_ns = next(one.real_ns for one in some if isinstance(one, Mark) and one.name == "method")
    first = min(numbers(some, lambda one: one.user == "office-002" and one.real_ns > begins_ns))
    return lambda one: one.op == first


def somebody_thrown_out(some):
    nobody = {"status": 401, "known_via": KnownVia.NOBODY, "username": None, "session_ended": "unknown"}
    return answers_to(is_first_of_a_bystander(some), lambda one: replace(one, **nobody))(some)


def somebody_elsewhere(some):
    """His first request was answered by the other node, which was not asked."""
    other = {"node-1": "node-2", "node-2": "node-1"}
    return answers_to(is_first_of_a_bystander(some), lambda one: replace(one, node=other[one.node]))(some)


def a_second_act(some):
    """Before the thief tries again, somebody ends the sessions of the same user once more: which of the two helped?"""
    ours = numbers(some, is_act)
    at = next(n for n, one in enumerate(some) if isinstance(one, Completion) and one.op in ours)
    invoke = next(one for one in some if isinstance(one, Invoke) and one.op in ours)
    number = max(numbers(some, lambda _: True)) + 1
    again = [
        replace(invoke, op=number, action=Action.REST_END_SESSION, real_ns=some[at].real_ns),
        replace(some[at], op=number, node="node-2", real_ns=some[at].real_ns),
    ]
    return [*some[: at + 1], *again, *some[at + 1 :]]


def a_jump_that_nobody_told(some):
    """Between the thief's last request and its answer policy time jumps by an hour."""
    last = max(numbers(some, is_thiefs))
    at = next(n for n, one in enumerate(some) if isinstance(one, Invoke) and one.op == last) + 1
    return [*some[:at], *(replace(one, policy_ms=one.policy_ms + HOUR_MS) for one in some[at:])]


def jumps_under_every_request(some):
    """Policy time was moved, and it was told, while each of them was under way: no latency is the cluster's own."""
    changed, off_ms = [], 0
    for one in some:
        moved = {"before_ms": one.before_ms + off_ms} if isinstance(one, ClockChange) else {}
        changed.append(replace(one, policy_ms=one.policy_ms + off_ms, **moved))
        if isinstance(one, Invoke):
            before_ms, off_ms = one.policy_ms + off_ms, off_ms + 200
            changed.append(ClockChange(one.real_ns, before_ms + 200, before_ms, 0.0))
    return changed


def clock_back(some):
    """The harness itself set policy time back."""
    last = some[-2]
    return [*some[:-1], ClockChange(last.real_ns, last.policy_ms - HOUR_MS, last.policy_ms, 0.0), some[-1]]


def process_clock_back(some):
    """One node's clock is an hour behind at its last reading."""
    last = max(
        (n for n, one in enumerate(some) if isinstance(one, ClockReading) and one.process == "node-1" and one.says_ms),
    )
    return [replace(one, says_ms=one.says_ms - HOUR_MS) if n == last else one for n, one in enumerate(some)]


def swapped(records):
    return {"before": records["after"], "after": records["before"]}


def of_one_only(records):
    return {"before": records["before"]}


def an_answer_to_nothing(some):
    last = next(one for one in reversed(some) if isinstance(one, Completion))
    return [*some[:-1], replace(last, op=last.op + 1), some[-1]]


def a_problem(some):
    last = some[-2]
    return [*some[:-1], Said(last.real_ns, last.policy_ms, "node-2 ended unasked", True), some[-1]]


def is_confirmation(change):
    return change.phase is FaultPhase.CONFIRMED


OF_RECORDS = {
    "nothing was recorded": (each(lambda _: []), UNKNOWN),
    "nobody asked for anything": (each(without(Invoke, Completion)), UNKNOWN),
    "the beginning is missing": (each(without(Opened)), UNKNOWN),
    "the end is missing": (each(without(Closed)), UNKNOWN),
    "the second half is missing": (each(first_half), UNKNOWN),
    "it was interrupted": (each(with_all(Closed, interrupted=True)), UNKNOWN),
    "one variant was not run": (of_one_only, UNKNOWN),
    "it is the history of another drill": (each(with_all(Opened, drill="d99-another", title="Another")), UNKNOWN),
    "it is the history of another seed": (each(with_all(Opened, seed=99)), UNKNOWN),
    "the twins were mistaken for each other": (swapped, FAIL),
    "it is the history of the other twin": (lambda records: {**records, "after": records["before"]}, FAIL),
    "the harness met a problem": (each(a_problem), UNKNOWN),
    "nobody knows what came of the reset": (each(answers_to(is_act, nobody_knows)), UNKNOWN),
    "the end of the reset was not recorded": (each(answers_to(is_act, None)), UNKNOWN),
    "the reset was refused": (each(answers_to(is_act, lambda one: replace(one, status=403))), FAIL),
    "the reset is missing": (each(without_requests(is_act)), FAIL),
    "the end of the thief's last request was not recorded": (in_after(thiefs_last_answer_missing), UNKNOWN),
    "an answer to nothing": (each(an_answer_to_nothing), UNKNOWN),
    "the thief never came": (each(without_requests(is_thiefs)), UNKNOWN),
    "the thief's answers are lost": (in_after(answers_to(is_thiefs, nobody_knows)), UNKNOWN),
    "the thief was let in once more": (in_after(one_accepted_too_many), FAIL),
    "the violation did not happen": (lambda records: {**records, "before": records["after"]}, FAIL),
    "two acts on one user": (in_after(a_second_act), UNKNOWN),
    "a bystander was thrown out": (in_after(somebody_thrown_out), FAIL),
    "a bystander was sent elsewhere": (in_after(somebody_elsewhere), FAIL),
    "the mark was never reached": (each(without(Mark, where=lambda one: one.name == "reset")), UNKNOWN),
    "the method was not carried out to its end": (
        each(without(Mark, where=lambda one: one.name == "method:end")),
        UNKNOWN,
    ),
    "it was not steady": (each(with_all(Reading, lambda one: one.probe == "nodes.up", value=1.0)), UNKNOWN),
    "nobody looked whether it was steady": (each(without(Reading)), UNKNOWN),
    "the fault is missing": (each(without(FaultChange)), UNKNOWN),
    "the fault was not confirmed": (each(without(FaultChange, where=is_confirmation)), UNKNOWN),
    "the fault hit nothing": (each(with_all(FaultChange, hits=0)), UNKNOWN),
    "a node lies about its version": (
        each(with_all(NodeChange, lambda one: one.says_version, says_version="9.9.0")),
        FAIL,
    ),
    "policy time jumped under every request": (each(jumps_under_every_request), UNKNOWN),
    "policy time was set back": (each(clock_back), FAIL),
    "the clock of one node was set back": (each(process_clock_back), FAIL),
    "policy time jumped and nobody told it": (each(a_jump_that_nobody_told), UNKNOWN),
}
