"""What a drill's file expected, held against what happened: expectations, thresholds, guards, and the answer line."""

from compose.drills.judging.answer import check_answer
from compose.drills.judging.judge import judge_run
from compose.drills.judging.lint import check_drill

__all__ = ["check_answer", "check_drill", "judge_run"]
