"""What scripts that write a document share: write it, or with ``--check`` say whether it is current."""

import sys
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def main(path: str, document: Callable[[], str]) -> None:
    """Exits with 1 and says what to do when ``--check`` finds the file at ``path`` out of date."""
    target, content = REPOSITORY / path, document()
    if "--check" not in sys.argv[1:]:
        target.write_text(content)
    elif not target.exists() or target.read_text() != content:
        sys.exit(f"{path} is not what its source says any more. Run: make reference")
