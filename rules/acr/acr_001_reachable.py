"""The container registry is reachable from AKS over a private endpoint, or over service endpoints.

What it checks: a valid private endpoint for ``registry`` within reach of AKS (approved on both sides, provisioned, in
the AKS VNet or one directly peered), or a complete service-endpoint path: the endpoint on every AKS subnet, a rule
for each of them on the container registry, and public network access not Disabled.

Why it matters: the nodes pull the image of every deployment from there.

How to fix it: make a private endpoint in the AKS VNet, with DNS integration.

When it is unknown: the container registry, or an endpoint that it lists, could not be read. Service-endpoint rules of
a registry are a preview that the api-version in use does not show, so where only they could save it, it is unknown
too.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.rule import LEARN, rule
from auditor.model.verdict import Severity, Verdict, any_of, fail, require


@rule(
    id="ACR-001",
    title="Registry is reachable from AKS over a private or service endpoint",
    severity=Severity.CRITICAL,
    about=Environment,
    resource="registry",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{registry}-registry --vnet-name "
    "{vnet} --subnet <pe-subnet> "
    "--private-connection-resource-id {registry_id} --group-id registry --connection-name registry",
    references=(f"{LEARN}/machine-learning/how-to-secure-workspace-vnet",),
    controls=("MCSB NS-2",),
)
def registry_reachable(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    path = env.named_registry
    target = path.resource
    neither = fail(f"{target.name} has neither a private endpoint within reach nor service endpoints")
    return any_of([path.endpoint, path.service_endpoint], neither)
