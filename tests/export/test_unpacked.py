"""Products of one row stay out of XNNPACK's reach, and answer as before."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from albert_tf.config import AlbertConfig
from albert_tf.export.convert import convert
from albert_tf.export.heads import ClassifierHead, EmbeddingHead, Head
from albert_tf.export.parsed import parse
from albert_tf.export.quantize import quantize
from albert_tf.export.signature import Form, build_signature
from albert_tf.export.unpacked import leave_unpacked
from albert_tf.export.verify import random_inputs
from albert_tf.models.backbone import AlbertBackbone
from albert_tf.models.classifier import AlbertTextClassifier
from albert_tf.models.question_answerer import AlbertQuestionAnswerer
from albert_tf.runtime.engine import Engine
from tests.conftest import TINY
from tests.export.test_centering import WIDE

NAME = b"VALIDATION:"
# Of [CLS] in the last application: query, output of attention, feed-forward twice. And the head's.
MOVED = 4 + 2


def classifier(recipe: str, form: Form | None = None) -> bytes:
    model = ClassifierHead(AlbertTextClassifier(AlbertBackbone(WIDE), 3))
    return quantize(convert(build_signature(model, form or Form())), recipe)


def subgraphs(model: bytes) -> list[bytes]:
    return [graph.name for graph in parse(model).subgraphs]


@pytest.mark.parametrize(
    ("recipe", "moved"),
    [
        ("dynamic_wi8_afp32", MOVED),
        # The output of attention alone has 8 bits.
        pytest.param("dynamic_wi4b32_afp32", 1, marks=pytest.mark.slow),
        pytest.param("compat", MOVED, marks=pytest.mark.slow),
    ],
)
def test_products_of_one_row_are_moved_and_answer_as_before(recipe: str, moved: int) -> None:
    before = classifier(recipe)
    after = leave_unpacked(before)
    assert not any(name.startswith(NAME) for name in subgraphs(before))
    assert sum(name.startswith(NAME) for name in subgraphs(after)) == moved
    # What they say of their weights, a scale for each row, is said once.
    main, *others = parse(after).subgraphs
    weights = {graph.tensors[1].name for graph in others if graph.name.startswith(NAME)}
    assert len(weights) == moved
    assert not weights & {tensor.name for tensor in main.tensors}
    engines = Engine(before), Engine(after)
    rng = np.random.default_rng(0)
    other = random_inputs((1, 9), TINY, rng)[0]
    for length in (1, 7, 64, 7):
        for batch in random_inputs((1, length), TINY, rng):
            expected, found = (engine.run(batch)["probabilities"] for engine in engines)
            # A row is rounded to 8 bits, by one kernel and by another.
            np.testing.assert_allclose(found, expected, atol=2e-3)
    # The control: another input is further away than rounding.
    far = engines[1].run(other)["probabilities"]
    assert np.abs(far - expected).max() > 1e-2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "form", "moved"),
    [
        pytest.param(ClassifierHead, Form(sequence_length=17), MOVED, id="fixed"),
        pytest.param(EmbeddingHead, Form(), 1, id="pooler"),
    ],
)
def test_other_forms_and_heads_have_products_of_one_row(
    head: type[Head], form: Form, moved: int
) -> None:
    model = head(AlbertTextClassifier(AlbertBackbone(TINY), 3))
    content = quantize(convert(build_signature(model, form)), "dynamic_wi8_afp32")
    assert sum(name.startswith(NAME) for name in subgraphs(leave_unpacked(content))) == moved


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(lambda: classifier("float32"), id="float"),
        pytest.param(lambda: classifier("float16"), id="float16", marks=pytest.mark.slow),
        pytest.param(
            lambda: classifier("weight_only_wi8_afp32"), id="weight_only", marks=pytest.mark.slow
        ),
        pytest.param(
            lambda: classifier("dynamic_wi8_afp32", Form(batch=2)),
            id="batch",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            lambda: quantize(
                convert(build_signature(Head(AlbertQuestionAnswerer(AlbertBackbone(TINY))))),
                "dynamic_wi8_afp32",
            ),
            id="all_rows",
        ),
    ],
)
def test_other_products_stay_where_they_are(model: Callable[[], bytes]) -> None:
    content = model()
    assert leave_unpacked(content) == content


ANSWER = """
import sys
from pathlib import Path
import numpy as np
from albert_tf.runtime.engine import Engine
engine = Engine(Path(sys.argv[1]).read_bytes())
row = np.ones((1, 8), np.int32)
engine.run(dict.fromkeys(("token_ids", "segment_ids", "padding_mask"), row))
(line,) = [l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("RssAnon")]
print(int(line.split()[1]) / 1000)
"""


def memory(content: bytes, path: Path) -> float:
    """MB that are no file's, after one answer in a process of its own."""
    path.write_bytes(content)
    command = [sys.executable, "-c", ANSWER, str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.slow
def test_their_weights_are_not_copied(tmp_path: Path) -> None:
    config = AlbertConfig.named("albert_base", vocab_size=100)
    model = ClassifierHead(AlbertTextClassifier(AlbertBackbone(config), 2))
    before = quantize(convert(build_signature(model)), "dynamic_wi8_afp32")
    after = leave_unpacked(before)
    # The control: by another name they are handed to XNNPACK.
    handed = after.replace(NAME, b"validation:")
    path = tmp_path / "model.tflite"
    packed, again, spared = (memory(content, path) for content in (before, handed, after))
    assert packed - spared > 4  # MB; the weights have 6.5
    assert again - spared > 4
