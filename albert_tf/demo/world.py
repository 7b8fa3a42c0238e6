"""A little world of people, places and things, told as stories with questions.

[world.tell_story]  ->  corpus, passages and questions of the demo

Two people wake up, each in a place, find a thing, carry it elsewhere and may hand it
over. Time runs from morning to night and pronouns point back, so the order of the
sentences matters; every question is answered by words of its passage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SHE = ("Mina", "Clara", "Edith", "Sofia", "Nora", "Ruth", "Tessa", "Wanda")
_HE = ("Ravi", "Oscar", "Jonas", "Pavel", "Hugo", "Emil", "Victor", "Leon")
_PLACES = (
    "kitchen", "garden", "library", "harbour", "market", "tower", "forest", "museum",
    "station", "cellar", "bakery", "castle", "stable", "chapel", "orchard", "theatre",
)  # fmt: skip
_COLOURS = ("red", "blue", "green", "yellow", "silver", "black", "white", "purple")
_THINGS = (
    "lamp", "book", "key", "drum", "coat", "clock", "kite", "basket",
    "letter", "mirror", "flute", "hammer", "ribbon", "bottle", "violin", "map",
)  # fmt: skip
_DAWN = ("At dawn", "One morning")
_LATER = ("Later", "At noon", "In the evening")
_FIND = ("found", "saw")
_CARRY = ("took", "carried", "brought")


@dataclass(frozen=True)
class Question:
    """A question and the words of the passage that answer it."""

    text: str
    answer: str


@dataclass(frozen=True)
class Story:
    """A passage, sentence by sentence, and what can be asked about it."""

    sentences: list[str]
    recap: list[str]  # sentences that repeat some of it; part of the corpus, not the passage
    questions: list[Question]

    @property
    def passage(self) -> str:
        """The sentences as running text."""
        return " ".join(self.sentences)


@dataclass(frozen=True)
class _Person:
    name: str
    pronoun: str  # "she" or "he"
    home: str  # where the day begins
    goal: str  # where it ends
    colour: str
    thing: str


def tell_story(rng: np.random.Generator) -> Story:
    """Makes up one day of two people.

    Args:
        rng: The only source of chance; the same state tells the same story.

    >>> story = tell_story(np.random.default_rng(5))
    >>> all(question.answer in story.passage for question in story.questions)
    True
    """
    first, second = _draw_people(rng)
    sentences = [
        f"{_pick(rng, _DAWN)} {first.name} was in the {first.home}.",
        f"There {first.pronoun} {_pick(rng, _FIND)} a {first.colour} {first.thing}.",
        f"Meanwhile {second.name} was in the {second.home}.",
        f"{second.pronoun.capitalize()} {_pick(rng, _FIND)} a {second.colour} {second.thing}.",
        f"{_pick(rng, _LATER)} {first.name} {_pick(rng, _CARRY)} the {first.thing} "
        f"to the {first.goal}.",
        f"At night {second.name} {_pick(rng, _CARRY)} the {second.thing} to the {second.goal}.",
    ]
    return Story(sentences, recap=_recap(rng, first, second), questions=_ask(first) + _ask(second))


def _draw_people(rng: np.random.Generator) -> tuple[_Person, _Person]:
    """One woman and one man, in either order, who share neither place nor thing."""
    places = rng.choice(_PLACES, 4, replace=False)
    things = rng.choice(_THINGS, 2, replace=False)
    names = [(str(rng.choice(_SHE)), "she"), (str(rng.choice(_HE)), "he")]
    people = [
        _Person(
            name=name,
            pronoun=pronoun,
            home=str(places[2 * i]),
            goal=str(places[2 * i + 1]),
            colour=str(rng.choice(_COLOURS)),
            thing=str(things[i]),
        )
        for i, (name, pronoun) in enumerate(names)
    ]
    if rng.random() < 0.5:
        people.reverse()
    return people[0], people[1]


def _recap(rng: np.random.Generator, *people: _Person) -> list[str]:
    """Says again, in other words, what happened to each."""
    return [
        _pick(rng, (
            f"So {person.name} had a {person.colour} {person.thing}.",
            f"So the {person.thing} of {person.name} was {person.colour}.",
            f"So {person.name} went from the {person.home} to the {person.goal}.",
            f"So the {person.thing} left the {person.home} for the {person.goal}.",
            f"So the {person.thing} in the {person.goal} was that of {person.name}.",
        ))
        for person in people
    ]  # fmt: skip


def _ask(person: _Person) -> list[Question]:
    return [
        Question(f"Where was {person.name} first?", person.home),
        Question(f"What did {person.name} find?", f"{person.colour} {person.thing}"),
        Question(f"What colour was the {person.thing}?", person.colour),
        Question(f"Where did {person.name} go?", person.goal),
        Question(f"Where did the {person.thing} go?", person.goal),
        Question(f"Who had the {person.thing}?", person.name),
    ]


def _pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]
