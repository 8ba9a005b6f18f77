"""`dcsim drill run` as people run it, and what it leaves in the folder of the run."""

import json
from dataclasses import dataclass
from pathlib import Path

from compose.drills.history.history import History
from compose.drills.history.journal import read_journal
from compose.drills.run_folder import RunFolder
from tests.support.dcsim_command import dcsim

LONGEST_S = 540
"""A machine that is busy with other things takes several times what a drill takes on a quiet one."""


@dataclass(frozen=True)
class Run:
    """One that is over. `code` and `said` are the command's: its exit code and what it printed on standard error."""

    code: int
    said: str
    folder: RunFolder

    @property
    def judgement(self):
        return self.folder.judgement()

    def variant(self, name):
        return next(one for one in self.judgement.variants if one.variant == name)

    def metric(self, name, variant="only"):
        return self.variant(variant).metrics[name].value

    def history(self, variant="only"):
        return History(read_journal(self.folder.history_file(variant)))


async def run_for_real(runs: Path, drill: str, *arguments: str, **environment: str) -> Run:
    """Runs one drill with the real command, its folder below `runs`."""
    command = ("drill", "run", drill, "--runs", str(runs), "--json", *arguments)
    async with dcsim(*command, **environment) as dcsim_command:
        code, output, said = await dcsim_command.end(within_s=LONGEST_S)
    assert output, said
    (one,) = json.loads(output)
    return Run(code, said, RunFolder(Path(one["run"])))
