"""The environment is in the article's row "secure resources in a virtual network".

What it checks: how AKS reaches the workspace, storage, Key Vault and registry, computed from the topology and not
from other rules. All through private or service endpoints, with a private workspace, and with a cluster whose API
server is private or whose nodes reach one of the endpoints, is the secure row.

When it applies: the compute is attached to a cluster that exists (ENV-001).

Why it matters: the article knows three rows. "Public workspace" is documented but not the secure one, so it fails at
low; "no virtual network", or a mixture that no row describes, leaves traffic on the public network.

How to fix it: make a private endpoint for what has none, then close what is public (see the other findings), most
often the workspace itself.

When it is unknown: something whose answer could still change the row was not read.

Easily misjudged: a default cluster with a public API server looks out of place here, and is not: the row is about
where its nodes stand, and they reach the private endpoints. A storage account with an endpoint for blobs looks
private, and is not while there is no way to its files.
"""

from __future__ import annotations

from auditor.model.environment import Access, Environment, Scenario
from auditor.model.facts import Evidence
from auditor.model.ids import ArmId
from auditor.model.rule import rule
from auditor.model.verdict import Severity, Verdict, fail, ok, require, unknown


@rule(
    id="ENV-003",
    title="Environment matches the secure resources in a virtual network row",
    severity=Severity.MEDIUM,
    about=Environment,
    resource="workspace",
    fix="az network private-endpoint create -g {vnet_group} -n pe-{unreached} --vnet-name {vnet} --subnet <pe-subnet> "
    "--private-connection-resource-id {unreached_id} --group-id {unreached_kind} --connection-name {unreached} && "
    "az storage account update -g {storage_group} -n {open_storage} --public-network-access Disabled && "
    "az keyvault update -g {vault_group} -n {open_key_vault} --public-network-access Disabled && "
    "az acr update -g {registry_group} -n {open_container_registry} --public-network-enabled false && "
    "az ml workspace update -g {home_group} -n {open_workspace} --public-network-access Disabled"
    "  # after adding the private endpoint",
)
def secure_row(env: Environment) -> Verdict:
    require(env.attached, "there is no cluster")
    seen = Evidence(env.id, "access", {name: str(access) for name, access in env.access.items() if access})
    if env.scenario is Scenario.SECURED:
        return ok("AKS reaches every part through the virtual network", seen)
    if env.scenario is Scenario.PUBLIC_WORKSPACE:
        message = "the workspace is public, everything else is in a VNet"
        return fail(message, seen, at=Severity.LOW, names=_mends(env))
    if env.scenario is Scenario.UNDETERMINED:
        open_parts = [name for name, access in env.access.items() if access is Access.UNKNOWN]
        return unknown(f"not known: how AKS reaches {', '.join(open_parts)}", *env.unread(), seen=[seen])
    parts = ", ".join(f"{name.replace('_', ' ')} {access}" for name, access in env.access.items() if access)
    row = "no part is in a virtual network" if env.scenario is Scenario.NO_VIRTUAL_NETWORK else "no row of the article"
    return fail(f"{row}: {parts}", seen, names=_mends(env))


def _mends(env: Environment) -> dict[str, str]:
    """What the fix is about: the parts to close, and the first that has no way in."""
    storage = env.file if env.blob.endpoint.passed and not env.file.endpoint.passed else env.blob
    paths = {"workspace": env.workspace_path, "storage": env.blob, "key_vault": env.vault}
    paths |= {"container_registry": env.registry} if env.registry else {}
    names = {
        f"open_{part}": ArmId.parse(path.target_id).name
        for part, path in paths.items()
        if env.access[part] is Access.PUBLIC
    }
    for part, path in (paths | {"storage": storage}).items():
        if env.access[part] is Access.NONE:
            arm = ArmId.parse(path.target_id)
            return names | {"unreached": arm.name, "unreached_id": path.target_id, "unreached_kind": path.group}
    return names
