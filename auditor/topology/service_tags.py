"""What the words in the address fields of security rules and routes hold: prefixes, addresses and service tags.

A tag of an Azure service holds public addresses only, and which ones no resource says: so it never holds a private
address, and whether it holds a public one is not known.
https://learn.microsoft.com/azure/virtual-network/service-tags-overview
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

from auditor.model.facts import Missing
from auditor.model.resource import Resource
from auditor.model.shapes import AZURE_DNS
from auditor.topology.worlds import World

# No public address and no service: RFC 1918 and RFC 6598, the ranges that Azure itself sets apart.
# https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview#system-routes
PRIVATE = tuple(IPv4Network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
# The further ranges that no service has its public address in.
RESERVED = (*PRIVATE, *(IPv4Network(n) for n in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
HOST = IPv4Address(AZURE_DNS)
EVERYTHING = IPv4Network("0.0.0.0/0")
ANY = ("*", "any")

# Documented, or listed by the discovery API. A word that is not here is not taken for a tag.
TAGS = frozenset(
    """
    actiongroup apimanagement appconfiguration applicationinsightsavailability appservice appservicemanagement
    autonomousdevelopmentplatform azureactivedirectory azureactivedirectorydomainservices azureadvancedthreatprotection
    azurearcinfrastructure azureattestation azurebackup azurebotservice azurecloud azurecognitivesearch azureconnectors
    azurecontainerappsservice azurecontainerregistry azurecosmosdb azuredatabricks azuredataexplorermanagement
    azuredatalake azuredeviceupdate azuredevops azuredevspaces azuredigitaltwins azureeventgrid azurefrontdoor
    azurehealthcareapis azureinformationprotection azureiothub azurekeyvault azureloadtestinginstancemanagement
    azuremachinelearning azuremachinelearninginference azuremanagedgrafana azuremonitor azuremonitorforsap
    azureopendatasets azureplatformdns azureplatformimds azureplatformlkm azureportal azureresourcemanager
    azuresecuritycenter azuresentinel azuresignalr azuresiterecovery azuresphere azurespringcloud azurestack
    azuretrafficmanager azureupdatedelivery azurevideoanalyzerformedia azurewebpubsub batchnodemanagement chaosstudio
    cognitiveservicesfrontend cognitiveservicesmanagement copilotactions datafactory datafactorymanagement
    dynamics365businesscentral dynamics365formarketingemail dynamics365fraudprotection eopexternalpublishedips eventhub
    gatewaymanager genevaactions grafana guestandhybridmanagement hdinsight kustoanalytics logicapps
    logicappsmanagement m365lighthouseprod m365managementactivityapi m365managementactivityapiwebhook marketplace
    microsoftazurefluidrelay microsoftcloudappsecurity microsoftcontainerregistry microsoftdefenderforendpoint
    microsoftpurviewpolicydistribution onedscollector powerbi powerplatforminfra powerplatformplex powerqueryonline
    sccservice scuba securitycopilot serialconsole servicebus servicefabric sql sqlmanagement storage storagemover
    storagesyncservice videoindexer windowsadmincenter windowsvirtualdesktop zerotrustsegmentation
    """.split()  # noqa: SIM905  (a name to a line would hide the rest of the module)
)
# AzureCloud names these regions in its own way.
REGIONS = {
    "centralfrance": "francecentral",
    "southfrance": "francesouth",
    "germanywc": "germanywestcentral",
    "germanyn": "germanynorth",
    "norwaye": "norwayeast",
    "norwayw": "norwaywest",
    "switzerlandn": "switzerlandnorth",
    "switzerlandw": "switzerlandwest",
}


@dataclass(frozen=True)
class Inside:
    """What the tag VirtualNetwork holds: the VNet, its connected peers and whatever else is connected. ``gap`` is what
    was not read of that; without one, ``networks`` are all of it."""

    networks: tuple[IPv4Network, ...]
    gap: Missing | None = None

    def holds(self, address: IPv4Address, world: World) -> bool:
        """Whether an address is inside. The virtual address of the host always is."""
        if address == HOST or any(address in network for network in self.networks):
            return True
        return self.gap is not None and world.holds(("inside", address), self.gap)


@dataclass(frozen=True)
class Word:
    """A word in a field of a rule or route: ``owner`` is that rule's path, ``path`` the word's own."""

    text: str
    resource: Resource
    owner: str
    path: str

    @property
    def prefix(self) -> IPv4Network | IPv6Network | None:
        return prefix(self.text)

    @property
    def low(self) -> str:
        return self.text.strip().lower()

    def holds(self, address: IPv4Address, inside: Inside, world: World) -> bool:
        """Whether it holds an address. An IPv6 prefix holds none."""
        if self.prefix is not None:
            return isinstance(self.prefix, IPv4Network) and address in self.prefix
        if self.low == "virtualnetwork":
            return inside.holds(address, world)
        if self.low == "internet":
            return not is_private(address) and not inside.holds(address, world)
        if self.low == "azureloadbalancer":
            return address == HOST
        tag = service_tag(self.text)
        if tag is None:
            return self.strange(world)
        if is_private(address):
            return False
        return self.ask(world, (tag, address), f"which addresses the service tag {self.text} holds was not read")

    def ask(self, world: World, question: Hashable, reason: str) -> bool:
        return world.holds(question, self.resource.missing(self.path, reason))

    def strange(self, world: World) -> bool:
        reason = f"{self.text!r} is neither a prefix nor a service tag that is known"
        return self.ask(world, (self.owner, "strange"), reason)


@lru_cache(maxsize=4096)
def prefix(word: str) -> IPv4Network | IPv6Network | None:
    """The prefix or single address that a word is; ``*`` and ``Any`` are every IPv4 address."""
    if word.strip().lower() in ANY:
        return EVERYTHING
    try:
        return ip_network(word.strip(), strict=False)
    except ValueError:
        return None


def is_private(address: IPv4Address) -> bool:
    return any(address in network for network in PRIVATE)


@lru_cache(maxsize=4096)
def service_tag(word: str) -> str | None:
    """The tag of an Azure service that a word names, in one spelling; None when it names none that is known."""
    head, *rest = word.strip().lower().split(".")
    if head not in TAGS or not all(part.isalnum() for part in rest):
        return None
    return ".".join([head, *(REGIONS.get(part, part) for part in rest)])


def cover(words: Iterable[Word], tag: str, inside: Inside, world: World) -> bool:
    """Whether words together hold what a service tag holds. Where they may hold a part of it, that is not known: nor is
    which part a service answers from."""
    seen = list(words)
    named = [word for word in seen if word.prefix is None]
    return _prefixes_cover(seen, tag, world) or any(_covers(word, tag, inside, world) for word in named)


def cover_internet(words: Iterable[Word], world: World) -> bool:
    """Whether words together hold the whole internet: its tag, or prefixes that leave out nothing public."""
    seen = list(words)
    special = ("internet", "virtualnetwork", "azureloadbalancer")
    if _public(_networks(seen)) is True or any(word.low == "internet" for word in seen):
        return True
    unknown = (w for w in seen if w.prefix is None and w.low not in special and service_tag(w.text) is None)
    return any(word.strange(world) for word in unknown)


def _covers(word: Word, tag: str, inside: Inside, world: World) -> bool:
    if word.low in ("internet", "azureloadbalancer"):
        return word.low == "internet"
    named, wanted = service_tag(word.text), service_tag(tag)
    if word.low == "virtualnetwork":
        # It holds a service's addresses only where a public range is used inside, or a default route is in it.
        reason = f"which addresses {tag} holds was not read"
        return _public(inside.networks) is not False and word.ask(world, ("inside", wanted), reason)
    if named is None or wanted is None:
        return word.strange(world)
    if named == wanted or wanted.startswith(f"{named}.") or named == "azurecloud":
        return True
    head, other = wanted.split(".")[0], named.split(".")[0]
    if named.startswith(f"{wanted}.") or (head != other and "azurecloud" in (head, other)):
        return word.ask(world, (named, wanted), f"how much of {tag} the service tag {word.text} holds was not read")
    return False


def _prefixes_cover(words: list[Word], tag: str, world: World) -> bool:
    networks = _networks(words)
    public = _public(networks)
    if public is not None:
        return public
    first = next(word for word in words if isinstance(word.prefix, IPv4Network))
    question = (frozenset(networks), service_tag(tag))
    return first.ask(world, question, f"which addresses {tag} holds was not read")


def _networks(words: Iterable[Word]) -> tuple[IPv4Network, ...]:
    return tuple(network for word in words if isinstance(network := word.prefix, IPv4Network))


@lru_cache(maxsize=4096)
def _public(networks: tuple[IPv4Network, ...]) -> bool | None:
    """Whether networks together hold every public address (True), none (False), or some (None)."""
    if all(map(_is_reserved, networks)):
        return False
    left = [EVERYTHING]
    for network in networks:
        left = [piece for whole in left for piece in _without(whole, network)]
    return True if all(map(_is_reserved, left)) else None


def _is_reserved(network: IPv4Network) -> bool:
    return any(network.subnet_of(reserved) for reserved in RESERVED)


def _without(whole: IPv4Network, part: IPv4Network) -> list[IPv4Network]:
    if whole.subnet_of(part):
        return []
    return list(whole.address_exclude(part)) if part.subnet_of(whole) else [whole]
