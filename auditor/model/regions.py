"""Azure's regions in pairs, for what Azure places in both.

https://learn.microsoft.com/azure/reliability/regions-list and, for the other clouds,
https://learn.microsoft.com/azure/reliability/cross-region-replication-azure
"""

from __future__ import annotations

from auditor.model.ids import location

_BOTH_WAYS = """
australiacentral-australiacentral2 australiaeast-australiasoutheast canadacentral-canadaeast centralindia-southindia
centralus-eastus2 chinaeast-chinanorth chinaeast2-chinanorth2 chinaeast3-chinanorth3 eastasia-southeastasia
eastus-westus francecentral-francesouth germanynorth-germanywestcentral japaneast-japanwest koreacentral-koreasouth
northcentralus-southcentralus northeurope-westeurope norwayeast-norwaywest southafricanorth-southafricawest
swedencentral-swedensouth switzerlandnorth-switzerlandwest uaecentral-uaenorth uksouth-ukwest usdodcentral-usdodeast
westcentralus-westus2
"""
# A few regions have a pair that is itself paired with another.
_ONE_WAY = """
brazilsouth-southcentralus brazilsoutheast-brazilsouth usgovarizona-usgovtexas usgovvirginia-usgovtexas
westindia-southindia westus3-eastus
"""
# Documented to have none.
_ALONE = """
austriaeast belgiumcentral chilecentral denmarkeast indonesiacentral israelcentral italynorth malaysiawest
mexicocentral newzealandnorth polandcentral qatarcentral spaincentral
"""


def _read(pairs: str) -> dict[str, str]:
    return {one: other for one, _, other in (pair.partition("-") for pair in pairs.split())}


_THERE, _ONLY = _read(_BOTH_WAYS), _read(_ONE_WAY)
_BACK = {other: one for one, other in _THERE.items()}
PAIRS: dict[str, tuple[str, ...]] = {one: (other,) for one, other in (_THERE | _BACK | _ONLY).items()}
PAIRS |= dict.fromkeys(_ALONE.split(), ())


def pair_of(region: str) -> tuple[str, ...] | None:
    """The region that a region is paired with; none where Azure documents none, and None where it is not known."""
    return PAIRS.get(location(region))
