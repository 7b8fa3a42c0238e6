"""Where the Android app finds an export.

[android.android_folder]  ->  bundle.export  ->  android_demo
"""

from __future__ import annotations

from pathlib import Path

from albert_tf.tasks.task import read_task

ANDROID_TASKS = ("question_answering", "classification")
_MODULE = Path("app", "src", "main")


def android_folder(source: str | Path, project: str | Path) -> Path:
    """Where in an Android project the app looks for the export of a model.

    Args:
        source: Folder of a fine-tuned model.
        project: Folder of `android_demo`, or of a project laid out like it.

    Raises:
        FileNotFoundError: `source` holds no fine-tuned model, or `project` no app.
        ValueError: the app has no use for the task.
    """
    main = Path(project) / _MODULE
    if not main.is_dir():
        raise FileNotFoundError(f"{project} holds no Android app: {_MODULE} is missing.")
    name = read_task(Path(source)).name
    if name not in ANDROID_TASKS:
        raise ValueError(f"the app is for {' and '.join(ANDROID_TASKS)}; got a model for {name}.")
    return main / "assets" / name
