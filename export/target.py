"""The folder that an export takes: it appears whole or not at all.

[target.check_target, target.put]  ->  bundle, checkpoint
"""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from albert_tf.runtime.contract import CONTRACT_FILE


def check_target(target: Path, written: Set[str] = frozenset()) -> None:
    """Refuses a folder that holds something other than an earlier export.

    Args:
        target: Folder to write.
        written: Names of what an export with a contract may hold; without any, nothing is
            replaced.

    Raises:
        FileExistsError: `target` may not be replaced, or cannot be.
    """
    if not target.exists():
        return
    if target.is_mount():
        raise FileExistsError(f"{target} is a mount point; choose a folder inside it.")
    if not target.is_dir():
        raise FileExistsError(f"{target} is a file; choose a folder.")
    names = {path.name for path in target.iterdir()}
    if names and not written:
        raise FileExistsError(f"{target} exists; choose another folder.")
    if names and not (CONTRACT_FILE in names and names <= written):
        raise FileExistsError(f"{target} holds something other than an export; choose another.")


def put(folder: Path, target: Path, before: Path) -> None:
    """Moves an export to its place; what was there stays where that fails.

    Args:
        folder: The export.
        target: Its place, on the same disk.
        before: Where what was there goes meanwhile.
    """
    try:
        if target.exists():
            target.rename(before)
        folder.rename(target)
    except BaseException:
        if before.exists() and not target.exists():
            before.rename(target)
        raise
