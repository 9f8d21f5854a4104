"""ARM bodies of private endpoints and private DNS zones, kept consistent with each other."""

import ipaddress
from collections.abc import Iterable, Mapping

from .estate import BUILT, Estate, Group, Json, child_of, guid

NIC = "Microsoft.Network/networkInterfaces"
ENDPOINT = "Microsoft.Network/privateEndpoints"
ZONE = "Microsoft.Network/privateDnsZones"

Zones = Mapping[str, Json]

# Where the names behind private endpoints end in public, and the zones that hold them.
ZONE_OF_SUFFIX = {
    "api.azureml.ms": "privatelink.api.azureml.ms",
    "notebooks.azure.net": "privatelink.notebooks.azure.net",
    "vault.azure.net": "privatelink.vaultcore.azure.net",
    "azurecr.io": "privatelink.azurecr.io",
    **{f"{part}.core.windows.net": f"privatelink.{part}.core.windows.net" for part in ("blob", "file", "dfs")},
}
PRIVATE_ZONES = tuple(ZONE_OF_SUFFIX.values())


def zones(at: Group, names: Iterable[str], *linked: Json) -> dict[str, Json]:
    """Private DNS zones by name, each linked to the VNets."""
    found = {}
    for name in names:
        zone = found[name] = at.add(ZONE, name, {"maxNumberOfRecordSets": 25000}, location="global")
        start = {
            "email": "azureprivatedns-host.microsoft.com",
            "host": "azureprivatedns.net",
            "serialNumber": 1,
        }
        _record_set(at.estate, zone, "SOA", "@", {"ttl": 3600, "soaRecord": start})
        for network in linked:
            link(at.estate, zone, network)
    return found


def link(estate: Estate, zone: Json, network: Json) -> Json:
    """A link by which the VNet resolves the zone."""
    properties = {
        "provisioningState": "Succeeded",
        "registrationEnabled": False,
        "resolutionPolicy": "Default",
        "virtualNetwork": {"id": network["id"]},
        "virtualNetworkLinkState": "Completed",
    }
    head = child_of(zone, "virtualNetworkLinks", f"link-{network['name']}")
    return estate.add(head | {"location": "global", "properties": properties})


def a_record(estate: Estate, zone: Json, name: str, *addresses: str) -> Json:
    """The A record set of a name, relative to the zone."""
    return _record_set(estate, zone, "A", name, {"ttl": 10, "aRecords": [{"ipv4Address": ip} for ip in addresses]})


def addresses_of(estate: Estate, zone_id: str, name: str) -> list[str]:
    """The addresses that the zone has for a name: none where it has no such record."""
    found = estate.resources.get(f"{zone_id}/A/{name}".lower())
    return [item["ipv4Address"] for item in found["properties"]["aRecords"]] if found else []


def _record_set(estate: Estate, zone: Json, kind: str, name: str, data: Json) -> Json:
    fqdn = f"{zone['name']}." if name == "@" else f"{name}.{zone['name']}."
    head = child_of(zone, kind, name)
    return estate.add(head | {"properties": {"fqdn": fqdn, "isAutoRegistered": False} | data})


def names_behind(estate: Estate, target: Json, group: str) -> list[tuple[str, list[str]]]:
    """The members of a private link group, each with the names that its address answers for."""
    name, region, properties = target["name"].lower(), target["location"], target["properties"]
    if group == "amlworkspace":
        own = properties["workspaceId"]
        return [
            ("default", [f"{own}.workspace.{region}{cert}.api.azureml.ms" for cert in ("", ".cert")]),
            ("notebook", [properties["notebookInfo"]["fqdn"]]),
            ("inference", [f"*.{own}.inference.{region}.api.azureml.ms"]),
        ]
    if group == "registry":
        replicas = estate.find_all(f"{target['type']}/replications")
        regions = [region, *(r["location"] for r in replicas if r["id"].startswith(target["id"] + "/"))]
        data = [(f"registry_data_{place}", [f"{name}.{place}.data.azurecr.io"]) for place in regions]
        return [*data, ("registry", [f"{name}.azurecr.io"])]
    if group == "management":
        return [("management", [properties["privateFQDN"]])]
    if group == "vault":
        return [("default", [f"{name}.vault.azure.net"])]
    return [(group, [f"{name}.{group}.core.windows.net"])]


