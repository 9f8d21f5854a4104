"""STO-005: each other account behind a datastore has private endpoints within reach, for what the datastore is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.arm import ml, network, services
from tests.arm.estate import Denial, Estate, Group, Json
from tests.arm.private_link import ENDPOINT, private_endpoint, remove_private_endpoint
from tests.arm.scenarios import hub_project, secure, service_endpoints
from tests.arm.services import STORAGE
from tests.audits import Row, audited, check, only, results

Change = Callable[[Estate], None]
STATE = "properties.privateLinkServiceConnections[0].properties.privateLinkServiceConnectionState.status"
DATASTORE = f"{ml.WORKSPACE}/datastores"


def datastore(**properties: object) -> Change:
    return lambda e: e.find(DATASTORE, "lake")["properties"].update(properties)


def without(name: str, **properties: object) -> Change:
    """One endpoint less, for a datastore with other properties."""

    def change(e: Estate) -> None:
        remove_private_endpoint(e, e.find(ENDPOINT, name))
        datastore(**properties)(e)

    return change


def hidden(e: Estate) -> None:
    e.denied.append(Denial(scope=e.find(STORAGE, "lake")["id"]))


def more(e: Estate) -> Json:
    """An account more, with a rule for the AKS subnet, behind a datastore for files."""
    target, space = e.find(STORAGE, "main"), e.find_all(network.VNET)[0]
    at = Group(e, target["id"].partition("/providers/")[0], target["location"])
    account = services.storage(at, "stmore", "selected")
    services.allow_subnet(account, network.subnet(space, "snet-aks"))
    ml.datastore(e, e.find(ml.WORKSPACE), "more", account, "AzureFile")
    return account


def served_by_subnet(e: Estate) -> None:
    more(e)


PRIVATE = [
    Row("sound", lambda e: None, "pass", "sttidallake has its private endpoints", STATE),
    Row("name in another case", datastore(accountName="STTIDALLAKE"), "pass"),
    Row("no blob", without("lake-blob"), "fail", "no private endpoint for blob", "privateEndpointConnections"),
    Row("no dfs", without("lake-dfs"), "fail", "no private endpoint for dfs"),
    Row("no dfs, plain blob", without("lake-dfs", datastoreType="AzureBlob"), "pass", counter=True),
    Row("files", datastore(datastoreType="AzureFile"), "fail", "no private endpoint for file"),
    Row("Pending", lambda e: e.set(e.find(ENDPOINT, "lake-blob"), STATE, "Pending"), "fail", "is Pending", STATE),
    Row("account gone", lambda e: e.remove(e.find(STORAGE, "lake")), "fail", "does not exist"),
    Row("on the default account", datastore(accountName="STTIDALMAIN"), "not-applicable", "no datastore uses another"),
    Row("not on storage", datastore(datastoreType="OneLake"), "not-applicable", "no datastore uses another"),
    Row("account denied", hidden, "unknown", shows=f"{STORAGE}/read"),
    Row("datastores denied", lambda e: e.denied.append(Denial(type=DATASTORE)), "unknown", shows=f"{DATASTORE}/read"),
    Row(
        "nobody knows where",
        datastore(accountName="stfar", subscriptionId=None, resourceGroup=None),
        "unknown",
        "stfar",
    ),
]
SUBNETS = [
    Row("none", lambda e: None, "not-applicable", "no datastore uses another"),
    Row("only a service endpoint", served_by_subnet, "fail", "stmore has no private endpoint for file", counter=True),
]
HUB = [Row("a Project's own datastore", lambda e: None, "pass", "sttidallake")]

CASES = ((secure, PRIVATE), (service_endpoints, SUBNETS), (hub_project, HUB))
ROWS = [(build, row) for build, rows in CASES for row in rows]


@pytest.mark.parametrize(("build", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_other_storage_reachable(build: Callable[[], Estate], row: Row) -> None:
    estate = build()
    row.change(estate)
    check(only(audited(estate), "STO-005"), row)


def test_one_result_for_each_account() -> None:
    estate = secure()
    more(estate)
    found = {str(r.resource_id).rpartition("/")[2]: str(r.status) for r in results(audited(estate), "STO-005")}
    assert found == {"sttidallake": "pass", "stmore": "fail"}


def test_the_fix_of_a_flaw_is_enough() -> None:
    estate = secure()
    account, space = more(estate), estate.find(network.VNET, "vnet-tidal")
    at = Group(estate, space["id"].partition("/providers/")[0], space["location"])
    private_endpoint(at, "pe-more-file", account, "file", network.subnet(space, "snet-pe"))
    assert [str(r.status) for r in results(audited(estate), "STO-005")] == ["pass", "pass"]


def test_the_fix_names_the_group_of_the_endpoint() -> None:
    estate = secure()
    without("lake-dfs")(estate)
    assert "--group-id dfs --connection-name dfs" in only(audited(estate), "STO-005").fix
