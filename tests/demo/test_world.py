"""Stories repeat from a seed, and every question is answered in its passage."""

import re

import numpy as np

from albert_tf.demo.world import tell_story


def test_the_same_seed_tells_the_same_story() -> None:
    first, second, other = (tell_story(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_answers_are_unambiguous_words_of_the_passage() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        story = tell_story(rng)
        assert story.sentences[0].startswith("At dawn")
        for question in story.questions:
            before, after = story.passage[: question.answer_start], question.answer
            assert before.endswith(" ")
            assert story.passage[len(before) :].startswith(after)
            assert story.passage[len(before) + len(after)] in " ."
        places = [q.answer for q in story.questions if q.text.startswith("Where")]
        assert len(set(places)) == 4


def test_the_answer_depends_on_more_than_its_place() -> None:
    rng = np.random.default_rng(0)
    stories = [tell_story(rng) for _ in range(300)]
    starts = {story.questions[6].answer_start for story in stories}
    assert len(starts) > 20


def test_sentences_are_labelled_with_their_time_and_weather_is_not() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        story = tell_story(rng)
        assert {time for _, time in story.times} == {"dawn", "noon", "dusk", "night"}
        weather = [line for line in story.sentences if line not in dict(story.times)]
        assert len(story.times) == 6
        assert all(re.match("It (was warm|rained)|The (wind|sky) was", line) for line in weather)
        for text, time in story.times:
            named = re.match("At (dawn|noon|dusk|night) ", text)
            assert named is None or named[1] == time
