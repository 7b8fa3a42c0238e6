"""What an export is and how good it is, to be read by people and by programs.

bundle  ->  [report.write_report]  ->  report.json, report.md, report.png
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from albert_tf.export.drop import Drop
from albert_tf.json_file import write_json_object
from albert_tf.runtime.contract import Contract

REPORT_FILES = ("report.json", "report.md", "report.png")


@dataclass(frozen=True)
class Report:
    """What was measured of an export."""

    contract: Contract
    float_bytes: int
    drop: Drop | None  # None where no examples were given
    latency_ms: dict[int, float]  # median of one answer by tokens of the input, on this machine
    errors_by_depth: Sequence[float]  # as depth_error.errors_by_depth


def write_report(report: Report, directory: Path) -> None:
    """Writes the report into an export as JSON, Markdown and PNG."""
    values = {
        "created_by": report.contract.created_by,
        "recipe": report.contract.recipe,
        "files": [
            asdict(record) for record in (report.contract.model, *report.contract.vocabulary)
        ],
        "float_bytes": report.float_bytes,
        "parity": report.contract.parity,
        "score": None
        if report.drop is None
        else {**asdict(report.drop), "drop": report.drop.points},
        "latency_ms": report.latency_ms,
        "error_by_depth": list(report.errors_by_depth),
    }
    json_file, markdown, picture = (directory / name for name in REPORT_FILES)
    write_json_object(json_file, values)
    markdown.write_text(_markdown(report, picture.name), encoding="utf-8")
    _draw(report, picture)


def _markdown(report: Report, picture: str) -> str:
    contract, drop = report.contract, report.drop
    rows = [
        ("recipe", contract.recipe),
        ("made by", contract.created_by),
        ("largest difference of the float file from Keras", f"{contract.parity:.1e}"),
        ("bytes", f"{contract.model.bytes:,} ({report.float_bytes:,} in float)"),
    ]
    if drop is None:
        rows.append(("score", "not measured: no examples were given"))
    else:
        shown = f"{drop.exported:.2f} (float {drop.whole:.2f}) on {drop.examples:,} examples"
        rows += [(drop.metric, shown), ("points that it might lose", f"{drop.accepted:g}")]
    rows += [
        (f"call with {length} tokens", f"{median:.1f} ms here, two threads")
        for length, median in report.latency_ms.items()
    ]
    if report.errors_by_depth:
        rows.append((
            "error of the last hidden states of the body, as a loop",
            f"{report.errors_by_depth[-1]:.2%}",
        ))
    table = "".join(f"| {name} | {value} |\n" for name, value in rows)
    files = "".join(
        f"| {record.name} | {record.bytes:,} | {record.sha256} |\n"
        for record in (contract.model, *contract.vocabulary)
    )
    return (
        f"# {contract.task['task']}, {contract.recipe}\n\n| | |\n| --- | --- |\n{table}"
        f"\n| file | bytes | sha256 |\n| --- | --- | --- |\n{files}"
        f"\n![error by depth and time by length]({picture})\n"
    )


def _draw(report: Report, path: Path) -> None:
    shown = [_draw_times, _draw_errors] if report.errors_by_depth else [_draw_times]
    figure = Figure(figsize=(4.5 * len(shown), 3.5), layout="constrained")
    for draw, axes in zip(shown, figure.subplots(1, len(shown), squeeze=False)[0], strict=True):
        draw(report, axes)
    figure.suptitle(report.contract.recipe)
    figure.savefig(path, dpi=100)


def _draw_times(report: Report, axes: Axes) -> None:
    axes.bar(list(map(str, report.latency_ms)), list(report.latency_ms.values()))
    axes.set(xlabel="tokens", ylabel="milliseconds, this machine")


def _draw_errors(report: Report, axes: Axes) -> None:
    depths = range(1, 1 + len(report.errors_by_depth))
    axes.plot(depths, [100 * error for error in report.errors_by_depth], "o-")
    axes.set(xlabel="applications of the layer", ylabel="error of hidden states, %")
    axes.set_ylim(bottom=0)
