"""The command line: what `dcsim` runs. One file a command; what is slow to import is imported inside the commands."""

import os
import sys
from collections.abc import Sequence

import typer

from compose.cli.app import app
from compose.cli.usage import one_line
from shared.errors import EXIT_BROKEN, EXIT_INTERRUPTED, EXIT_PASS, DcsimError

DEBUG = "DCSIM_DEBUG"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code. People see at most one message of ours and never a stack trace,
    unless they ask for it with DCSIM_DEBUG=1."""
    try:
        outcome = app(args=arguments, prog_name="dcsim", standalone_mode=False)
        return outcome if isinstance(outcome, int) else EXIT_PASS
    except typer.TyperException as error:
        return _fail(one_line(error), error.exit_code)
    except DcsimError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        bug = f"this is a bug in dcsim: {type(error).__name__}: {error}; {DEBUG}=1 shows where"
        return _fail(bug, EXIT_BROKEN)


def _fail(message: str, exit_code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return exit_code
