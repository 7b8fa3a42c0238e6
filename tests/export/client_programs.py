"""Runs in the environment of a client: questions as JSON on stdin, answers as JSON on stdout.

Called as `client_programs.py FUNCTION MODEL`. Knows nothing of albert_tf.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def classify_with_task_library(model: str, texts: list[str]) -> list[list[tuple[str, float]]]:
    """Labels and scores of each text."""
    _open_libusb()
    from tflite_support.task import text

    classifier = text.BertNLClassifier.create_from_file(model)
    answers = [classifier.classify(words).classifications[0].categories for words in texts]
    return [[(found.category_name, found.score) for found in answer] for answer in answers]


def answer_with_task_library(model: str, questions: list[tuple[str, str]]) -> list[str]:
    """The best answer to each question about its passage."""
    _open_libusb()
    from tflite_support.task import text

    answerer = text.BertQuestionAnswerer.create_from_file(model)
    found = [answerer.answer(passage, question).answers for question, passage in questions]
    return [answers[0].text if answers else "" for answers in found]


def classify_with_mediapipe(model: str, texts: list[str]) -> list[list[tuple[str, float]]]:
    """Labels and scores of each text."""
    from mediapipe.tasks.python import BaseOptions, text

    options = text.TextClassifierOptions(base_options=BaseOptions(model_asset_path=model))
    with text.TextClassifier.create_from_options(options) as classifier:
        answers = [classifier.classify(words).classifications[0].categories for words in texts]
    return [[(found.category_name, found.score) for found in answer] for answer in answers]


def run_tflite_runtime(model: str, batches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outputs for each batch, by name."""
    from tflite_runtime.interpreter import Interpreter

    return _answers(Interpreter, model, batches)


def run_tensorflow(model: str, batches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outputs for each batch, by name."""
    import tensorflow as tf

    return _answers(tf.lite.Interpreter, model, batches)


def run_litert(model: str, batches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outputs for each batch, by name."""
    from ai_edge_litert.interpreter import Interpreter

    return _answers(Interpreter, model, batches)


def run_compiled_model(model: str, batches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outputs for each batch, by name; sizes are what the library says before it computes."""
    import numpy as np
    from ai_edge_litert.compiled_model import CompiledModel

    compiled = CompiledModel.from_file(model)
    (signature,) = compiled.get_signature_list()
    answers = []
    for batch in batches:
        inputs, outputs = {}, {}
        for name, rows in batch.items():
            array = np.array(rows, np.int32)
            compiled.resize_input_tensor_by_name(signature, name, array.shape)
            inputs[name] = compiled.create_input_buffer_by_name(signature, name)
            inputs[name].write(array)
        sizes = compiled.get_output_tensor_details(signature)
        for name in sizes:
            outputs[name] = compiled.create_output_buffer_by_name(signature, name)
        compiled.run_by_name(signature, inputs, outputs)
        shapes = {name: details["shape"] for name, details in sizes.items()}
        answers.append({
            name: outputs[name].read(np.prod(shape), np.float32).reshape(shape).tolist()
            for name, shape in shapes.items()
        })
    return answers


def _answers(interpreter: Any, model: str, batches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    import numpy as np

    runner = interpreter(model_path=model).get_signature_runner("serving_default")
    arrays = [{name: np.array(v, np.int32) for name, v in batch.items()} for batch in batches]
    return [{name: v.tolist() for name, v in runner(**batch).items()} for batch in arrays]


def _open_libusb() -> None:
    import ctypes

    import libusb_package

    ctypes.CDLL(str(libusb_package.get_library_path()), mode=ctypes.RTLD_GLOBAL)


if __name__ == "__main__":
    program, path = sys.argv[1:]
    print(json.dumps(globals()[program](path, json.load(sys.stdin))))
