"""Where the Android app finds an export.

[android.android_folder]  ->  bundle.export  ->  android_demo
"""

from __future__ import annotations

from pathlib import Path

from albert_tf.export.recipes import BLOCKS, DEFAULT_RECIPE
from albert_tf.tasks.task import read_task

ANDROID_TASKS = ("question_answering", "classification")
_KNOWN = " and ".join(ANDROID_TASKS)
_MODULE = Path("app", "src", "main")


def android_folder(
    source: str | Path,
    project: str | Path,
    batch: int = 1,
    head: str | None = None,
    recipe: str = DEFAULT_RECIPE,
) -> Path:
    """Where in an Android project the app looks for the export of a model.

    Args:
        source: Folder of a fine-tuned model.
        project: Folder of `android_demo`, or of a project laid out like it.
        batch: Inputs of one call of the file.
        head: What the file answers in place of its task; the app knows only tasks.
        recipe: How the file keeps its weights; LiteRT 1.4, which is in the app, answers those of 4
            bits with nonsense on some processors (seen with AVX-512 VNNI), and no error.

    Raises:
        FileNotFoundError: `source` holds no fine-tuned model, or `project` no app.
        ValueError: the app has no use for the task, for pairs of texts, for batches, for
            another head or for the recipe.
    """
    main = Path(project) / _MODULE
    if not main.is_dir():
        raise FileNotFoundError(f"{project} holds no Android app: {_MODULE} is missing.")
    if head is not None:
        raise ValueError(f"the app is for {_KNOWN}, not for {head}; leave --head out.")
    if recipe in BLOCKS:
        raise ValueError(
            f"recipe {recipe} is not for the app: its LiteRT 1.4 answers weights of 4 bits wrongly "
            "on some processors. Leave --recipe out."
        )
    task = read_task(Path(source))
    name = task.name
    if batch != 1:
        raise ValueError(
            f"batch must be 1 for the app, which asks one thing at a time; got {batch}."
        )
    if getattr(task, "pair_column", None) is not None:
        raise ValueError("the app reads single texts; got a model for pairs of them.")
    if name not in ANDROID_TASKS:
        raise ValueError(f"the app is for {_KNOWN}; got a model for {name}.")
    return main / "assets" / name
