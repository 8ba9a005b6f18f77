"""The CAPTCHA that a login page poses after too many failures: a distorted picture, and the same proof in words.

Jira shows a picture of a word. Whoever cannot see it gets an arithmetic question in plain text beside it: unlike an
audio file it can be read by a screen reader, on a braille display and without a loudspeaker, and typed without a mouse.
It is easier for a machine than a picture is, which does not matter to a rehearsal.

The answer is kept in this node's web session under the name that the parameter has, so it is lost with the session and
on another node. It can be tried once and only for a while. No I/O; all instants are policy ms.
"""

import secrets
from dataclasses import dataclass

from node.web_sessions import WebSession

PARAMETER = "os_captcha"
LIFE_MS = 10 * 60_000
"""How long a challenge can be answered. Our own choice: long enough for people who need time to read and type."""
LETTERS = "ABCDEFGHJKLMNPRTUVWXY346789"
"""Without characters that look like another one."""
LENGTH = 5
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True, slots=True)
class Challenge:
    """`text` is what the picture shows, `answer` is what the question asks for; either will do."""

    text: str
    question: str
    answer: str
    expires_ms: int

    def is_met_by(self, given: str, *, now_ms: int) -> bool:
        """Letter case and surrounding blanks do not matter."""
        return now_ms < self.expires_ms and given.strip().upper() in (self.text, self.answer)


def new_challenge(*, now_ms: int) -> Challenge:
    text = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    one, other = secrets.randbelow(len(NUMBERS)), secrets.randbelow(len(NUMBERS))
    question = f"What is {NUMBERS[one]} plus {NUMBERS[other]}? Answer with a number."
    return Challenge(text, question, str(one + other), now_ms + LIFE_MS)


def pose(session: WebSession, *, now_ms: int) -> Challenge:
    """A new challenge for the session; one it had before is void."""
    challenge = new_challenge(now_ms=now_ms)
    session.put(PARAMETER, challenge)
    return challenge


def posed(session: WebSession, *, now_ms: int) -> Challenge | None:
    """The challenge that can be answered now, if any."""
    challenge: Challenge | None = session.get(PARAMETER)
    return challenge if challenge is not None and now_ms < challenge.expires_ms else None


def solve(session: WebSession, given: str, *, now_ms: int) -> bool:
    """Tries an answer. Right or wrong, the challenge is used up."""
    challenge: Challenge | None = session.take(PARAMETER)
    return challenge is not None and challenge.is_met_by(given, now_ms=now_ms)
