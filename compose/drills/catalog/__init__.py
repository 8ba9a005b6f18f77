"""The drills that come with dcsim: one YAML file each. Adding one is adding a file."""

import os
from pathlib import Path

from compose.nearest import nearest
from shared.errors import OperatorError

FOLDER = Path(__file__).parent


def catalog() -> dict[str, Path]:
    """By name, in the order of their names."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


def find_drill(name: str) -> Path:
    """A drill of the catalog by its name, or by its number (`d4`), or a file of the user's by its path. Raises
    OperatorError for neither."""
    known = catalog()
    if name in known:
        return known[name]
    if os.path.isfile(name):  # unlike Path.is_file, whatever the name is
        return Path(name)
    numbered = [path for stem, path in known.items() if _number(stem) == _number(name.lower())]
    if numbered and _number(name.lower()):
        return numbered[0]
    close = nearest(name, known)
    hint = f"did you mean {close}?" if close else "dcsim drill list shows those that come with dcsim"
    raise OperatorError(f"{name} is neither a drill that comes with dcsim nor a file here; {hint}")


def _number(name: str) -> str:
    """`d4` for d04-rolling-restart and for d4."""
    letter, digits = name[:1], name[1:].partition("-")[0]
    return letter + digits.lstrip("0") if letter == "d" and digits.isdigit() else ""
