"""Why was I logged out? The run as one person lived it, for those whom it hit hardest, variants side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from compose.drills.history.history import Operation
from compose.drills.report.people import Fate, Person
from compose.drills.report.seen import Came
from compose.drills.report.variant import Variant
from compose.durations import in_words

PEOPLE = 10
EVENTS = 40
_TOGETHER = frozenset({Came.SERVED, Came.REFUSED, Came.STALE, Came.FAILED, Came.UNSEEN, Came.LOGIN_FAILED})
"""What is told as "12 times" when it happens again and again on the same node."""


@dataclass(frozen=True, slots=True)
class Event:
    """`why` is the chain of causes, first to last, for the end of a login. `times` counts repetitions."""

    came: Came | None
    starts_ns: int
    ends_ns: int
    when: str
    words: str
    operation: int | None
    times: int = 1
    why: tuple[str, ...] = ()
    policy_ms: tuple[int, int] = (0, 0)

    @property
    def lasted_words(self) -> str:
        policy_ms = self.policy_ms[1] - self.policy_ms[0]
        real = f"{(self.ends_ns - self.starts_ns) / 1e9:.1f} s (real)"
        return f"over {real}" + (f", {in_words(policy_ms)} (policy)" if policy_ms else "")


@dataclass(frozen=True)
class Life:
    """One person in one variant. `person` is None where he did not take part."""

    variant: str
    prefix: str
    person: Person | None
    events: list[Event]
    left_out: int


@dataclass(frozen=True)
class Biography:
    """`id` is where links to it go. `summary` says each variant in a few words."""

    id: str
    name: str
    fate: Fate
    lives: list[Life]


def write(variants: Sequence[Variant], worst: Sequence[str]) -> list[Biography]:
    """Of those to whom something happened, the worst off first. `worst` is everybody in that order."""
    found = []
    for position, name in enumerate(worst[:PEOPLE]):
        people = [person for variant in variants if (person := variant.people.by_name.get(name))]
        fate = max((person.fate for person in people), key=lambda one: one.badness)
        if fate is not Fate.UNAFFECTED:
            found.append(Biography(f"bio-{position}", name, fate, [_life(variant, name) for variant in variants]))
    return found


def _life(variant: Variant, name: str) -> Life:
    person = variant.people.by_name.get(name)
    if person is None:
        return Life(variant.name, variant.prefix, None, [], 0)
    events = _together(sorted(_events(variant, person), key=lambda event: event.starts_ns))
    return Life(variant.name, variant.prefix, person, events[:EVENTS], max(0, len(events) - EVENTS))


def _events(variant: Variant, person: Person) -> list[Event]:
    events = [_act(variant, one) for one in variant.history.operations if one.invoke.victim in person.accounts]
    last_node: str | None = None
    for operation in person.operations:
        node = operation.node
        if node and last_node and node != last_node:
            events.append(_move(variant, operation, last_node))
        last_node = node or last_node
        events.append(_event(variant, operation))
    return events


def _at(variant: Variant, operation: Operation) -> tuple[int, int, str]:
    invoke = operation.invoke
    return invoke.real_ns, invoke.real_ns, variant.timeline.both(invoke.real_ns, invoke.policy_ms)


def _event(variant: Variant, operation: Operation) -> Event:
    came = variant.seen[operation]
    policy = (operation.invoke.policy_ms,) * 2
    return Event(
        came,
        *_at(variant, operation),
        _words(variant, operation, came),
        operation.number,
        why=_why(variant, operation),
        policy_ms=policy,
    )


def _act(variant: Variant, operation: Operation) -> Event:
    action = operation.invoke.action
    what = action.sentence if action else operation.invoke.path
    node = f" on {operation.node}" if operation.node else ""
    words = f"{what}: done by {operation.user}{node}, status {operation.status or 'unknown'}"
    return Event(Came.ACT, *_at(variant, operation), words, operation.number)


def _move(variant: Variant, operation: Operation, before: str) -> Event:
    answer = operation.completion
    route = f" (balancer: {answer.route.value})" if answer and answer.route else ""
    starts, ends, when = _at(variant, operation)
    # A nanosecond earlier, so that the move stands before what came of it.
    return Event(None, starts - 1, ends - 1, when, f"moved from {before} to {operation.node}{route}", None)


def _words(variant: Variant, operation: Operation, came: Came) -> str:
    answer, on = operation.completion, f" on {operation.node}" if operation.node else ""
    if came is Came.LOGGED_IN:
        token = ", with a remember-me cookie" if answer and answer.token else ""
        again = "had to log in again" if variant.seen.had_to_log_in(operation) else "logged in"
        return f"{again}{on}{token}"
    if came in (Came.FAILED, Came.UNSEEN):
        said = answer and (answer.balancer_error or answer.error or (answer.status and f"status {answer.status}"))
        return f"{came.value}: {said or 'nobody answered'}"
    if came is Came.STALE:
        act = variant.seen.ended_by[operation.number]
        action = act.invoke.action
        ended = f"{action.sentence.lower() if action else 'an action'} (operation {act.number})"
        return f"wrongly let in{on}, after this had ended the login: {ended}"
    return f"{came.value}{on}"


def _why(variant: Variant, operation: Operation) -> tuple[str, ...]:
    logout = variant.logouts.get(operation.number)
    return () if logout is None else (f"cause: {logout.cause}", *logout.chain)


def _together(events: Sequence[Event]) -> list[Event]:
    """Repetitions become one event."""
    joined: list[Event] = []
    for event in events:
        last = joined[-1] if joined else None
        if (
            last
            and event.came in _TOGETHER
            and (event.came, event.words, event.why) == (last.came, last.words, last.why)
        ):
            joined[-1] = replace(
                last,
                ends_ns=event.ends_ns,
                times=last.times + 1,
                policy_ms=(last.policy_ms[0], event.policy_ms[1]),
            )
        else:
            joined.append(event)
    return joined
