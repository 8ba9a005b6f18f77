"""What a checker may say. There is no fourth answer, and a guess is none."""

from enum import StrEnum

from shared.errors import EXIT_FAIL, EXIT_PASS, EXIT_UNKNOWN


class Verdict(StrEnum):
    """PASS and FAIL are shown by evidence; without any the verdict is UNKNOWN."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"

    @property
    def exit_code(self) -> int:
        return {Verdict.PASS: EXIT_PASS, Verdict.FAIL: EXIT_FAIL, Verdict.UNKNOWN: EXIT_UNKNOWN}[self]

    @classmethod
    def of(cls, *verdicts: "Verdict") -> "Verdict":
        """Of all together: one failure fails, one unknown makes the rest unknown, none at all says nothing."""
        for verdict in (cls.FAIL, cls.UNKNOWN):
            if verdict in verdicts:
                return verdict
        return cls.PASS if verdicts else cls.UNKNOWN


def headline(verdict: str, *, interrupted: bool) -> str:
    """What stands above a run. Of one that somebody ended early the verdict is of what it came to, and no more."""
    return f"interrupted, {verdict} so far" if interrupted else verdict
