"""A fine-tuned model as a SavedModel that takes text, for TensorFlow Serving.

serving  ->  [saved_model.write_saved_model]  ->  a folder any TensorFlow opens
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from albert_tf.export.serving import server
from albert_tf.export.verify import TOLERANCE, ParityError
from albert_tf.tasks.classification import ClassificationTask, TextExample
from albert_tf.tasks.squad import QuestionExample
from albert_tf.tasks.task import Task, TaskModel
from albert_tf.text.tokenizer import Tokenizer

_PROBES = ("A word, 1,000 words.", "caf\u00e9 \ufb01n \u4e2d\u6587 \uac00\ub098 \U0001f600", "")


def write_saved_model(
    model: keras.Model, tokenizer: Tokenizer, task: Task, directory: Path
) -> None:
    """Writes the SavedModel and opens it again to see that it answers as Keras does.

    Raises:
        ParityError: a probability, or the score of an answer, differs from that of the Keras
            model on the ids of the Python reader.
        ValueError: no graph answers raw text for the task.
    """
    module = server(model, tokenizer, task)
    tf.saved_model.save(module, str(directory), module.serve)
    serve = tf.saved_model.load(str(directory)).signatures["serving_default"]

    def ask(**texts: str) -> dict[str, np.ndarray]:
        found = serve(**{name: tf.constant([text]) for name, text in texts.items()})
        return {name: np.asarray(output)[0] for name, output in found.items()}

    keras_model = TaskModel(task, tokenizer, model.run)
    for probe in _PROBES:
        if isinstance(task, ClassificationTask):
            texts = {"text": probe} | ({"pair": _PROBES[0]} if task.pair_column else {})
            found = ask(**texts)["probabilities"]
            expected = list(keras_model.predict(TextExample(**texts)).probabilities.values())
        else:
            # Long enough for several windows.
            passage = probe * task.sequence_length
            answer = ask(question=_PROBES[0], context=passage)
            prediction = keras_model.predict(QuestionExample(_PROBES[0], passage))
            # The second is None for a task of version 1, whose graph does not have it.
            scores = {n: getattr(prediction, n) for n in ("score", "null_score_difference")}
            scores = {name: score for name, score in scores.items() if score is not None}
            found, expected = np.array([answer[name] for name in scores]), list(scores.values())
        worst = np.abs(found - expected).max()
        if not worst <= TOLERANCE:
            raise ParityError(
                f"the SavedModel must answer as Keras within {TOLERANCE}; it differs by "
                f"{worst:.2e} on {probe!r}."
            )
