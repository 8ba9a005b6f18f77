"""The folder of one run: which files are in it, and `run.json`, which says what was run.

The runner writes it, judging adds `judgement.json`, and the report reads both, perhaps long afterwards.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from compose.drills.judging.judgement import Judgement
from shared.errors import EXIT_INTERRUPTED, OperatorError


class RunFacts(BaseModel):
    """`drill` is the resolved drill as text, `variants` in the order they were run, `answer` the template of the
    answer line, `settings` what `--set` and the environment said, `exit_code` is None while the run has not ended."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    run: str
    title: str
    question: str
    teaches: str = ""
    theme: str = ""
    drill: str = ""
    seed: int
    version: str = ""
    command: str = ""
    settings: dict[str, str] = Field(default_factory=dict)
    variants: list[str] = Field(min_length=1)
    answer: str = ""
    exit_code: int | None = None

    @property
    def was_interrupted(self) -> bool:
        """Somebody ended it early."""
        return self.exit_code == EXIT_INTERRUPTED


_JUDGEMENT = TypeAdapter(Judgement)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths, and what is read from them."""

    path: Path

    @property
    def facts_file(self) -> Path:
        return self.path / "run.json"

    @property
    def judgement_file(self) -> Path:
        return self.path / "judgement.json"

    def history_file(self, variant: str) -> Path:
        return self.path / variant / "history.jsonl"

    def facts(self) -> RunFacts:
        """Raises OperatorError for a folder that is no run."""
        try:
            return RunFacts.model_validate_json(self.facts_file.read_bytes())
        except OSError as error:
            raise OperatorError(f"{self.path} is no folder of a drill's run: it has no readable run.json") from error
        except ValidationError as error:
            raise OperatorError(f"{self.facts_file} does not say what was run: {_first(error)}") from error

    def judgement(self) -> Judgement | None:
        """None for a run that was never judged. Raises OperatorError for a file that is none."""
        try:
            return _JUDGEMENT.validate_json(self.judgement_file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            what = _first(error) if isinstance(error, ValidationError) else str(error)
            raise OperatorError(f"{self.judgement_file} cannot be read as a judgement: {what}") from error

    def write_facts(self, facts: RunFacts) -> None:
        self.facts_file.write_text(facts.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def write_judgement(self, judgement: Judgement) -> None:
        self.judgement_file.write_bytes(_JUDGEMENT.dump_json(judgement, indent=2) + b"\n")


def _first(error: ValidationError) -> str:
    what = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in what["loc"])
    return f"{where}: {what['msg']}" if where else what["msg"]
