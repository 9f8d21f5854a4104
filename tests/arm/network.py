"""ARM bodies of VNets and of what governs their traffic and who comes in."""

from collections.abc import Iterable, Mapping

from .estate import Group, Json, child_of, guid

VNET = "Microsoft.Network/virtualNetworks"


def vnet(at: Group, name: str, space: str, subnets: Mapping[str, str], dns_servers: Iterable[str] = ()) -> Json:
    """A VNet with subnets (name: prefix)."""
    properties: Json = {
        "addressSpace": {"addressPrefixes": [space]},
        "privateEndpointVNetPolicies": "Disabled",
    }
    if dns_servers:
        properties["dhcpOptions"] = {"dnsServers": list(dns_servers)}
    body = at.add(VNET, name, properties | {"virtualNetworkPeerings": [], "enableDdosProtection": False})
    body["properties"]["subnets"] = []
    for label, prefix in subnets.items():
        add_subnet(body, label, prefix)
    return body


def add_subnet(network: Json, name: str, prefix: str) -> Json:
    """A further subnet of a VNet."""
    body = child_of(network, "subnets", name) | {
        "properties": {
            "provisioningState": "Succeeded",
            "addressPrefix": prefix,
            "serviceEndpoints": [],
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
            "defaultOutboundAccess": False,
        }
    }
    network["properties"]["subnets"].append(body)
    return body


def subnet(network: Json, name: str) -> Json:
    """The subnet of this name in the body of its VNet."""
    return next(item for item in network["properties"]["subnets"] if item["name"] == name)


def service_endpoints(network: Json, name: str, *services: str) -> None:
    """Turn service endpoints on in a subnet."""
    where = {"Microsoft.Storage": [network["location"], "westeurope"]}  # its own region and the paired one
    subnet(network, name)["properties"]["serviceEndpoints"] += [
        {"provisioningState": "Succeeded", "service": service, "locations": where.get(service, ["*"])}
        for service in services
    ]


def peer(one: Json, other: Json, gateway_in_one: bool = False) -> None:
    """Peer two VNets, on both sides."""
    for local, remote, has_gateway in ((one, other, gateway_in_one), (other, one, False)):
        space = {"addressPrefixes": list(remote["properties"]["addressSpace"]["addressPrefixes"])}
        local["properties"]["virtualNetworkPeerings"].append(
            child_of(local, "virtualNetworkPeerings", f"to-{remote['name']}")
            | {
                "properties": {
                    "provisioningState": "Succeeded",
                    "peeringState": "Connected",
                    "peeringSyncLevel": "FullyInSync",
                    "remoteVirtualNetwork": {"id": remote["id"]},
                    "allowVirtualNetworkAccess": True,
                    "allowForwardedTraffic": False,
                    "allowGatewayTransit": has_gateway,
                    "useRemoteGateways": gateway_in_one and not has_gateway,
                    "doNotVerifyRemoteGateways": False,
                    "peerCompleteVnets": True,
                    "remoteAddressSpace": space,
                    "remoteVirtualNetworkAddressSpace": {"addressPrefixes": list(space["addressPrefixes"])},
                }
            }
        )


