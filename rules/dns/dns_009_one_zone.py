"""Of several private DNS zones of one name, AKS asks the one that holds the records.

What it checks: where two or more zones have the name that an endpoint needs, the one that resolves from the AKS VNet
is the one that the endpoint's zone group writes to, or holds the same records.

When it applies: there are at least two zones of one needed name, one of them resolves from the AKS VNet, and one that
was read has the records.

Why it matters: a VNet is linked to one zone of a name. If that is the wrong one, it answers that the name does not
exist, although the endpoint and its record are there, in the other zone. The public address is not asked either.

How to fix it: delete the link of the wrong zone and link the right one in its place; or point the zone group at the
linked zone. Best is one zone of each name, shared by all.

When it is unknown: a zone of that name, or the zones of a subscription around the AKS VNet, could not be read, and none
that was read surely is the one that AKS asks.

Easily misjudged: a second zone of the same name is no error in itself. It does no harm while the AKS VNet is linked to
the right one. A zone that is linked, with the right name and a healthy link, looks perfect and breaks everything when
it is the empty one of the two.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.naming import every_name
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.verdict import Severity, Verdict


@rule(
    id="DNS-009",
    title="One zone per name: the zone that AKS asks is the zone that holds the records",
    severity=Severity.CRITICAL,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="home",
    fix="az network private-dns link vnet delete -g {wrong_group} -z {zone} -n {link} --yes"
    " && az network private-dns link vnet create -g {zone_group} -z {zone} -n {link} --virtual-network {vnet_id} "
    "--registration-enabled false",
    references=(
        f"{LEARN}/private-link/private-endpoint-dns",
        f"{LEARN}/dns/private-dns-virtual-network-links",
        "https://github.com/Azure/AKS/issues/1839",
    ),
)
def one_zone_per_name(env: Environment) -> Verdict:
    every = "of several zones of a name, AKS asks the one that holds the records"
    return every_name(env, lambda zone: zone.single, every, "no two zones of a needed name stand side by side")
