"""Packaging: what each part of the road needs, and nothing it does not.

Tool settings live in pyproject.toml; the exact versions CI runs in constraints.txt.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "albert_tf/version.py").read_text())[1]

EDGE = ["ai-edge-litert>=2.3,<3"]
EXAMPLES = ["matplotlib>=3.9,<4", "sentencex>=1.0.32,<2", "zstandard>=0.23,<1"]
TRAIN = [
    *EXAMPLES,
    "huggingface-hub>=1,<3",
    "kagglehub>=0.3,<2",
    "keras>=3.15,<4",
    "keras-hub>=0.32,<0.33",
    "safetensors>=0.5,<1",
    "scikit-learn>=1.5,<2",
    "scipy>=1.14,<2",
    "tensorboard>=2.20,<3",
    "tensorflow>=2.21,<2.22",
    "tensorflow-text>=2.21,<2.22",
]
EXPORT = [*TRAIN, *EDGE, "flatbuffers>=25.12,<26", "litert-quantizer>=0.11,<0.12"]
BEAM = [*EXAMPLES, "apache-beam>=2.77,<3"]
DEV = [
    *EXPORT,
    *BEAM,
    "import-linter>=2.5,<3",
    "jax>=0.7,<1",
    "mypy>=2.1,<3",
    "pre-commit>=4,<5",
    "pytest>=9,<10",
    "pytest-xdist>=3.8,<4",
    "ruff>=0.17,<0.18",
]

setup(
    name="albert_tf",
    version=VERSION,
    description="ALBERT in Keras: raw text in, answers from a LiteRT file out",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=find_packages(include=["albert_tf", "albert_tf.*"]),
    package_data={"albert_tf": ["py.typed", "training/recipes/*.toml"]},
    install_requires=["numpy>=2.1,<3", "sentencepiece>=0.2.3,<0.3", "tqdm>=4.66,<5"],
    extras_require={
        "examples": EXAMPLES,
        "train": TRAIN,
        "export": EXPORT,
        "edge": EDGE,
        "beam": BEAM,
        "dev": DEV,
    },
    entry_points={"console_scripts": ["albert-tf = albert_tf.cli:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Programming Language :: Python :: 3.11",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
)
