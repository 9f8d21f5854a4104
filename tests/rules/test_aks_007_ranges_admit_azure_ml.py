"""AKS-007: the authorized ranges of the API server let Azure ML in, or Trusted Access does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.model.clouds import CLOUDS
from auditor.model.result import Result
from auditor.model.snapshot import ServiceTags, Snapshot
from tests.arm.aks import CLUSTER
from tests.arm.estate import Denial, Estate
from tests.arm.ml import WORKSPACE
from tests.arm.scenarios import default_cluster, everything_public, secure
from tests.audits import Row, check, only, report_on, snapshot_of

Change = Callable[[Estate], None]
PROFILE = "properties.apiServerAccessProfile"
RANGES = f"{PROFILE}.authorizedIPRanges"
BINDINGS = f"{CLUSTER}/trustedAccessRoleBindings"
OFFICE = "198.51.100.0/28"

# Addresses that are set apart for documentation stand for those of Azure ML.
NORTH, WEST = ["203.0.113.0/28", "203.0.113.64/27", "2001:db8:1::/48"], ["203.0.113.128/26"]
TAGS = {
    "azuremachinelearning": [*NORTH, *WEST, "192.0.2.0/24"],
    "azuremachinelearning.northeurope": NORTH,
    "azuremachinelearning.westeurope": WEST,
    "azuremachinelearning.polandcentral": ["192.0.2.0/25"],
    "azuremachinelearning.moonbase1": ["192.0.2.128/25"],
    "azuremachinelearning.southindia": ["2001:db8:2::/48"],
}
NEEDED = ["203.0.113.0/28", "203.0.113.64/27", "203.0.113.128/26"]


def published(**fields: object) -> ServiceTags:
    known = {"file": "ServiceTags_Public_20261116.json", "cloud": "Public", "change_number": 412, "prefixes": TAGS}
    return ServiceTags.model_validate(known | fields)


def judged(estate: Estate, tags: ServiceTags | None, cloud: str = "AzureCloud") -> Result:
    """The result on a snapshot with a file of service tags, after it was saved and read again."""
    snapshot = snapshot_of(estate).model_copy(update={"service_tags": tags, "cloud": CLOUDS[cloud]})
    return only(report_on(Snapshot.model_validate_json(snapshot.model_dump_json())), "AKS-007")


def cluster(path: str, value: object) -> Change:
    return lambda e: e.set(e.find(CLUSTER), path, value)


def admits(*ranges: object, region: str = "northeurope") -> Change:
    """These ranges and no Trusted Access, the workspace being in some region."""

    def change(e: Estate) -> None:
        for binding in e.find_all(BINDINGS):
            e.remove(binding)
        e.set(e.find(CLUSTER), RANGES, list(ranges))
        e.set(e.find(WORKSPACE), "location", region)

    return change


def both(*changes: Change) -> Change:
    def change(e: Estate) -> None:
        for one in changes:
            one(e)

    return change


def bindings_denied(e: Estate) -> None:
    e.denied.append(Denial(type=BINDINGS))


def legacy(e: Estate) -> None:
    e.set(e.find(f"{WORKSPACE}/computes", "k8s-"), "properties.computeType", "AKS")


def placeless(e: Estate) -> None:
    admits(*NEEDED)(e)
    e.unset(e.find(WORKSPACE), "location")


BOUND = "the compute was attached after"
WITH_FILE = [
    Row("Trusted Access, and an office alone", lambda e: None, "pass", "azureml admits", assumes=BOUND, counter=True),
    Row("both regions", admits(OFFICE, *NEEDED), "pass", "all that Azure ML has in northeurope and westeurope, 3 of 3"),
    Row("in wider ranges", admits("203.0.113.0/24"), "pass", shows=RANGES),
    Row("in two halves", admits("203.0.113.0/25", "203.0.113.128/25"), "pass"),
    Row("everything", admits("0.0.0.0/0"), "pass"),
    Row("the region in another form", admits(*NEEDED, region="North Europe"), "pass"),
    Row(
        "the tag", admits("AzureMachineLearning"), "pass", "the service tag AzureMachineLearning", RANGES, counter=True
    ),
    Row("a wider tag", admits(OFFICE, "azurecloud"), "pass", "the service tag AzureCloud", RANGES),
    Row("another tag beside", admits("Storage", *NEEDED), "pass"),
    Row("a region without a pair", admits("192.0.2.0/25", region="polandcentral"), "pass", "1 of 1"),
    Row("a region that is not known", admits("192.0.2.128/25", region="moonbase1"), "pass", assumes="is not known"),
    Row("bindings denied, ranges enough", both(bindings_denied, cluster(RANGES, NEEDED)), "pass"),
    Row("an office alone", admits(OFFICE), "fail", "leave out 3 of 3 prefixes of Azure ML in northeurope and", RANGES),
    Row("the cluster alone", admits("0.0.0.0/32"), "fail", "leave out 3 of 3", RANGES, counter=True),
    Row("one region", admits(*NORTH), "fail", "leave out 1 of 3", RANGES, counter=True),
    Row("half of a prefix", admits(*NEEDED[:2], "203.0.113.128/27"), "fail", "such as 203.0.113.128/26", RANGES),
    Row("IPv6 alone", admits("2001:db8::/32"), "fail", "leave out 3 of 3"),
    Row("legacy, bound", legacy, "fail", "Kubernetes computes in the public cloud only", RANGES),
    Row("another tag", admits("Storage", OFFICE), "unknown", "how much", RANGES),
    Row("no range", admits("203.0.113.0-203.0.113.255"), "unknown", "how much", RANGES),
    Row("a range of null", admits(None), "unknown", "how much", RANGES),
    Row("ranges of another kind", cluster(RANGES, "203.0.113.0/24"), "unknown", "not list", RANGES),
    Row("bindings denied", bindings_denied, "unknown", "could not be read", f"{BINDINGS}/read"),
    Row("a region that the file lacks", admits(*NEEDED, region="westus"), "unknown", "in westus", "location"),
    Row("a region with IPv6 alone", admits(*NEEDED, region="southindia"), "unknown", "in southindia", "location"),
    Row("a workspace without a region", placeless, "unknown", shows="location"),
    Row("cluster denied", lambda e: e.denied.append(Denial(type=CLUSTER)), "unknown", shows=f"{CLUSTER}/read"),
    Row("no ranges", admits(), "not-applicable", "no authorized ranges"),
    Row("ranges of null", cluster(RANGES, None), "not-applicable", "no authorized ranges"),
    Row("private", cluster(f"{PROFILE}.enablePrivateCluster", True), "not-applicable", "is private", counter=True),
    Row("cluster gone", lambda e: e.remove(e.find(CLUSTER)), "not-applicable", "does not exist"),
]
NO_FILE = [
    Row("Trusted Access, no file", lambda e: None, "pass", "admits the workspace", assumes=BOUND),
    Row("a tag, no file", admits("AzureMachineLearning"), "pass"),
    Row("no file", admits(*NEEDED), "unknown", "give it by --service-tags"),
    Row("bindings denied, no file", bindings_denied, "unknown", "--service-tags", f"{BINDINGS}/read"),
]


@pytest.mark.parametrize("row", WITH_FILE, ids=lambda r: r.name)
def test_ranges_admit_azure_ml(row: Row) -> None:
    estate = default_cluster()
    row.change(estate)
    check(judged(estate, published()), row)


@pytest.mark.parametrize("row", NO_FILE, ids=lambda r: r.name)
def test_without_a_file(row: Row) -> None:
    estate = default_cluster()
    row.change(estate)
    check(judged(estate, None), row)


@pytest.mark.parametrize("build", [secure, everything_public])
def test_without_ranges_there_is_nothing_to_judge(build: Callable[[], Estate]) -> None:
    assert judged(build(), published()).status == "not-applicable"


def test_a_pair_without_addresses_is_named() -> None:
    estate = default_cluster()
    admits(*NORTH)(estate)
    tags = published(prefixes={name: held for name, held in TAGS.items() if "westeurope" not in name})
    check(judged(estate, tags), Row("no addresses in the pair", admits(), "pass", assumes="Azure ML in westeurope"))


def test_the_evidence_names_the_file_and_what_is_left_out() -> None:
    estate = default_cluster()
    admits(OFFICE, *NORTH)(estate)
    result = judged(estate, published())
    seen = result.verdict.evidence[-1]
    assert (seen.observed, "ServiceTags_Public_20261116.json (change 412)" in str(seen.note)) == (WEST, True)
    assert result.fix.endswith(f"--api-server-authorized-ip-ranges {','.join([OFFICE, *NORTH, *WEST])}")


def test_trusted_access_is_of_the_public_cloud() -> None:
    row = Row("Gov", admits(), "fail", "public cloud only; the authorized ranges leave out 3 of 3")
    check(judged(default_cluster(), published(cloud="AzureGovernment"), "AzureUSGovernment"), row)


def test_shutting_azure_ml_out_breaks_nothing_else() -> None:
    estate = default_cluster()
    admits(OFFICE)(estate)
    snapshot = snapshot_of(estate).model_copy(update={"service_tags": published()})
    assert {r.rule.id for r in report_on(snapshot).results if r.status == "fail"} == {"AKS-007"}
