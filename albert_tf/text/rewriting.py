"""Joins a rewriting of characters and a table of rewriting rules into one table.

normalization  ->  [rewriting.compose]  ->  normalization

SentencePiece rewrites text in one pass: at each place the longest rule that fits is
applied and skipped. Two passes, one after the other, are therefore not one table by
themselves: a rule of the second may span what several rules of the first wrote.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import accumulate

Rules = Mapping[str, str]


class _LongestMatch:
    """One pass of rules over text that arrives in parts."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._open = {prefix for key in rules for prefix in accumulate(key[:-1])}
        self._longest = max(map(len, rules), default=1)
        followers: defaultdict[str, set[str]] = defaultdict(set)
        for key in self._open | rules.keys():
            followers[key[:-1]].add(key[-1])
        self._followers = dict(followers)

    def feed(self, text: str) -> tuple[str, str, set[int]]:
        """What is written, what may still grow at the end, and where matches begin."""
        written: list[str] = []
        starts = {0}
        place = 0
        while place < len(text) and text[place:] not in self._open:
            replacement, length = self._match(text, place)
            written.append(replacement)
            place += length
            starts.add(place)
        return "".join(written), text[place:], starts

    def finish(self, text: str) -> str:
        """What is written if nothing follows."""
        written: list[str] = []
        place = 0
        while place < len(text):
            replacement, length = self._match(text, place)
            written.append(replacement)
            place += length
        return "".join(written)

    def _match(self, text: str, place: int) -> tuple[str, int]:
        for length in range(min(self._longest, len(text) - place), 0, -1):
            key = text[place : place + length]
            if key in self._rules:
                return self._rules[key], length
        return text[place], 1

    def followers(self, text: str) -> set[str]:
        """First characters that may join with the end of `text`."""
        suffixes = (text[start:] for start in range(len(text)))
        return set().union(*(self._followers.get(suffix, set()) for suffix in suffixes))


def compose(first: Rules, second: Rules) -> dict[str, str]:
    """Finds the rules that do in one pass what `first` and then `second` do in two.

    Args:
        first: What single characters (or a few sequences) become; others stay.
        second: Longest match first, as SentencePiece applies its own.

    Returns:
        Rules for one pass; a character without one stays. They are exact unless `first`
        deletes a character between two that `second` joins.

    >>> sorted(compose({"E": "e"}, {"e!": "i"}).items())
    [('E', 'e'), ('E!', 'i'), ('e!', 'i')]
    """
    matcher = _LongestMatch(second)
    units = {**{letter: letter for key in second for letter in key}, **first}
    starting: defaultdict[str, list[str]] = defaultdict(list)
    for unit, image in units.items():
        starting[image[:1]].append(unit)
    longest = max(map(len, second), default=1)
    rules: dict[str, str] = {}
    # Each entry: the text read, what was written for it, what may still grow.
    pending = [(unit, *matcher.feed(image)[:2]) for unit, image in units.items()]
    while pending:
        source, written, tail = pending.pop()
        # A sequence that stays needs its rule: it keeps shorter ones out.
        if (image := written + matcher.finish(tail)) != source or len(source) > 1:
            rules[source] = image
        if not tail or len(source) > longest + 1:
            continue
        for follower in matcher.followers(tail):
            for unit in starting[follower]:
                more, new_tail, starts = matcher.feed(tail + units[unit])
                if len(tail) not in starts:
                    pending.append((source + unit, written + more, new_tail))
    return rules
