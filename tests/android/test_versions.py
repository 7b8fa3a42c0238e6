"""What is written down for Gradle and again for Maven, or in Kotlin and again in Python, agrees."""

import re
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from albert_tf.export.android import ANDROID_TASKS
from tests.android.jvm import OFFLINE

DEMO = OFFLINE.parent
MAVEN = "{http://maven.apache.org/POM/4.0.0}"


def properties(pom: Path) -> dict[str, str]:
    found = ElementTree.parse(pom).getroot().find(f"{MAVEN}properties")
    assert found is not None
    return {child.tag.removeprefix(MAVEN): str(child.text) for child in found}


def test_both_builds_take_the_same_libraries() -> None:
    gradle = tomllib.loads((DEMO / "gradle" / "libs.versions.toml").read_text())["versions"]
    maven = properties(OFFLINE / "pom.xml") | properties(OFFLINE / "app" / "pom.xml")
    for name in ("kotlin", "serialization", "junit", "robolectric"):
        assert maven[f"{name}.version"] == gradle[name], name


def test_every_side_knows_the_same_tasks() -> None:
    kotlin = (
        DEMO / "pipeline/src/main/kotlin/org/alberttf/pipeline/tasks/TaskSettings.kt"
    ).read_text()
    app = (DEMO / "app/src/main/kotlin/org/alberttf/demo/model/Answerers.kt").read_text()
    packer = (OFFLINE / "apk" / "make_apk.py").read_text()
    assert re.findall(r'@SerialName\("(\w+)"\)\npublic data class', kotlin) == [*ANDROID_TASKS]
    assert re.findall(r'const val \w+: String = "(\w+)"', app) == [*ANDROID_TASKS]
    assert f"TASKS = {ANDROID_TASKS!r}".replace("'", '"') in packer
