"""Typer's complaints about a command line, in one line of ours."""

import typer


def one_line(error: typer.TyperException) -> str:
    """What was wrong, the nearest right word if Typer knows one, and where to read on."""
    said = getattr(error, "format_message", lambda: str(error))()
    message = " ".join(said.replace("Value error, ", "").split()).rstrip(".")
    context = getattr(error, "ctx", None)
    help_command = f"{context.command_path if context else 'dcsim'} --help"
    return f"{message[:1].lower()}{message[1:]}; see {help_command}"