def private_endpoint(
    at: Group,
    name: str,
    target: Json,
    group: str,
    subnet_body: Json,
    dns: Zones | None = None,
    status: str = "Approved",
    days_old: float = BUILT,
) -> Json:
    """A private endpoint with its NIC and the connection on its target.

    With `dns` zones it also has a zone group, its record sets and the A records themselves.
    """
    estate, where = at.estate, {"id": subnet_body["id"]}
    head = {"id": at.id_of(ENDPOINT, name), "type": ENDPOINT}
    nic_name = f"{name}.nic.{guid(head['id'])}"
    used = sum(len(_configurations(nic, where["id"])) for nic in estate.find_all(NIC))
    prefix = ipaddress.ip_network(subnet_body["properties"]["addressPrefix"])
    members = names_behind(estate, target, group)
    addresses = [str(prefix[4 + used + number]) for number in range(len(members))]  # Azure keeps the first four
    nic = at.add(NIC, nic_name, {"privateEndpoint": {"id": head["id"]}, "nicType": "Standard"}, days_old)
    nic["properties"]["ipConfigurations"] = [
        child_of(nic, "ipConfigurations", f"privateEndpointIpConfig.{guid(nic_name, member)}")
        | {
            "properties": {
                "provisioningState": "Succeeded",
                "privateIPAddress": address,
                "privateIPAllocationMethod": "Dynamic",
                "subnet": where,
                "primary": address == addresses[0],
                "privateIPAddressVersion": "IPv4",
                "privateLinkConnectionProperties": {
                    "groupId": group,
                    "requiredMemberName": member,
                    "fqdns": fqdns,
                },
            }
        }
        for (member, fqdns), address in zip(members, addresses, strict=True)
    ]
    approval = "Auto-Approved" if status == "Approved" else ""
    state = {"status": status, "description": approval, "actionsRequired": "None"}
    linked = {
        "privateLinkServiceId": target["id"],
        "groupIds": [group],
        "privateLinkServiceConnectionState": state,
    }
    connection = child_of(head, "privateLinkServiceConnections", name)
    resolved = [(fqdn, ip) for (_, fqdns), ip in zip(members, addresses, strict=True) for fqdn in fqdns]
    endpoint = at.add(
        ENDPOINT,
        name,
        {
            "privateLinkServiceConnections": [connection | {"properties": {"provisioningState": "Succeeded"} | linked}],
            "manualPrivateLinkServiceConnections": [],
            "customNetworkInterfaceName": "",
            "subnet": where,
            "ipConfigurations": [],
            "networkInterfaces": [{"id": nic["id"]}],
            # ARM leaves these out once a zone group keeps the names
            "customDnsConfigs": [] if dns else [{"fqdn": fqdn, "ipAddresses": [ip]} for fqdn, ip in resolved],
            "ipVersionType": "IPv4",
        },
        days_old,
    )
    _connect(estate, target, endpoint, state)
    if dns:
        _zone_group(estate, endpoint, dns, resolved)
    return endpoint


def _configurations(nic: Json, subnet_id: str) -> list[Json]:
    configurations: list[Json] = nic["properties"]["ipConfigurations"]
    return [item for item in configurations if item["properties"]["subnet"]["id"] == subnet_id]


def _connect(estate: Estate, target: Json, endpoint: Json, state: Json) -> None:
    """Show the endpoint on its target, where clusters alone do not embed their connections."""
    connection = child_of(
        target, "privateEndpointConnections", f"{target['name']}.{guid(endpoint['id'], 'connection')}"
    )
    connection["properties"] = {
        "provisioningState": "Succeeded",
        "privateEndpoint": {"id": endpoint["id"]},
        "privateLinkServiceConnectionState": dict(state),
    }
    if "managedclusters" in target["type"].lower():
        estate.add(connection)
    else:
        target["properties"].setdefault("privateEndpointConnections", []).append(connection)


def _zone_group(estate: Estate, endpoint: Json, dns: Zones, resolved: Iterable[tuple[str, str]]) -> None:
    group = child_of(endpoint, "privateDnsZoneGroups", "default")
    records: dict[str, list[Json]] = {}
    for fqdn, ip in resolved:
        suffix = next((s for s in ZONE_OF_SUFFIX if fqdn.endswith(s)), fqdn.partition(".")[2])
        zone = dns[ZONE_OF_SUFFIX.get(suffix, suffix)]
        label = fqdn.removesuffix(f".{suffix}")
        a_record(estate, zone, label, *addresses_of(estate, zone["id"], label), ip)
        record = {"recordType": "A", "recordSetName": label, "fqdn": f"{label}.{zone['name']}", "ttl": 10}
        row = record | {"provisioningState": "Succeeded", "ipAddresses": [ip]}
        records.setdefault(zone["name"], []).append(row)
    configs = [
        child_of(group, "privateDnsZoneConfigs", name.replace(".", "-"))
        | {
            "properties": {
                "provisioningState": "Succeeded",
                "privateDnsZoneId": dns[name]["id"],
                "recordSets": rows,
            }
        }
        for name, rows in records.items()
    ]
    estate.add(group | {"properties": {"provisioningState": "Succeeded", "privateDnsZoneConfigs": configs}})


def remove_private_endpoint(estate: Estate, endpoint: Json) -> None:
    """Delete a private endpoint as ARM does: with its NIC, its records and the connection on its target."""
    for group in estate.find_all(f"{ENDPOINT}/privateDnsZoneGroups"):
        if group["id"].startswith(endpoint["id"] + "/"):
            for config in group["properties"]["privateDnsZoneConfigs"]:
                zone = estate.get(config["properties"]["privateDnsZoneId"])
                for row in config["properties"]["recordSets"]:
                    label, own = row["recordSetName"], row["ipAddresses"]
                    kept = [ip for ip in addresses_of(estate, zone["id"], label) if ip not in own]
                    record = a_record(estate, zone, label, *kept)
                    if not kept:
                        estate.remove(record)
    for nic in endpoint["properties"]["networkInterfaces"]:
        estate.remove(nic["id"])
    for body in list(estate):
        connections = body["properties"].get("privateEndpointConnections", [])
        connections[:] = [c for c in connections if c["properties"]["privateEndpoint"]["id"] != endpoint["id"]]
        if body["properties"].get("privateEndpoint") == {"id": endpoint["id"]}:
            estate.remove(body)
    estate.remove(endpoint)
