"""What a fine-tuned model answers to raw text, as one graph.

saved model  ->  [serving.server]  ->  saved_model

Shape letters: B texts or questions, C classes, N tokens of a passage, W tokens of it in a window.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from albert_tf.preprocessing import AlbertPreprocessor, graph_tokenizer
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import Task
from albert_tf.text.tokenizer import Tokenizer

# What Python calls white space, which no answer begins with.
_LEADING_SPACE = r"^[\t-\r\x{1c}-\x{20}\x{85}\p{Z}]+"


class TextServer(tf.Module):
    """A graph, `serve`, from strings [B] by name to outputs by name."""

    serve: tf.types.experimental.PolymorphicFunction

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self.weights = [variable.value for variable in model.variables]
        self._model = model


class ClassificationServer(TextServer):
    """Text to labels.

    Inputs: `text`, and `pair` for a task of pairs, strings [B].

    Outputs: `label`, strings [B], and `probabilities`, float32 [B, C] in the order of the
    task's labels.
    """

    def __init__(self, model: keras.Model, tokenizer: Tokenizer, task: ClassificationTask) -> None:
        super().__init__(model)
        self._preprocessor = AlbertPreprocessor(tokenizer, task.sequence_length)
        self.tokenizer = self._preprocessor.graph_tokenizer
        self._labels = task.labels
        names = ("text", "pair") if task.pair_column else ("text",)
        self.serve = tf.function(
            self._serve, [tf.TensorSpec([None], tf.string, name=name) for name in names]
        )

    def _serve(self, text: tf.Tensor, pair: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        inputs = self._preprocessor(text if pair is None else (text, pair), y=None)
        logits = self._model(inputs, training=False)["logits"]
        return {
            "label": tf.gather(tf.constant(self._labels), tf.argmax(logits, -1)),
            "probabilities": tf.nn.softmax(logits),
        }


class AnswerServer(TextServer):
    """Questions on passages of any length to words of the passages.

    Inputs: `question` and `context`, strings [B].

    Outputs: `answer`, strings [B]; `start` and `end`, int32 [B], its first and past-the-last
    character in the passage; `score`, float32 [B]. Of an empty passage the answer is empty.

    Windows are read one at a time, as `QuestionAnsweringTask.predict` reads them. Its answers
    are the same but for one thing: where an answer begins or ends within a character that
    SentencePiece's cleaning spells as several, such as \u00bd, that character may be cut off.
    """

    def __init__(
        self, model: keras.Model, tokenizer: Tokenizer, task: QuestionAnsweringTask
    ) -> None:
        super().__init__(model)
        self.tokenizer = graph_tokenizer(tokenizer)
        self._special, self._task = tokenizer.special, task
        names = ("question", "context")
        self.serve = tf.function(
            self._serve, [tf.TensorSpec([None], tf.string, name=name) for name in names]
        )

    def _serve(self, question: tf.Tensor, context: tf.Tensor) -> dict[str, tf.Tensor]:
        questions = self.tokenizer.tokenize(question)[:, : self._task.max_query_length]
        contexts, *spans = self.tokenizer.tokenize_with_offsets(context)
        first_bytes, last_bytes = (tf.cast(places, tf.int32) for places in spans)

        def answer(window: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, ...]:
            row, begin = window
            if tf.size(contexts[row]) == 0:
                return 0.0, 0, 0
            score, first, last = self._answer(questions[row], contexts[row], begin)
            return score, first_bytes[row][first], last_bytes[row][last]

        rows, begins = self._windows(questions, contexts)
        signature = (tf.float32, tf.int32, tf.int32)
        found = tf.map_fn(answer, (rows, begins), fn_output_signature=signature)
        scores = tf.RaggedTensor.from_value_rowids(found[0], rows, tf.size(question, rows.dtype))
        best = scores.row_starts() + tf.argmax(scores.to_tensor(-np.inf), axis=1)
        score, first, last = (tf.gather(values, best) for values in found)
        words = tf.strings.substr(context, first, last - first)
        answers = tf.strings.regex_replace(words, _LEADING_SPACE, "", replace_global=False)
        first += tf.strings.length(words) - tf.strings.length(answers)
        start, end = (
            tf.strings.length(
                tf.strings.substr(context, tf.zeros_like(place), place), unit="UTF8_CHAR"
            )
            for place in (first, last)
        )
        return {"answer": answers, "start": start, "end": end, "score": score}

    def _windows(
        self, questions: tf.RaggedTensor, contexts: tf.RaggedTensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The row of each window and the token of its passage it begins with."""
        room = self._task.sequence_length - questions.row_lengths() - 3  # [B]
        step = tf.minimum(tf.cast(self._task.doc_stride, room.dtype), room)
        beyond = tf.maximum(contexts.row_lengths() - room, 0)
        numbers = tf.ragged.range(1 + (beyond + step - 1) // step)
        rows = numbers.value_rowids()
        return rows, numbers.flat_values * tf.gather(step, rows)

    def _answer(
        self, question: tf.Tensor, context: tf.Tensor, begin: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Score, first and last token of the best span of one window."""
        room = self._task.sequence_length - tf.size(question, begin.dtype) - 3
        passage = context[begin : begin + room]  # [W]
        head = tf.concat([[self._special.cls], question, [self._special.sep]], 0)
        tail = tf.concat([passage, [self._special.sep]], 0)
        token_ids = tf.concat([head, tail], 0)[None]
        inputs = {
            "token_ids": token_ids,
            "segment_ids": tf.concat([tf.zeros_like(head), tf.ones_like(tail)], 0)[None],
            "padding_mask": tf.ones_like(token_ids),
        }
        logits = self._model(inputs, training=False)
        start, end = (logits[name][0, tf.size(head) : -1] for name in ("start", "end"))  # [W]
        scores = start[:, None] + end[None, :]  # [W, W]
        width = tf.size(passage, begin.dtype)
        length = tf.range(1, width + 1)[None, :] - tf.range(width)[:, None]  # [W, W]
        allowed = (length >= 1) & (length <= self._task.max_answer_length)
        scores = tf.reshape(tf.where(allowed, scores, -np.inf), [-1])
        best = tf.argmax(scores, output_type=begin.dtype)
        return scores[best], begin + best // width, begin + best % width


def server(model: keras.Model, tokenizer: Tokenizer, task: Task) -> TextServer:
    """The graph that answers as the task does."""
    if isinstance(task, ClassificationTask):
        return ClassificationServer(model, tokenizer, task)
    if isinstance(task, QuestionAnsweringTask):
        return AnswerServer(model, tokenizer, task)
    raise TypeError(f"no graph answers raw text for the task {task.name}.")
