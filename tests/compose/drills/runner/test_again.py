"""`dcsim drill report RUN`: a run is judged again and reported again from its folder alone."""

import pytest

from compose.drills.runner.again import report_again
from shared.errors import OperatorError
from tests.support.sample_run import Sample


def test_a_run_without_its_drill_cannot_be_judged_again_and_says_so(tmp_path):
    run = Sample(people=["alice"]).write(tmp_path / "run")
    with pytest.raises(OperatorError, match=r"drill\.yaml cannot be read, so the run cannot be judged again"):
        report_again(run.path)
