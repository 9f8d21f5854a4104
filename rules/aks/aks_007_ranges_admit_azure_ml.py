"""The authorized ranges of the API server let Azure ML in.

What it checks: Trusted Access admits the workspace; or the ranges hold every IPv4 address that Azure ML has in the
workspace's region and in the region paired with it. These addresses are in no answer of Azure Resource Manager: give
the file of service tags that Microsoft publishes, with --service-tags.

When it applies: the cluster is public and has authorized ranges.

Why it matters: Azure ML places its pods from a control plane that stands in both regions. One that is shut out attaches
and deploys nothing, often only now and then, when the other region answers.

How to fix it: add the addresses that are missing, of the tag AzureMachineLearning for both regions. The API server
takes 200 ranges. In the public cloud, Trusted Access makes them unnecessary (AKS-006 shows the binding).

When it is unknown: Trusted Access could not be told, or does not admit the workspace, and no service tag file was
given, or the file has no addresses of the region.

Easily misjudged: a range with the address of your own office is a range, and keeps Azure ML out. So does 0.0.0.0/32,
which admits the cluster alone. The tags AzureMachineLearning and AzureCloud among the ranges (a preview) hold all that
is needed. Addresses of one region only look complete, and are half. IPv6 is not looked at: the ranges take none.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from auditor.model.environment import Environment
from auditor.model.facts import Evidence, Fact
from auditor.model.ids import equal, location
from auditor.model.ranges import left_out, network
from auditor.model.regions import pair_of
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.snapshot import ServiceTags
from auditor.model.verdict import Severity, Verdict, any_of, applies, fail, ok, unknown

PROFILE = "properties.apiServerAccessProfile"


@rule(
    id="AKS-007",
    title="Authorized IP ranges admit Azure ML",
    severity=Severity.MEDIUM,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az aks update -g {cluster_group} -n {cluster} --api-server-authorized-ip-ranges {ranges}",
    references=(
        f"{LEARN}/machine-learning/how-to-deploy-kubernetes-extension#limitations",
        f"{LEARN}/aks/api-server-authorized-ip-ranges",
        f"{LEARN}/virtual-network/service-tags-overview#discover-service-tags-by-using-downloadable-json-files",
    ),
)
def ranges_admit_azure_ml(env: Environment) -> Verdict:
    cluster = env.aks
    # Absent means a public cluster, and no ranges mean that every address is let in:
    # https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges
    private = cluster.flag(f"{PROFILE}.enablePrivateCluster", absent=False)
    applies(not private.value, "the cluster is private, and takes no authorized ranges")
    ranges = cluster.items(f"{PROFILE}.authorizedIPRanges", absent=[])
    applies(bool(ranges.value), "the API server has no authorized ranges")
    return any_of([env.workspace_trusted, _admitted(env, ranges)], fail("Azure ML is shut out"))


def _admitted(env: Environment, ranges: Fact[list[Any]]) -> Verdict:
    values = [str(value) for value in ranges.value]
    for tag in ("AzureMachineLearning", "AzureCloud"):
        if any(equal(value, tag) for value in values):
            return ok(f"the authorized ranges hold the service tag {tag}", ranges)
    published = env.service_tags
    if published is None:
        reason = "no service tag file was given: download ServiceTags_Public_<date>.json, and give it by --service-tags"
        return unknown(f"which addresses Azure ML has is not known; {reason}", env.aks.missing("", reason))
    region = location(env.workspace.text("location").value)
    wanted, notes = _addresses(published, region)
    if region not in wanted:
        reason = f"{published.name} has no addresses of Azure ML in {region}"
        return unknown(reason, env.workspace.missing("location", reason))
    prefixes, where = [prefix for held in wanted.values() for prefix in held], " and ".join(wanted)
    missing = left_out(prefixes, values)
    seen = Evidence(env.aks.id, "", missing, f"what the ranges leave out of Azure ML in {where}, by {published.name}")
    if not missing:
        message = (
            f"the authorized ranges hold all that Azure ML has in {where}, {len(prefixes)} of {len(prefixes)} prefixes"
        )
        return ok(message, ranges, seen, assuming=notes)
    strange = [value for value in values if network(value) is None]
    if strange:
        gap = env.aks.missing(ranges.path, f"{', '.join(strange)} is no address range")
        return unknown("how much the authorized ranges admit is not known", gap, seen=[ranges, seen])
    message = f"the authorized ranges leave out {len(missing)} of {len(prefixes)} prefixes of Azure ML in {where}"
    return fail(f"{message}, such as {missing[0]}", ranges, seen, names={"ranges": ",".join([*values, *missing])})


def _addresses(published: ServiceTags, region: str) -> tuple[dict[str, list[str]], list[str]]:
    """The IPv4 prefixes of Azure ML in a region and in its pair, by region, and what is not known of the pair."""
    pair = pair_of(region)
    found = {}
    for place in (region, *(pair or ())):
        prefixes = published.prefixes.get(f"azuremachinelearning.{place}", [])
        found[place] = [prefix for prefix in prefixes if isinstance(network(prefix), IPv4Network)]
    notes = [f"{published.name} has no addresses of Azure ML in {other}" for other in pair or () if not found[other]]
    if pair is None:
        notes = [f"the region that {region} is paired with is not known: only its own addresses were looked at"]
    return {place: prefixes for place, prefixes in found.items() if prefixes}, notes
