"""A little world of people, places and things, told as stories with questions.

[world.tell_story]  ->  corpus, passages, questions and labelled sentences of the demo

A story is one day. Somebody finds a thing at dawn, gives it to a friend at noon, the
friend takes it away at dusk, and somebody sleeps at night. Time runs forward and pronouns
point back, so the order of the sentences matters; every question is answered by words
of its passage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_PRONOUNS = {"she": "her", "he": "him"}
_NAMES = {
    "she": ("Mina", "Clara", "Edith", "Sofia", "Nora", "Ruth", "Tessa", "Wanda"),
    "he": ("Ravi", "Oscar", "Jonas", "Pavel", "Hugo", "Emil", "Victor", "Leon"),
}
_PLACES = (
    "kitchen", "garden", "library", "harbour", "market", "tower", "forest", "museum",
    "station", "cellar", "bakery", "castle", "stable", "chapel", "orchard", "theatre",
)  # fmt: skip
_COLOURS = ("red", "blue", "green", "yellow", "silver", "black", "white", "purple")
_THINGS = (
    "lamp", "book", "key", "drum", "coat", "clock", "kite", "basket",
    "letter", "mirror", "flute", "hammer", "ribbon", "bottle", "violin", "map",
)  # fmt: skip
_TIMES = ("dawn", "dawn", "noon", "noon", "dusk", "night")  # of the sentences of a story
_WEATHER = ("It was warm.", "It rained.", "The wind was cold.", "The sky was clear.")


@dataclass(frozen=True)
class Question:
    """A question and the words of the passage that answer it."""

    text: str
    answer: str
    answer_start: int  # character of the passage


@dataclass(frozen=True)
class Story:
    """A passage, sentence by sentence, and what can be asked about it."""

    sentences: list[str]
    passage: str  # the sentences as running text
    questions: list[Question]
    times: list[tuple[str, str]]  # sentences that tell of a time of day, and the time


def tell_story(rng: np.random.Generator) -> Story:
    """Makes up one day.

    Args:
        rng: The only source of chance; the same state tells the same story.

    >>> story = tell_story(np.random.default_rng(5))
    >>> all(question.answer in story.passage for question in story.questions)
    True
    """

    def pick(choices: tuple[str, ...]) -> str:
        return choices[int(rng.integers(len(choices)))]

    pronouns = [str(pronoun) for pronoun in rng.permutation(list(_PRONOUNS))]
    finder, friend = (pick(_NAMES[pronoun]) for pronoun in pronouns)
    dawn, noon, dusk, night = (str(place) for place in rng.choice(_PLACES, 4, replace=False))
    thing, colour = pick(_THINGS), pick(_COLOURS)
    sleeper = pick((finder, friend))
    subject = pronouns[0]
    object_ = _PRONOUNS[subject]

    sentences = [
        f"At dawn {finder} {pick(('was', 'woke up', 'sat'))} in the {dawn}.",
        f"There {subject} {pick(('found', 'saw', 'discovered'))} a {colour} {thing}.",
        f"At noon {subject} {pick(('went', 'walked', 'hurried'))} to the {noon}.",
        f"{friend} {pick(('met', 'saw'))} {object_} and {pick(('got', 'bought'))} the {thing}.",
        f"At dusk {pronouns[1]} {pick(('took', 'carried', 'brought'))} it to the {dusk}.",
        f"At night {sleeper} {pick(('slept', 'rested', 'dreamed'))} in the {night}.",
    ]
    times = list(zip(sentences, _TIMES, strict=True))
    if rng.random() < 0.5:
        sentences.insert(int(rng.integers(1, len(sentences))), pick(_WEATHER))
    passage = " ".join(sentences)

    def ask(text: str, answer: str, time: str = "At dawn") -> Question:
        return Question(text, answer, passage.index(f" {answer}", passage.index(time)) + 1)

    questions = [
        ask(f"Where was {finder} at dawn?", dawn),
        ask(f"What did {finder} find?", f"{colour} {thing}"),
        ask(f"What colour was the {thing}?", colour),
        ask(f"Who found the {thing}?", finder),
        ask(f"Where did {finder} go at noon?", noon),
        ask(f"Who got the {thing} from {finder}?", friend),
        ask(f"Where was the {thing} at dusk?", dusk),
        ask("Who slept at night?", sleeper, "At night"),
        ask(f"Where was {sleeper} at night?", night, "At night"),
    ]
    return Story(sentences, passage, questions, times)
