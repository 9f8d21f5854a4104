"""Private endpoints that you made to the cluster were recreated after its last start.

What it checks: each private endpoint to the API server is approved on both sides, provisioned, and was created after
the last successful start in the activity log.

When it applies: somebody made a private endpoint to the cluster, or to a private link service in its node resource
group. The endpoint that AKS itself keeps there is not meant: it is remade at each start.

Why it matters: stopping and starting a private cluster leaves customer endpoints pointing at nothing.

How to fix it: delete the endpoint and create it again.

When it is unknown: the endpoint, the start history, or (after a start) the endpoint's time of creation could not be
read; the endpoint is being made or updated; or its connection is in a state that is not known. An endpoint older than
the 90 days of the log, approved, with no start in them, passes and says so.

Easily misjudged: an endpoint that its own side calls Approved looks sound. It is not when the cluster has the
connection as Rejected or Disconnected, nor when it is older than the last start. A start that failed, and a stop,
change nothing by themselves.
"""

from __future__ import annotations

from auditor.model.environment import ClusterEndpoint, existing
from auditor.model.facts import Missing, Undecided
from auditor.model.ids import equal
from auditor.model.rule import LEARN, rule
from auditor.model.shapes import STATUS, link_connections
from auditor.model.verdict import Severity, Verdict, fail, ok, require, unknown

LOST = ("Pending", "Rejected", "Disconnected")


@rule(
    id="AKS-003",
    title="Customer private endpoints to the cluster were recreated after the last start",
    severity=Severity.HIGH,
    about=ClusterEndpoint,
    resource="endpoint",
    fix="az network private-endpoint delete --ids {endpoint_id} && "
    "az network private-endpoint create -g {endpoint_group} -n {endpoint} -l {endpoint_region} "
    "--subnet {endpoint_subnet} --private-connection-resource-id {api_server} --group-id management "
    "--connection-name aks && "
    "az network private-endpoint create -g {endpoint_group} -n {endpoint} -l {endpoint_region} "
    "--subnet {endpoint_subnet} --private-connection-resource-id {link_service} --connection-name aks",
    references=(f"{LEARN}/aks/start-stop-cluster", "https://github.com/Azure/AKS/issues/2745"),
)
def recreated_after_start(own: ClusterEndpoint) -> Verdict:
    endpoint = existing(own.lookup)
    for path, _ in link_connections(endpoint):
        state = endpoint.text(f"{path}.properties.{STATUS}")
        if any(equal(state.value, lost) for lost in LOST):
            return fail(f"the connection of {endpoint.name} to the cluster is {state.value}", state)
        if not equal(state.value, "Approved"):
            gap = endpoint.missing(state.path, f"{state.value} is not a state that is known")
            return unknown(f"the connection of {endpoint.name} to the cluster is {state.value}", gap)
    if own.cluster_side.failed:
        return own.cluster_side
    provisioned = endpoint.text("properties.provisioningState")
    if any(equal(provisioned.value, moving) for moving in ("Creating", "Updating")):
        gap = endpoint.missing(provisioned.path, f"it is {provisioned.value}")
        return unknown(f"{endpoint.name} is {provisioned.value} at this moment", gap)
    if not equal(provisioned.value, "Succeeded"):
        return fail(f"{endpoint.name} is in provisioning state {provisioned.value}", provisioned)
    last, created = own.history.last, own.created
    if last is not None:
        if created.value <= last.value:
            return fail(f"{endpoint.name} is older than the last start on {last.value:%Y-%m-%d}", created, last)
        require(own.cluster_side)
        if own.history.gap is None:
            return ok(f"{endpoint.name} was made after the last start", created, last)
    if own.history.gap is not None:
        raise Undecided(own.history.gap)
    require(own.cluster_side)
    since = own.history.since
    if not isinstance(created, Missing) and created.value >= since.value:
        return ok(f"the cluster was not started since {endpoint.name} was made", created, since)
    note = f"{endpoint.name} may be older than the activity log; a start before it would show as Disconnected"
    return ok(
        f"no start in the activity log, and the connection of {endpoint.name} is approved",
        provisioned,
        since,
        assuming=[note],
    )
