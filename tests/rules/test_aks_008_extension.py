"""AKS-008: the AzureML extension is installed on the cluster, healthy, and there for inference."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm.aks import CLUSTER, EXTENSION
from tests.arm.estate import Denial, Estate, Json
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import secure
from tests.audits import Row, audited, check, only

Change = Callable[[Estate], None]
TYPE, STATE, SETTINGS = "properties.extensionType", "properties.provisioningState", "properties.configurationSettings"
INFERENCE = f"{SETTINGS}['enableInference']"


def extension(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(EXTENSION), path, value)


def legacy(e: Estate) -> None:
    e.set(e.find(f"{WORKSPACE}/computes", "k8s-"), "properties.computeType", "AKS")


def beside(name: str, kind: object) -> Change:
    """Another extension on the cluster."""

    def change(e: Estate) -> None:
        own = e.find(EXTENSION)
        body: Json = own | {"id": own["id"].replace("/azureml", f"/{name}"), "name": name}
        e.add(body | {"properties": own["properties"] | {"extensionType": kind}})

    return change


def only_beside(name: str, kind: object) -> Change:
    def change(e: Estate) -> None:
        beside(name, kind)(e)
        e.remove(e.find(EXTENSION, "azureml"))

    return change


def statuses(*levels: str) -> Change:
    return extension("properties.statuses", [{"code": f"Code{level}", "level": level} for level in levels])


ROWS = [
    Row("sound, its type in lower case", lambda e: None, "pass", "installed for inference", INFERENCE, counter=True),
    Row("the type in capitals", extension(TYPE, "MICROSOFT.AZUREML.KUBERNETES"), "pass"),
    Row("true in lower case", extension(INFERENCE, "true"), "pass"),
    Row("true as no text", extension(INFERENCE, True), "pass"),
    Row("beside another", beside("flux", "microsoft.flux"), "pass"),
    Row("beside one without a type", beside("flux", None), "pass"),
    Row("with information", statuses("Information", "Warning"), "pass"),
    Row("with an error", statuses("Information", "Error"), "pass", assumes="CodeError"),
    Row("none", lambda e: e.remove(e.find(EXTENSION)), "fail", "aks-tidal has no AzureML extension"),
    Row("only another", only_beside("flux", "microsoft.flux"), "fail", "has no AzureML extension", TYPE),
    Row("failed", extension(STATE, "Failed"), "fail", "azureml is Failed", STATE),
    Row("canceled", extension(STATE, "canceled"), "fail", "azureml is canceled", STATE),
    Row(
        "for training alone",
        extension(INFERENCE, "False"),
        "fail",
        "not have inference enabled",
        INFERENCE,
        counter=True,
    ),
    Row("inference not asked for", lambda e: e.unset(e.find(EXTENSION), INFERENCE), "fail", shows=INFERENCE),
    Row("only one without a type", only_beside("flux", None), "unknown", shows=TYPE),
    Row("being created", extension(STATE, "Creating"), "unknown", "at this moment", STATE),
    Row("being deleted", extension(STATE, "Deleting"), "unknown", "at this moment", STATE),
    Row("state of null", extension(STATE, None), "unknown", shows=STATE),
    Row("settings of null", extension(SETTINGS, None), "unknown", shows=INFERENCE),
    Row("settings of another kind", extension(SETTINGS, "enableInference=True"), "unknown", shows=INFERENCE),
    Row("a word that is neither", extension(INFERENCE, "yes"), "unknown", "neither True nor False", INFERENCE),
    Row("a setting of another kind", extension(INFERENCE, {"a": "b"}), "unknown", "not str", INFERENCE),
    Row("denied", lambda e: e.denied.append(Denial(type=EXTENSION)), "unknown", shows=f"{EXTENSION}/read"),
    Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "unknown", shows=f"{CLUSTER}/read"),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable", "does not exist"),
    Row("a legacy compute", legacy, "not-applicable", "legacy"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_extension_serves(row: Row) -> None:
    estate = secure()
    row.change(estate)
    report = audited(estate)
    check(only(report, "AKS-008"), row)
    if row.status == "fail":
        assert {r.rule.id for r in report.results if r.status == "fail"} == {"AKS-008"}


@pytest.mark.parametrize(
    ("change", "verbs"),
    [
        (lambda e: e.remove(e.find(EXTENSION)), ["create"]),
        (extension(STATE, "Failed"), ["delete", "create"]),
        (extension(INFERENCE, "False"), ["update"]),
    ],
)
def test_the_fix_is_for_what_is_there(change: Callable[[Estate], None], verbs: list[str]) -> None:
    estate = secure()
    change(estate)
    fix = only(audited(estate), "AKS-008").fix
    assert [command.split()[2] for command in fix.split(" && ")] == verbs
    assert all("--name azureml " in command for command in fix.split(" && "))
