"""One engine in a process of its own: loads a classifier's file, answers, and says what it took.

    python benchmarks/on_device_contestants.py litert model.tflite questions.npz 128 24 384

The first number is the length at which loading and memory are measured. It also makes the files
of the peers (`make`), each in the environment of its library. Nothing of albert_tf is imported.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

THREADS = 2
ANSWERS = 20  # of which the median is taken
Inputs = dict[str, np.ndarray]  # token_ids, segment_ids, padding_mask: int32 [1, T]
Run = Callable[[Inputs], np.ndarray]  # to logits or probabilities [C]


def litert() -> Callable[[str], Run]:
    """LiteRT, or what it was called before."""
    from ai_edge_litert.interpreter import Interpreter

    def load(path: str) -> Run:
        interpreter = Interpreter(path, num_threads=THREADS)
        (name,) = interpreter.get_signature_list()
        runner = interpreter.get_signature_runner(name)
        details = runner.get_input_details()
        fixed = details["token_ids"]["shape_signature"][1]

        def run(inputs: Inputs) -> np.ndarray:
            if fixed > 0:
                room = fixed - inputs["token_ids"].shape[1]
                inputs = {key: np.pad(rows, ((0, 0), (0, room))) for key, rows in inputs.items()}
            typed = {key: inputs[key].astype(details[key]["dtype"]) for key in details}
            (output,) = runner(**typed).values()
            return output[0]

        return run

    return load


def compiled() -> Callable[[str], Run]:
    """LiteRT's newer API, told to pack a weight once for all the products that it is in."""
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.options import CpuOptions, Options

    packed_once = CpuOptions(num_threads=THREADS, xnnpack_weight_cache_path=":memory")

    def load(path: str) -> Run:
        model = CompiledModel.from_file(path, options=Options(cpu_options=packed_once))
        (signature,) = model.get_signature_list()
        ((answer, details),) = model.get_output_tensor_details(signature).items()
        output = model.create_output_buffer_by_name(signature, answer)

        def run(inputs: Inputs) -> np.ndarray:
            buffers = {}
            for name, rows in inputs.items():
                model.resize_input_tensor_by_name(signature, name, rows.shape)
                buffers[name] = model.create_input_buffer_by_name(signature, name)
                buffers[name].write(rows)
            model.run_by_name(signature, buffers, {answer: output})
            return output.read(details["shape"][-1], np.float32)

        return run

    return load


def onnx() -> Callable[[str], Run]:
    """ONNX Runtime."""
    import onnxruntime

    def load(path: str) -> Run:
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])

        def run(inputs: Inputs) -> np.ndarray:
            named = {
                "input_ids": inputs["token_ids"].astype(np.int64),
                "attention_mask": inputs["padding_mask"].astype(np.int64),
                "token_type_ids": inputs["segment_ids"].astype(np.int64),
            }
            return session.run(None, named)[0][0]

        return run

    return load


def torch() -> Callable[[str], Run]:
    """PyTorch as it is called, through transformers."""
    import torch
    from transformers import AlbertForSequenceClassification

    torch.set_num_threads(THREADS)

    def load(path: str) -> Run:
        model = AlbertForSequenceClassification.from_pretrained(path).eval()

        def run(inputs: Inputs) -> np.ndarray:
            ids, segments, mask = (
                torch.from_numpy(inputs[name]).long()
                for name in ("token_ids", "segment_ids", "padding_mask")
            )
            with torch.inference_mode():
                answer = model(input_ids=ids, token_type_ids=segments, attention_mask=mask)
            return answer.logits[0].numpy()

        return run

    return load


ENGINES = {"litert": litert, "compiled": compiled, "onnx": onnx, "torch": torch}


def make_onnx(folder: str, target: str) -> None:
    """A float ONNX file of a Hugging Face folder, of any length."""
    import torch
    from transformers import AlbertForSequenceClassification

    model = AlbertForSequenceClassification.from_pretrained(folder, attn_implementation="eager")
    names = ["input_ids", "attention_mask", "token_type_ids"]
    example = torch.ones((1, 16), dtype=torch.int64)
    torch.onnx.export(
        model.eval(), (example, example, example), target, dynamo=False, opset_version=17,
        input_names=names, output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "length"} for name in names},
    )  # fmt: skip


def make_int8_onnx(source: str, target: str) -> None:
    """The same with 8-bit weights, as ONNX Runtime's own quantizer makes it."""
    from onnxruntime.quantization import quantize_dynamic

    quantize_dynamic(source, target)


def make_keras_hub(folder: str, target: str) -> None:
    """A LiteRT file as KerasHub's own classifier exports it."""
    import keras_hub

    model = keras_hub.models.AlbertTextClassifier.from_preset(folder, preprocessor=None)
    model.export(target, format="litert")


MAKERS = {"onnx": make_onnx, "int8_onnx": make_int8_onnx, "keras_hub": make_keras_hub}


def memory(field: str) -> float:
    """MB of this process: resident now (VmRSS), or at most since the peak was forgotten (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(field))
    return int(line.split()[1]) / 1024


def full(length: int) -> Inputs:
    """An input without padding."""
    ids = np.random.default_rng(length).integers(5, 1000, (1, length)).astype(np.int32)
    return {
        "token_ids": ids,
        "segment_ids": np.zeros_like(ids),
        "padding_mask": np.ones_like(ids),
    }


def read(path: str) -> list[Inputs]:
    """The inputs that on_device.py wrote, one after the other."""
    stored = np.load(path)
    ends = np.cumsum(stored["lengths"])
    found = []
    for start, end in zip(ends - stored["lengths"], ends, strict=True):
        rows = {name: stored[name][None, start:end] for name in ("token_ids", "segment_ids")}
        found.append({**rows, "padding_mask": np.ones_like(rows["token_ids"])})
    return found


def latency(run: Run, length: int) -> float:
    """Milliseconds of one answer, after three that are not counted."""
    inputs = full(length)
    for _ in range(3):
        run(inputs)
    times = []
    for _ in range(ANSWERS):
        began = time.perf_counter()
        run(inputs)
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def measure(engine: str, path: str, questions: str, lengths: list[int]) -> dict[str, Any]:
    """Loads and answers; memory is above that of a process with the library and an input."""
    load = ENGINES[engine]()
    begin = full(lengths[0])  # numpy loads its random numbers, 4 MB, which are not the engine's
    idle = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
    began = time.perf_counter()
    run = load(path)
    loaded = time.perf_counter() - began
    run(begin)
    first = time.perf_counter() - began
    times = {lengths[0]: latency(run, lengths[0])}
    peak = memory("VmHWM") - idle
    times |= {length: latency(run, length) for length in lengths[1:]}
    answers = [run(question).tolist() for question in read(questions)]
    return {
        "idle_mb": idle, "load_ms": 1000 * loaded, "first_ms": 1000 * first, "peak_mb": peak,
        "latency_ms": times, "answers": answers,
        "whole_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def main() -> None:
    """Makes a file, or measures one and prints what it found as JSON."""
    kind, *rest = sys.argv[1:]
    if kind == "make":
        name, source, target = rest
        MAKERS[name](source, target)
        return
    path, questions, *lengths = rest
    print(json.dumps(measure(kind, path, questions, [int(length) for length in lengths])))


if __name__ == "__main__":
    main()
