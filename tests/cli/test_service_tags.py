"""--service-tags: a file that Microsoft publishes, read once and kept in the snapshot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor import service_tags
from auditor.cli import main
from auditor.cli.errors import AuditError
from auditor.model.clouds import CLOUDS
from auditor.model.snapshot import ServiceTags, Snapshot
from tests.arm.record import FIXTURES

SECURE = str(FIXTURES / "secure")
Json = dict[str, Any]


def tag(name: str, *prefixes: object) -> Json:
    region = name.partition(".")[2].lower()
    properties = {"region": region, "platform": "Azure", "systemService": name.partition(".")[0]}
    return {"name": name, "id": name, "properties": properties | {"addressPrefixes": list(prefixes)}}


def document(*more: Json) -> Json:
    """What a published file holds, in little."""
    values = [
        tag("AzureMachineLearning", "203.0.113.0/24", "2001:db8::/32"),
        tag("AzureMachineLearning.NorthEurope", "203.0.113.0/25"),
        tag("AzureMachineLearningInference", "192.0.2.0/24"),
        tag("Storage.NorthEurope", "198.51.100.0/24"),
    ]
    return {"changeNumber": 412, "cloud": "Public", "values": [*values, *more]}


def written(folder: Path, content: object) -> Path:
    path = folder / "ServiceTags_Public_20261116.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def test_only_the_tags_of_azure_ml_are_kept(tmp_path: Path) -> None:
    """By name in lower case, with the number and the file that they are from."""
    tags = service_tags.read(written(tmp_path, document()))
    assert tags == ServiceTags(
        file="ServiceTags_Public_20261116.json",
        cloud="Public",
        change_number=412,
        prefixes={
            "azuremachinelearning": ["203.0.113.0/24", "2001:db8::/32"],
            "azuremachinelearning.northeurope": ["203.0.113.0/25"],
        },
    )


def test_the_answer_of_the_cli_does_as_well(tmp_path: Path) -> None:
    """az network list-service-tags writes the number as text, and more fields."""
    answer = document() | {"changeNumber": "412", "id": "/subscriptions/x", "nextLink": None}
    assert service_tags.read(written(tmp_path, answer)).change_number == 412


SPOILT: list[tuple[str, object, str]] = [
    ("empty", b"", "is not a service tag file"),
    ("no JSON", b"hello", "is not a service tag file"),
    ("not text", b"\x00\xff\xfe", "is not a service tag file"),
    ("nested without end", b"[" * 200_000, "is not a service tag file"),
    ("null", None, "is not a service tag file"),
    ("a list", [], "is not a service tag file"),
    ("another document", {"hello": "world"}, "is not a service tag file"),
    ("no values", {"changeNumber": 1, "cloud": "Public"}, "values"),
    ("values of another kind", {"changeNumber": 1, "cloud": "Public", "values": {"a": "b"}}, "values"),
    ("a value of null", document() | {"values": [None]}, "values.0"),
    ("a number that is none", document() | {"changeNumber": "new"}, "changeNumber"),
    ("prefixes of null", document(tag("A") | {"properties": {"addressPrefixes": None}}), "addressPrefixes"),
    ("a prefix of another kind", document(tag("A", 7)), "addressPrefixes.0"),
    ("a prefix that is none", document(tag("AzureMachineLearning.X", "here")), "holds 'here', which is no range"),
    ("without Azure ML", document() | {"values": [tag("Storage", "192.0.2.0/24")]}, "no AzureMachineLearning in it"),
    ("with none of its addresses", document() | {"values": [tag("AzureMachineLearning")]}, "no AzureMachineLearning"),
    ("with a region alone", document() | {"values": [tag("AzureMachineLearning.X", "192.0.2.0/24")]}, "no Azure"),
    (
        "of another cloud",
        document() | {"cloud": "AzureGovernment"},
        "of AzureGovernment, and the audit is of AzureCloud",
    ),
    ("of a cloud of no name", document() | {"cloud": ""}, "and the audit is of AzureCloud"),
]


@pytest.mark.parametrize(("name", "content", "says"), SPOILT, ids=[name for name, _, _ in SPOILT])
def test_a_spoilt_file(
    name: str, content: object, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, one line that says what is wrong, one that says what to give, and nothing written."""
    refused(["--service-tags", str(written(tmp_path, content))], says, tmp_path, capsys)