def security_group(at: Group, name: str, network: Json, subnets: Iterable[str], rules: Iterable[Json] = ()) -> Json:
    """A network security group on some subnets; `rules` are the properties of its own rules."""
    body = at.add("Microsoft.Network/networkSecurityGroups", name, {})
    defaults = [
        ("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
        ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
        ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
        ("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
        ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
        ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
    ]
    plain = {
        "provisioningState": "Succeeded",
        "protocol": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "*",
    }
    plain |= {"sourceAddressPrefix": "*", "destinationAddressPrefix": "*"}
    body["properties"]["securityRules"] = [
        child_of(body, "securityRules", f"rule-{number}") | {"properties": plain | rule}
        for number, rule in enumerate(rules)
    ]
    body["properties"]["defaultSecurityRules"] = [
        child_of(body, "defaultSecurityRules", rule)
        | {
            "properties": plain
            | {"priority": priority, "direction": direction, "access": access}
            | {"sourceAddressPrefix": source, "destinationAddressPrefix": destination}
        }
        for rule, priority, direction, access, source, destination in defaults
    ]
    for label in subnets:
        subnet(network, label)["properties"]["networkSecurityGroup"] = {"id": body["id"]}
    return body


def route_table(at: Group, name: str, network: Json, subnets: Iterable[str], routes: Mapping[str, str]) -> Json:
    """A route table on some subnets; `routes` maps a prefix to a next hop type or an appliance's address."""
    body = at.add("Microsoft.Network/routeTables", name, {"disableBgpRoutePropagation": False})
    body["properties"]["routes"] = []
    for number, (prefix, hop) in enumerate(routes.items()):
        appliance = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": hop}
        next_hop = appliance if hop[0].isdigit() else {"nextHopType": hop}
        properties = {"provisioningState": "Succeeded", "addressPrefix": prefix, **next_hop}
        body["properties"]["routes"].append(child_of(body, "routes", f"route-{number}") | {"properties": properties})
    for label in subnets:
        subnet(network, label)["properties"]["routeTable"] = {"id": body["id"]}
    return body


def bastion(at: Group, name: str, network: Json) -> Json:
    """A Bastion host in the AzureBastionSubnet of a VNet."""
    body = at.add("Microsoft.Network/bastionHosts", name, {"scaleUnits": 2}, sku={"name": "Standard"})
    body["properties"]["dnsName"] = f"bst-{guid(body['id'])}.bastion.azure.com"
    body["properties"]["ipConfigurations"] = [
        _front(at, body, "bastionHostIpConfigurations", network, "AzureBastionSubnet")
    ]
    return body


def vpn_gateway(at: Group, name: str, network: Json) -> Json:
    """A VPN gateway in the GatewaySubnet of a VNet."""
    sku = {"name": "VpnGw2AZ", "tier": "VpnGw2AZ", "capacity": 2}
    properties: Json = {"gatewayType": "Vpn", "vpnType": "RouteBased", "sku": sku, "activeActive": False}
    body = at.add("Microsoft.Network/virtualNetworkGateways", name, properties | {"enableBgp": False})
    body["properties"]["ipConfigurations"] = [_front(at, body, "ipConfigurations", network, "GatewaySubnet")]
    return body


def firewall(
    at: Group, name: str, network: Json, address: str, upstream: Iterable[str] = (), classic: bool = False
) -> Json:
    """An Azure Firewall that is a DNS proxy, in the AzureFirewallSubnet of a VNet.

    It asks Azure DNS, or the servers that it is given. A `classic` one keeps its settings itself, others in a policy.
    """
    sku = {"name": "AZFW_VNet", "tier": "Standard"}
    body = at.add("Microsoft.Network/azureFirewalls", name, {"sku": sku, "threatIntelMode": "Alert"})
    front = _front(at, body, "azureFirewallIpConfigurations", network, "AzureFirewallSubnet")
    front["properties"]["privateIPAddress"] = address
    settings: Json = {"ipConfigurations": [front], "additionalProperties": {}}
    if classic:
        dns = {"EnableProxy": "true", "Servers": ",".join(upstream)}
        settings["additionalProperties"] = {f"Network.DNS.{key}": value for key, value in dns.items() if value}
    else:
        dns_settings = {"servers": list(upstream), "enableProxy": True}
        policy = at.add(
            "Microsoft.Network/firewallPolicies",
            f"afwp-{name}",
            {"sku": {"tier": "Standard"}, "threatIntelMode": "Alert", "dnsSettings": dns_settings},
        )
        settings["firewallPolicy"] = {"id": policy["id"]}
    body["properties"] |= settings
    return body


def resolver(at: Group, name: str, network: Json, subnet_name: str, address: str) -> Json:
    """A DNS Private Resolver with an inbound endpoint in a subnet of a VNet."""
    where = {
        "virtualNetwork": {"id": network["id"]},
        "dnsResolverState": "Connected",
        "resourceGuid": guid(at.id, name),
    }
    body = at.add("Microsoft.Network/dnsResolvers", name, dict(where))
    front = {
        "subnet": {"id": subnet(network, subnet_name)["id"]},
        "privateIpAddress": address,
        "privateIpAllocationMethod": "Static",
    }
    inbound = {
        "provisioningState": "Succeeded",
        "ipConfigurations": [front],
        "resourceGuid": guid(body["id"], "inbound"),
    }
    at.estate.add(child_of(body, "inboundEndpoints", "inbound") | {"location": at.region, "properties": inbound})
    return body


def ruleset(at: Group, name: str, rules: Mapping[str, str], *linked: Json) -> Json:
    """A DNS forwarding ruleset linked to VNets; `rules` maps a domain to the server that is asked for its names."""
    body = at.add("Microsoft.Network/dnsForwardingRulesets", name, {"dnsResolverOutboundEndpoints": []})
    done = {"provisioningState": "Succeeded"}
    for number, (domain, address) in enumerate(rules.items()):
        target = {"targetDnsServers": [{"ipAddress": address, "port": 53}], "forwardingRuleState": "Enabled"}
        rule = {"properties": done | {"domainName": f"{domain.rstrip('.')}."} | target}
        at.estate.add(child_of(body, "forwardingRules", f"rule-{number}") | rule)
    for network in linked:
        properties = {"properties": done | {"virtualNetwork": {"id": network["id"]}}}
        at.estate.add(child_of(body, "virtualNetworkLinks", f"link-{network['name']}") | properties)
    return body


def _front(at: Group, owner: Json, kind: str, network: Json, subnet_name: str) -> Json:
    address = {
        "publicIPAllocationMethod": "Static",
        "ipAddress": "198.51.100.17",
        "publicIPAddressVersion": "IPv4",
    }
    public = at.add("Microsoft.Network/publicIPAddresses", f"pip-{owner['name']}", address, sku={"name": "Standard"})
    return child_of(owner, kind, "front") | {
        "properties": {
            "provisioningState": "Succeeded",
            "privateIPAllocationMethod": "Dynamic",
            "publicIPAddress": {"id": public["id"]},
            "subnet": {"id": subnet(network, subnet_name)["id"]},
        }
    }
