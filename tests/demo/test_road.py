"""The demo keeps its promises on a fresh world."""

import json
from pathlib import Path

import pytest

from albert_tf.demo.road import travel
from albert_tf.tasks.squad import QuestionAnsweringTask


@pytest.mark.slow
@pytest.mark.long
def test_the_demo_reaches_its_bars(tmp_path: Path) -> None:
    journey = travel(tmp_path / "demo", progress=False)
    world = tmp_path / "demo" / "world"
    report = json.loads((tmp_path / "demo" / "report.json").read_text())
    assert report == journey.report
    assert report["sop_accuracy"] >= 90
    assert report["exact_match_keras"] >= 90
    assert report["exact_match_int8"] >= 90
    assert report["exact_match_float"] == report["exact_match_keras"]
    assert abs(report["exact_match_int8"] - report["exact_match_float"]) <= 1
    assert report["int8_bytes"] < report["float_bytes"]
    assert report["time_of_day_keras"] >= 95
    assert abs(report["time_of_day_int8"] - report["time_of_day_keras"]) <= 0.5
    assert journey.plot.read_bytes().startswith(b"\x89PNG")
    assert len(journey.answers) == 9
    wrong = [(e.question, answer) for e, answer in journey.answers if answer != e.answers[0]]
    assert len(wrong) <= 1, wrong
    read = {
        name: {example.context for example in QuestionAnsweringTask().read(world / f"{name}.json")}
        for name in ("train", "validation", "held_out")
    }
    assert [len(read["validation"]), len(read["held_out"])] == [22, 150]
    assert not read["held_out"] & (read["train"] | read["validation"])


def test_a_folder_of_something_else_is_never_cleared(tmp_path: Path) -> None:
    (tmp_path / "world").mkdir()
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="something other than a demo"):
        travel(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_a_folder_of_models_is_no_demo(tmp_path: Path) -> None:
    """Whose names are those that the help suggests, and the demo's too."""
    for name in ("pretrained", "classifier", "classifier-int8"):
        (tmp_path / name).mkdir()
    with pytest.raises(FileExistsError, match="something other than a demo"):
        travel(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
