"""Property patterns that several types share."""

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
