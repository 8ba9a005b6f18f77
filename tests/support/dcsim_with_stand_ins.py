"""The `dcsim` command, with the small programs of this folder in place of nodes and balancer."""

import sys

from compose.cli import main
from compose.cluster import handle
from compose.cluster.programs import Programs

STAND_INS = Programs("tests.support.stand_in_node", "tests.support.stand_in_balancer")

if __name__ == "__main__":
    handle.Programs = lambda: STAND_INS  # type: ignore[assignment,misc]
    sys.exit(main())
