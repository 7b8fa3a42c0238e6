"""Packs the app with its models, with no part of the Android SDK.

mvn verify  ->  [make_apk.py]  ->  target/albert_tf.apk  ->  check_apk.py

Wants aapt, aapt2, zipalign and apksigner (Debian's packages aapt, zipalign, apksigner) and a JDK.
The key that signs is made on the spot and serves to install on one's own phone, nothing more.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE / "target"
APP = HERE.parents[1] / "app"
LINKED = HERE.parent / "app" / "target" / "generated"  # by aapt2
ASSETS = APP / "src" / "main" / "assets"
TASKS = ("question_answering", "classification")
ABIS = ("arm64-v8a", "x86_64")
MIN_SDK, TARGET_SDK = 24, 36
PAGE = 16 * 1024  # bytes; phones with pages of this size map libraries only where they begin one
_TOOLS = ("aapt", "zipalign", "apksigner", "java", "keytool")


def run(*command: str | Path) -> str:
    """Runs a tool and returns what it prints.

    Raises:
        SystemExit: it failed; what it said is the message.
    """
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def make() -> Path:
    """Shrinks the code, adds it, libraries and models to the resources, aligns and signs."""
    dex = TARGET / "dex"
    shutil.rmtree(dex, ignore_errors=True)
    dex.mkdir(parents=True)
    kept = [
        part
        for path in [HERE / "rules.pro", LINKED / "resources.pro"]
        for part in ("--pg-conf", path)
    ]
    code = sorted((TARGET / "code").glob("*.jar"))
    run("java", "-Xmx1500m", "-cp", TARGET / "tools" / "r8.jar", "com.android.tools.r8.R8",
        "--release", "--min-api", str(MIN_SDK), "--lib", TARGET / "tools" / "android.jar",
        "--lib", Path(shutil.which("java") or "java").resolve().parents[1],  # java.*
        "--output", dex, *kept, *code)  # fmt: skip
    packed, aligned, apk = (TARGET / f"{name}.apk" for name in ("packed", "aligned", "albert_tf"))
    shutil.copyfile(LINKED / "resources.apk", packed)
    with zipfile.ZipFile(packed, "a") as archive:
        for path in sorted(dex.glob("*.dex")):
            archive.write(path, path.name, zipfile.ZIP_DEFLATED)
        for abi in ABIS:
            for path in sorted((TARGET / "natives" / "lib" / abi).glob("*.so")):
                archive.write(path, f"lib/{abi}/{path.name}", zipfile.ZIP_STORED)
        for task in TASKS:
            for path in contract_files(ASSETS / task):
                stored = path.suffix == ".tflite"
                way = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
                archive.write(path, f"assets/{task}/{path.name}", way)
    run("zipalign", "-f", str(PAGE), packed, aligned)
    run("apksigner", "sign", "--ks", key(), "--ks-pass", "pass:android",
        "--min-sdk-version", str(MIN_SDK), "--out", apk, aligned)  # fmt: skip
    return apk


def contract_files(folder: Path) -> list[Path]:
    """The files of an export that a phone needs; reports stay behind."""
    if not (folder / "contract.json").exists():
        raise SystemExit(f"{folder} holds no model. Run: make demo-android")
    contract = json.loads((folder / "contract.json").read_text(encoding="utf-8"))
    names = [record["name"] for record in (contract["model"], *contract["vocabulary"])]
    return [folder / name for name in ("contract.json", *names)]


def key() -> Path:
    """A key for signing, made if there is none."""
    path = TARGET / "debug.jks"
    if not path.exists():
        run("keytool", "-genkeypair", "-keystore", path, "-storepass", "android", "-alias", "key",
            "-keyalg", "RSA", "-validity", "10000", "-dname", "CN=albert_tf demo")  # fmt: skip
    return path


def main() -> None:
    """Makes the APK of the app that Maven has built, and prints where it is."""
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)}. Debian has them in "
                         "aapt, zipalign, apksigner and openjdk-17-jdk-headless.")  # fmt: skip
    apk = make()
    sys.stdout.write(f"{apk}: {apk.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
