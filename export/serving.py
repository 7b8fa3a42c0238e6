"""What a fine-tuned model answers to raw text, as one graph.

saved model  ->  [serving.server]  ->  saved_model

Shape letters: B texts or questions, C classes, N tokens of a passage, W tokens of it in a window.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from albert_tf.graph_text import graph_tokenizer
from albert_tf.preprocessing import AlbertPreprocessor
from albert_tf.tasks.classification import ClassificationTask
from albert_tf.tasks.squad import QuestionAnsweringTask
from albert_tf.tasks.task import Task
from albert_tf.text.tokenizer import Tokenizer

# What Python calls white space, which no answer begins or ends with.
_LEADING_SPACE, _TRAILING_SPACE = (
    pattern.format(r"[\t-\r\x{1c}-\x{20}\x{85}\p{Z}]+") for pattern in ("^{}", "{}$")
)


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
    In version 2 also `null_score_difference`, float32 [B]; where there is no answer it is empty.

    Windows are read one at a time, as `tasks.task.TaskModel` reads them. Its answers
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

        rows, begins = self._windows(questions, contexts)

        def answer(window: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, ...]:
            row, begin = window
            start, end = self._logits(questions[row], contexts[row], begin)  # [T]
            none = start[0] + end[0]
            if tf.size(contexts[row]) == 0:
                return none, 0.0, 0, 0
            offset = tf.size(questions[row], begin.dtype) + 2
            width = tf.size(start, begin.dtype) - offset - 1
            shown = begins[rows == row]  # [K]
            tokens = tf.size(contexts[row], begin.dtype)
            own = own_tokens(
                begin, width, shown, tf.minimum(shown + self._room(offset - 2), tokens)
            )
            score, first, last = self._best(start[offset:-1], end[offset:-1], own)
            return none, score, first_bytes[row][begin + first], last_bytes[row][begin + last]

        signature = (tf.float32, tf.float32, tf.int32, tf.int32)
        none, *found = tf.map_fn(answer, (rows, begins), fn_output_signature=signature)
        scores = tf.RaggedTensor.from_value_rowids(found[0], rows, tf.size(question, rows.dtype))
        best = scores.row_starts() + tf.argmax(scores.to_tensor(-np.inf), axis=1)
        score, first, last = (tf.gather(values, best) for values in found)
        answers = {"score": score}
        if self._task.version_2:
            none = tf.math.segment_min(none, rows)
            # In float64, as Python subtracts.
            difference = tf.cast(none, tf.float64) - tf.cast(score, tf.float64)
            absent = difference > self._task.null_threshold
            first, last = (tf.where(absent, 0, place) for place in (first, last))
            answers = {
                "score": tf.where(absent, none, score),
                "null_score_difference": tf.cast(difference, tf.float32),
            }
        return self._cut(context, first, last) | answers

    @staticmethod
    def _cut(context: tf.Tensor, first: tf.Tensor, last: tf.Tensor) -> dict[str, tf.Tensor]:
        """The words between two bytes of each passage, and their characters."""
        words = tf.strings.substr(context, first, last - first)
        answers = tf.strings.regex_replace(words, _LEADING_SPACE, "", replace_global=False)
        first += tf.strings.length(words) - tf.strings.length(answers)
        answers = tf.strings.regex_replace(answers, _TRAILING_SPACE, "", replace_global=False)
        last = first + tf.strings.length(answers)
        start, end = (
            tf.strings.length(
                tf.strings.substr(context, tf.zeros_like(place), place), unit="UTF8_CHAR"
            )
            for place in (first, last)
        )
        return {"answer": answers, "start": start, "end": end}

    def _windows(
        self, questions: tf.RaggedTensor, contexts: tf.RaggedTensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The row of each window and the token of its passage it begins with."""
        room = self._room(questions.row_lengths())  # [B]
        step = tf.minimum(tf.cast(self._task.doc_stride, room.dtype), room)
        beyond = tf.maximum(contexts.row_lengths() - room, 0)
        numbers = tf.ragged.range(1 + (beyond + step - 1) // step)
        rows = numbers.value_rowids()
        return rows, numbers.flat_values * tf.gather(step, rows)

    def _logits(
        self, question: tf.Tensor, context: tf.Tensor, begin: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Start and end logits of one window, each [T]."""
        room = self._room(tf.size(question, begin.dtype))
        head = tf.concat([[self._special.cls], question, [self._special.sep]], 0)
        tail = tf.concat([context[begin : begin + room], [self._special.sep]], 0)
        token_ids = tf.concat([head, tail], 0)[None]
        inputs = {
            "token_ids": token_ids,
            "segment_ids": tf.concat([tf.zeros_like(head), tf.ones_like(tail)], 0)[None],
            "padding_mask": tf.ones_like(token_ids),
        }
        logits = self._model(inputs, training=False)
        return logits["start"][0], logits["end"][0]

    def _best(
        self, start: tf.Tensor, end: tf.Tensor, own: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Score, first and last token of the best span that begins with one of its own."""
        width = tf.size(start, tf.int64)
        places = tf.range(width)  # [W]
        length = 1 + places[None, :] - places[:, None]  # [W, W]
        allowed = own[:, None] & (length >= 1) & (length <= self._task.max_answer_length)
        scores = tf.where(allowed, start[:, None] + end[None, :], -np.inf)
        scores = tf.reshape(scores, [-1])
        best = tf.argmax(scores)
        return scores[best], best // width, best % width

    def _room(self, question: tf.Tensor) -> tf.Tensor:
        """Tokens of the passage that fit beside so many of the question."""
        return self._task.sequence_length - question - 3


def own_tokens(begin: tf.Tensor, width: tf.Tensor, shown: tf.Tensor, past: tf.Tensor) -> tf.Tensor:
    """Whether each token of a window may begin an answer there, as `tasks.spans.stretches`.

    Args:
        begin: int64. First token of the window in the passage.
        width: int64. W.
        shown: int64 [K]. First token of every window.
        past: int64 [K]. Past the last token of every window.

    Returns:
        bool [W].
    """
    places = (begin + tf.range(width))[:, None]  # [W, 1]
    least = tf.minimum(places - shown, past - 1 - places)  # [W, K]
    context = tf.cast(least, tf.float64) + 0.01 * tf.cast(past - shown, tf.float64)
    context = tf.where(least < 0, tf.constant(-np.inf, tf.float64), context)
    mine = tf.boolean_mask(context, shown == begin, axis=1)  # [W, 1]
    behind = (context < mine) | ((context == mine) & (shown >= begin))
    return tf.reduce_all(behind, axis=1)


def server(model: keras.Model, tokenizer: Tokenizer, task: Task) -> TextServer:
    """The graph that answers as the task does.

    Raises:
        ValueError: there is none for the task.
    """
    if isinstance(task, ClassificationTask):
        return ClassificationServer(model, tokenizer, task)
    if isinstance(task, QuestionAnsweringTask):
        return AnswerServer(model, tokenizer, task)
    raise ValueError(
        f"a SavedModel answers {ClassificationTask.name} or {QuestionAnsweringTask.name}; got a "
        f"model for {task.name}. Export it as litert."
    )
