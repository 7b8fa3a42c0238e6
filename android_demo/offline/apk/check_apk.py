"""Looks into an APK as a store would.

make_apk.py  ->  target/albert_tf.apk  ->  [check_apk.py]
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
import zipfile
from pathlib import Path

from make_apk import ABIS, MIN_SDK, PAGE, TARGET_SDK, TASKS, run

_LOAD = 1  # the ELF segments that are mapped
Fact = tuple[bool, str]


def check(apk: Path) -> list[str]:
    """Returns what is right with an APK.

    Raises:
        SystemExit: something is not; all that is wrong is the message.
    """
    with zipfile.ZipFile(apk) as archive:
        facts = [*_signed(apk), *_described(apk), *_stored(apk, archive), *_complete(archive)]
    wrong = [fact for right, fact in facts if not right]
    if wrong:
        raise SystemExit("\n".join([f"{apk} is wrong:", *wrong]))
    return [fact for _, fact in facts]


def _described(apk: Path) -> list[Fact]:
    """What the manifest and the libraries say of the app."""
    badging = run("aapt", "dump", "badging", apk)
    said = (
        "package: name='org.alberttf.demo'", f"sdkVersion:'{MIN_SDK}'",
        f"targetSdkVersion:'{TARGET_SDK}'", "launchable-activity: name='org.alberttf.demo.",
        "native-code: " + " ".join(f"'{abi}'" for abi in ABIS), "'ko'",
    )  # fmt: skip
    facts = [(line in badging, f"badging: {line}") for line in said]
    return [*facts, ("uses-permission" not in badging, "no permissions")]


def _signed(apk: Path) -> list[Fact]:
    run("zipalign", "-c", str(PAGE), apk)
    found = run("apksigner", "verify", "-v", "--min-sdk-version", str(MIN_SDK), apk)
    return [("(APK Signature Scheme v2): true" in found, "signed with scheme 2")]


def _stored(apk: Path, archive: zipfile.ZipFile) -> list[Fact]:
    """What is mapped into memory lies in the file as it is, at the beginning of a page."""
    facts = []
    for info in archive.infolist():
        if not info.filename.endswith((".so", ".tflite", ".arsc")):
            continue
        begins = place(apk, info)
        right = info.compress_type == zipfile.ZIP_STORED and begins % PAGE == 0
        facts.append((right, f"{info.filename}: stored, from byte {begins:,}"))
        if info.filename.endswith(".so"):
            least = min(alignments(archive.read(info)))
            facts.append((least >= PAGE, f"{info.filename}: segments aligned to {least:,}"))
    return facts


def _complete(archive: zipfile.ZipFile) -> list[Fact]:
    """Code, a runtime for every processor, and models that are what their contracts say."""
    names = set(archive.namelist())
    facts = [("classes.dex" in names, "code")]
    for abi in ABIS:
        facts.append((f"lib/{abi}/libjnitensorflowlite.so" in names, f"a runtime for {abi}"))
    for task in TASKS:
        contract = json.loads(archive.read(f"assets/{task}/contract.json"))
        for record in (contract["model"], *contract["vocabulary"]):
            name = f"assets/{task}/{record['name']}"
            digest = hashlib.sha256(archive.read(name)).hexdigest()
            facts.append((digest == record["sha256"], f"{name}: as the contract says"))
    return facts


def place(apk: Path, info: zipfile.ZipInfo) -> int:
    """Where in the archive the bytes of a file begin; the local header has lengths of its own."""
    with apk.open("rb") as file:
        file.seek(info.header_offset + 26)
        name, extra = struct.unpack("<HH", file.read(4))
    return int(info.header_offset + 30 + name + extra)


def alignments(library: bytes) -> list[int]:
    """The alignment of every mapped segment of a 64-bit little-endian ELF file."""
    if library[:6] != b"\x7fELF\x02\x01":
        raise SystemExit("a library is not a 64-bit little-endian ELF file")
    (table,) = struct.unpack_from("<Q", library, 32)
    size, count = struct.unpack_from("<HH", library, 54)
    entries = [table + size * number for number in range(count)]
    return [
        struct.unpack_from("<Q", library, entry + 48)[0]
        for entry in entries
        if struct.unpack_from("<I", library, entry)[0] == _LOAD
    ]


if __name__ == "__main__":
    sys.stdout.write("\n".join([*check(Path(sys.argv[1])), ""]))
