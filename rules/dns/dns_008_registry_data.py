"""The registry's data endpoints have their records, one for each of its regions.

What it checks: the zone that AKS asks has a record for the login name of the registry, and one named
``<registry>.<region>.data`` for its home region and for each replica. They point at the registry's private endpoint.

When it applies: AKS comes to the registry by a private endpoint.

Why it matters: a node signs in under the login name, and then fetches the layers of an image under a data name. Without
that record signing in works, the download times out, and the pod stays in ImagePullBackOff.

How to fix it: add the missing record with the address that the endpoint's interface has for it. A zone group on the
endpoint adds it by itself, also for a replica that is made later.

When it is unknown: the replicas, the endpoint's addresses, the zone or its records could not be read.

Easily misjudged: ``dataEndpointEnabled`` on false seems to say that there are no data names. With a private endpoint
they are in use all the same. And a registry that worked for months fails once a replica is added, for its record is
one more that has to be there.
"""

from __future__ import annotations

from auditor.model.environment import Environment, existing
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict, require


@rule(
    id="DNS-008",
    title="Container registry has a data-endpoint record for its region and each replica",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="registry",
    fix="az network private-dns record-set a add-record -g {zone_group} -z {zone} -n {record} "
    "-a <address-of-that-name>",
    references=(
        f"{LEARN}/container-registry/container-registry-private-link",
        f"{LEARN}/container-registry/container-registry-dedicated-data-endpoints",
    ),
)
def registry_data_records(env: Environment) -> Verdict:
    require(env.network.located, "the AKS VNet is not identified")
    existing(env.named_registry.target)
    return env.registry_data
