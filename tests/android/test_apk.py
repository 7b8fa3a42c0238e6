"""What is wrong with an APK is found: each check of `check_apk.py` on a file it must refuse."""

import importlib
import json
import struct
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.android.jvm import OFFLINE


@pytest.fixture
def check_apk(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(OFFLINE / "apk"))
    return importlib.import_module("check_apk")


def elf(*alignments: int) -> bytes:
    """The headers of a 64-bit library with one mapped segment for each alignment, and a note."""
    header = bytearray(64)
    header[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<HH", header, 54, 56, len(alignments) + 1)
    kinds = [(1, alignment) for alignment in alignments] + [(4, 4)]
    return bytes(header) + b"".join(
        struct.pack("<II5QQ", kind, 0, *[0] * 5, alignment) for kind, alignment in kinds
    )


def test_segments_of_a_library_are_read(check_apk: ModuleType) -> None:
    assert check_apk.alignments(elf(16384, 65536)) == [16384, 65536]
    with pytest.raises(SystemExit, match="not a 64-bit"):
        check_apk.alignments(b"\x7fELF\x01\x01" + bytes(60))


@pytest.mark.parametrize(
    ("library", "way", "wrong"),
    [
        (elf(16384), zipfile.ZIP_STORED, "x.so: stored"),  # not at the beginning of a page
        (elf(16384), zipfile.ZIP_DEFLATED, "x.so: stored"),
        (elf(16384, 4096), zipfile.ZIP_STORED, "x.so: segments aligned to 4,096"),
    ],
)
def test_a_library_that_cannot_be_mapped_is_found(
    check_apk: ModuleType, tmp_path: Path, library: bytes, way: int, wrong: str
) -> None:
    apk = tmp_path / "a.apk"
    with zipfile.ZipFile(apk, "w") as archive:
        archive.writestr("lib/x86_64/x.so", library, way)
    with zipfile.ZipFile(apk) as archive:
        facts = check_apk._stored(apk, archive)
    assert any(not right and wrong in fact for right, fact in facts)


def test_a_library_at_the_beginning_of_a_page_is_right(
    check_apk: ModuleType, tmp_path: Path
) -> None:
    apk = tmp_path / "a.apk"
    name = "lib/x86_64/x.so"
    with zipfile.ZipFile(apk, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.extra = bytes(check_apk.PAGE - 30 - len(name))
        archive.writestr(info, elf(16384))
    with zipfile.ZipFile(apk) as archive:
        assert all(right for right, _ in check_apk._stored(apk, archive))


BADGING = (
    "package: name='org.alberttf.demo'\nsdkVersion:'24'\ntargetSdkVersion:'36'\n"
    "launchable-activity: name='org.alberttf.demo.MainActivity'\nlocales: '--_--' 'ko'\n"
    "native-code: 'arm64-v8a' 'x86_64'\n"
)


@pytest.mark.parametrize(
    ("said", "other", "wrong"),
    [
        ("", "", None),
        ("sdkVersion:'24'", "sdkVersion:'21'", "sdkVersion"),
        ("'ko'", "'en'", "'ko'"),
        ("'arm64-v8a' 'x86_64'", "'x86_64'", "native-code"),
        ("locales", "uses-permission: name='android.permission.INTERNET'\nlocales", "permission"),
    ],
)
def test_what_the_manifest_says_is_read(
    check_apk: ModuleType, monkeypatch: pytest.MonkeyPatch, said: str, other: str, wrong: str | None
) -> None:
    monkeypatch.setattr(
        check_apk, "run", lambda *_: BADGING.replace(said, other) if said else BADGING
    )
    found = [fact for right, fact in check_apk._described(Path("a.apk")) if not right]
    assert len(found) == (wrong is not None)
    assert all(wrong in fact for fact in found if wrong)


def test_an_unsigned_apk_is_refused(
    check_apk: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(check_apk, "run", lambda *_: "DOES NOT VERIFY")
    assert check_apk._signed(tmp_path) == [(False, "signed with scheme 2")]


def test_a_model_that_is_not_its_contract_s_and_a_missing_runtime_are_found(
    check_apk: ModuleType, tmp_path: Path
) -> None:
    record: dict[str, Any] = {"name": "model.tflite", "sha256": "00"}
    contract = json.dumps({"model": record, "vocabulary": []})
    with zipfile.ZipFile(tmp_path / "a.apk", "w") as archive:
        for task in check_apk.TASKS:
            archive.writestr(f"assets/{task}/contract.json", contract)
            archive.writestr(f"assets/{task}/model.tflite", b"model")
    with zipfile.ZipFile(tmp_path / "a.apk") as archive:
        facts = check_apk._complete(archive)
    assert len(facts) == 5
    assert not any(right for right, _ in facts)
