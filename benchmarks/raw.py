"""The least that reading pages costs with an SDK: ``python -m benchmarks.raw URL SUBSCRIPTION``.

One client of an SDK is handed the address of each page in turn by `send_request`, which builds no models, and the body
is parsed as JSON. Prints JSON: pages, resources, bytes, the processor time of it all, and that of parsing alone.
"""

from __future__ import annotations

import gc
import json
import sys
import time

from azure.core.rest import HttpRequest
from azure.identity import ManagedIdentityCredential
from azure.mgmt.storage import StorageManagementClient

LISTED = (
    *("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.Network/virtualNetworks"),
    *("Microsoft.Network/privateEndpoints", "Microsoft.Network/networkInterfaces"),
)
CREATED = (
    "resources?api-version=2021-04-01&$expand=createdTime&$filter=resourceType eq 'Microsoft.Network/privateEndpoints'"
)


def main() -> None:
    url, subscription = sys.argv[1:]
    gc.disable()  # as an audit does
    credential = ManagedIdentityCredential()
    client = StorageManagementClient(
        credential, subscription, base_url=url, credential_scopes=["https://management.azure.com/.default"]
    )
    at = f"{url}/subscriptions/{subscription}"
    starts = [f"{at}/providers/{kind}?api-version=2023-01-01" for kind in LISTED] + [f"{at}/{CREATED}"]
    bodies, resources = [], 0
    client.send_request(HttpRequest("GET", f"{at}?api-version=2022-12-01"))  # what only the first one costs
    began = time.process_time()
    for link in starts:
        while link:
            answer = client.send_request(HttpRequest("GET", link))
            answer.raise_for_status()
            page = answer.json()
            resources += len(page["value"])
            bodies.append(answer.content)
            link = page.get("nextLink", "")
    reading = time.process_time() - began
    began = time.process_time()
    for body in bodies:
        json.loads(body)
    parsing = time.process_time() - began
    found = {"pages": len(bodies), "resources": resources, "bytes": sum(map(len, bodies))}
    print(json.dumps({**found, "reading": reading, "parsing": parsing}))  # noqa: T201


if __name__ == "__main__":
    main()