def refused(argv: list[str], says: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = folder / "snapshot.json"
    assert main(["--replay", SECURE, "-q", "--save-snapshot", str(saved), *argv]) == 2
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert (out, saved.exists()) == ("", False)
    assert first.startswith("error: ")
    assert says in first
    assert second.startswith("help: give --service-tags the file from https://")


def test_a_file_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(["--service-tags", str(tmp_path / "none.json")], "none.json: No such file", tmp_path, capsys)
    refused(["--service-tags", str(tmp_path)], "cannot read the service tags", tmp_path, capsys)


def test_a_file_without_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_tags, "LARGEST", 100)
    path = written(tmp_path, document())
    refused(["--service-tags", str(path)], "larger than any such file", tmp_path, capsys)


CLOUD: list[tuple[str, str, bool]] = [
    ("Public", "AzureCloud", True),
    ("public", "AzureCloud", True),
    ("Public", "AzureUSGovernment", False),
    ("AzureGovernment", "AzureUSGovernment", True),
    ("AzureGovernment", "AzureChinaCloud", False),
    ("AzureChinaCloud", "AzureChinaCloud", True),
    ("China", "AzureChinaCloud", True),
    ("China", "AzureCloud", False),
]


@pytest.mark.parametrize(("named", "cloud", "fits"), CLOUD)
def test_the_file_is_of_the_cloud(named: str, cloud: str, fits: bool) -> None:
    tags = ServiceTags(file="tags.json", cloud=named, change_number=1, prefixes={})
    if fits:
        assert service_tags.of_cloud(tags, CLOUDS[cloud]) is tags
        return
    with pytest.raises(AuditError, match=f"tags of {named}, and the audit is of {cloud}"):
        service_tags.of_cloud(tags, CLOUDS[cloud])


def test_a_cloud_of_its_own_has_no_published_file() -> None:
    tags = ServiceTags(file="tags.json", cloud="Public", change_number=1, prefixes={})
    own = CLOUDS["AzureCloud"].model_copy(update={"name": "AzureStack", "family": ""})
    with pytest.raises(AuditError, match="the audit is of AzureStack"):
        service_tags.of_cloud(tags, own)


def verdicts(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, tuple[str, str]]:
    capsys.readouterr()
    assert main([*argv, "-q", "-f", "json", "--fail-on", "never"]) == 0
    return {r["rule_id"]: (r["status"], r["message"]) for r in json.loads(capsys.readouterr().out)["results"]}


@pytest.fixture
def unbound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Path]:
    """A snapshot of a cluster with ranges and without Trusted Access, saved with further options."""

    def save(*argv: str) -> Path:
        path = tmp_path / "first.json"
        main(["--replay", str(FIXTURES / "default-cluster"), "-q", "--save-snapshot", str(path), *argv])
        capsys.readouterr()
        body = json.loads(path.read_text("utf-8"))
        body["resources"] = [r for r in body["resources"] if "trustedAccess" not in r["type"]]
        path.write_text(json.dumps(body), "utf-8")
        return path

    return save


def test_a_saved_snapshot_gives_the_same_verdicts_again(
    unbound: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The addresses are in the snapshot; a file that is given with it takes their place."""
    tags = written(tmp_path, document())
    bare, full = str(unbound()), "--service-tags"
    assert verdicts(capsys, "--snapshot", bare)["AKS-007"][0] == "unknown"
    status, message = verdicts(capsys, "--snapshot", bare, full, str(tags))["AKS-007"]
    assert (status, "leave out 1 of 1 prefixes of Azure ML in northeurope" in message) == ("fail", True)
    saved = str(unbound(full, str(tags)))
    assert Snapshot.model_validate_json(Path(saved).read_bytes()).service_tags == service_tags.read(tags)
    assert verdicts(capsys, "--snapshot", saved)["AKS-007"] == (status, message)
    newer = written(tmp_path, document(tag("AzureMachineLearning.WestEurope", "192.0.2.0/24")))
    assert "leave out 2 of 2" in verdicts(capsys, "--snapshot", saved, full, str(newer))["AKS-007"][1]
