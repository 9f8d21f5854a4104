"""Property patterns that several modules share."""

from __future__ import annotations

CONNECTIONS = tuple(
    f"properties.privateEndpointConnections[].{name}"
    for name in (
        "name",
        "properties.privateEndpoint.id",
        "properties.groupIds",
        "properties.privateLinkServiceConnectionState.status",
        "properties.provisioningState",
    )
)

# What decides how the scoring router is exposed; other settings are the users' own and stay out.
# https://learn.microsoft.com/azure/machine-learning/how-to-deploy-kubernetes-extension
EXTENSION_SETTINGS = (
    "enableInference",
    "inferenceRouterServiceType",
    "internalLoadBalancerProvider",
    "scoringFe.serviceType.internalLoadBalancer",
    "allowInsecureConnections",
    "sslSecret",
    "scoringFe.sslSecret",
    "sslCname",
)
