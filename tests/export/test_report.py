"""The report of an export says what was measured, and what was not."""

import json
from pathlib import Path

from albert_tf.export.drop import Drop
from albert_tf.export.report import REPORT_FILES, Report, write_report
from tests.runtime.test_contract import contract

DROP = Drop("accuracy", 90.0, 89.8, 500, accepted=0.3)


def test_measurements_are_written_for_people_and_programs(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"a file")
    known = contract(tmp_path)
    write_report(Report(known, 4321, DROP, {8: 1.5, 31: 4.25}, [0.01, 0.0225]), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"model.tflite", *REPORT_FILES}
    values = json.loads((tmp_path / "report.json").read_text())
    assert values["score"]["drop"] == DROP.points
    assert values["latency_ms"] == {"8": 1.5, "31": 4.25}
    assert values["error_by_depth"] == [0.01, 0.0225]
    assert values["files"][0]["sha256"] == known.model.sha256
    text = (tmp_path / "report.md").read_text()
    measured = ("89.80 (float 90.00) on 500 examples", "| 0.3 |", "4.2 ms", "2.25%")
    for shown in (*measured, "(4,321 in float)"):
        assert shown in text
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")


def test_what_was_not_measured_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"a file")
    write_report(Report(contract(tmp_path), 4321, None, {8: 1.5}, []), tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["score"] is None
    text = (tmp_path / "report.md").read_text()
    assert "not measured: no examples were given" in text
    assert "hidden states" not in text
