"""Folders of runs that never ran: a small model of people on three nodes, one of which crashes, writes real records.

People log in, browse, lose their sessions when their node dies and come back by form or by remember-me cookie. One of
them, the victim, has his password changed on node-1 while node-3 cannot hear the bus; then policy time is moved on. A
variant on 9.10 tells nobody, so the victim stays in until his Crowd entries end. The seed decides everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from compose.drills.case.case import Case
from compose.drills.finding import Evidence, Finding, Measure, Unit
from compose.drills.history.history import History
from compose.drills.history.journal import Journal
from compose.drills.history.records import OpKind
from compose.drills.judging.judgement import Judgement, VariantJudgement, Verdicted
from compose.drills.run_folder import RunFacts, RunFolder
from compose.drills.verdict import Verdict
from tests.support.sample_variant import VariantModel

DRILL = """\
drill: 1
title: Stolen password, one node deaf
question: >
  An admin resets a stolen password while one node cannot hear the bus.
  For how long can the thief keep using that node, before and after 9.11?
thresholds:
  "latency{phase:method}": ["p(95)<200"]
"""


@dataclass
class Sample:
    """What to make up. Times are real ms since the run began."""

    people: Sequence[str] = tuple(f"user-{n:03d}" for n in range(40))
    per_person: int = 20
    variants: dict[str, str] = field(default_factory=lambda: {"before": "9.10", "after": "9.11"})
    seed: int = 4711
    remember_me: float = 0.5
    crash: bool = True
    invalidate: bool = True
    interrupted_at_ms: int | None = None
    lasts_ms: int = 20_000
    title: str = "Stolen password, one node deaf"
    question: str = (
        "An admin resets a stolen password while one node cannot hear the bus. "
        "For how long can the thief keep using that node, before and after 9.11?"
    )

    def write(self, folder) -> RunFolder:
        """Makes the whole folder, judgement included."""
        run = RunFolder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        run.write_facts(
            RunFacts(
                run="2026-03-02-stolen-password-7f3a",
                title=self.title,
                question=self.question,
                teaches="Before 9.11 a changed password ends sessions on one node only; the others learn of it "
                "when their Crowd entry runs out, at most 15 minutes (policy) later.",
                theme="invalidation",
                drill=DRILL,
                seed=self.seed,
                version="0.1.0",
                command=f"dcsim drill run stolen-password --seed {self.seed}",
                variants=list(self.variants),
                answer="{{ before.stale_window_max }} before, {{ after.stale_window_max }} after",
                exit_code=0 if self.interrupted_at_ms is None else None,
            )
        )
        judged = []
        for name, version in self.variants.items():
            run.path.joinpath(name).mkdir()
            with Journal(run.history_file(name)) as journal:
                VariantModel(self, name, version, journal).play()
            judged.append(_judge(name, History(journal.records)))
        run.write_judgement(
            Judgement(
                Verdict.of(*(one.verdict for one in judged)),
                tuple(judged),
                "14 min 40 s (policy) on node-2 before 9.11, nowhere after it.",
            )
        )
        return run


def _judge(name: str, history: History) -> VariantJudgement:
    """A stand-in for judging: the shapes are real, the rules are simple."""
    if not history.records:
        return VariantJudgement(name, Verdict.UNKNOWN)
    out = [operation for operation in history.operations if operation.is_asked_to_log_in]
    acts = [operation for operation in history.operations if operation.kind is OpKind.ACT]
    late = [
        operation
        for operation in history.operations
        for act in acts
        if operation.user == act.invoke.victim
        and operation.started_ns > act.ended_ns
        and operation.is_let_in
        and (operation.invoke.login_op or 0) < act.number
    ]
    found = Verdict.FAIL if late else Verdict.PASS if acts else Verdict.UNKNOWN
    stale = Verdicted(
        "no-stale-accept",
        "never: a request of the victim is accepted with a login from before the reset",
        "A stolen password is only worth changing if that ends the thief's session.",
        found if name != "before" or not acts else Verdict.PASS if late else Verdict.FAIL,
        found,
        name == "before",
        Finding(
            found,
            f"{len(late)} requests were let in" if acts else "nobody was invalidated, so there is nothing to judge",
            len(late) + 1 if acts else 0,
            tuple(
                Evidence(f"{one.user} was let in on {one.node}", (one.number,), one.started_ns, one.user, one.node)
                for one in late[:10]
            ),
            len(late),
            {"stale-window-max": Measure(880_000.0 if late else 0.0, Unit.POLICY_MS)},
        ),
        "after reset",
    )
    latencies = sorted(latency for operation in history.operations if (latency := operation.latency_ms) is not None)
    p95 = latencies[int(len(latencies) * 0.95)] if latencies else None
    quick = Verdicted(
        "latency{phase:method}: p(95)<200",
        "latency{phase:method}: p(95)<200",
        None,
        Verdict.PASS if latencies else Verdict.UNKNOWN,
        Verdict.PASS if latencies else Verdict.UNKNOWN,
        False,
        Finding(
            Verdict.PASS if latencies else Verdict.UNKNOWN,
            f"p(95) is {p95:.1f} ms (real)" if latencies else "no request got an answer",
            len(latencies),
            measures={"p95": Measure(p95, Unit.REAL_MS)},
        ),
        "method",
    )
    whole = Verdict.PASS if history.is_complete else Verdict.UNKNOWN
    complete = Verdicted(
        "history-complete",
        "the run was seen to its end",
        None,
        whole,
        whole,
        False,
        Finding(whole, "the history has an end" if history.is_complete else "the history was cut off", 1),
        "the whole run",
    )
    return VariantJudgement(
        name,
        Verdict.of(stale.verdict, quick.verdict, complete.verdict),
        (stale,),
        (quick,),
        (complete,),
        {
            "stale-window-max": Measure(880_000.0 if late else 0.0, Unit.POLICY_MS),
            "logouts": Measure(float(len(out))),
            "http-failed-rate": Measure(0.012, Unit.RATIO),
        },
        Case(history).logouts,
    )
