"""The service tags that Microsoft publishes: where Azure ML calls from, which no answer of Resource Manager says.

https://learn.microsoft.com/azure/virtual-network/service-tags-overview#discover-service-tags-by-using-downloadable-json-files
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from auditor import files
from auditor.errors import AuditError
from auditor.model.clouds import Cloud
from auditor.model.ranges import network
from auditor.model.snapshot import ServiceTags

LARGEST = 2**26
TAG = "azuremachinelearning"
HELP = "give --service-tags the file from https://www.microsoft.com/download/details.aspx?id=56519"
# What a file calls its cloud holds this word.
WORDS = {"AzureCloud": "public", "AzureUSGovernment": "gov", "AzureChinaCloud": "china"}


class _Properties(BaseModel):
    prefixes: list[str] = Field(alias="addressPrefixes")


class _Tag(BaseModel):
    name: str
    properties: _Properties


class _Published(BaseModel):
    change_number: int = Field(alias="changeNumber")
    cloud: str
    values: list[_Tag]


def read(path: Path) -> ServiceTags:
    """The addresses of Azure ML in a published file.

    Raises:
        AuditError: the file cannot be read, is not one of service tags, or does not hold Azure ML's.
    """
    published = _published(path)
    found = {tag.name.lower(): tag.properties.prefixes for tag in published.values}
    prefixes = {name: held for name, held in found.items() if name.partition(".")[0] == TAG}
    if not prefixes.get(TAG):
        raise AuditError(f"{path} has no AzureMachineLearning in it", HELP)
    for name, held in prefixes.items():
        strange = next((prefix for prefix in held if network(prefix) is None), None)
        if strange is not None:
            raise AuditError(f"{path} is not a service tag file ({name} holds {strange!r}, which is no range)", HELP)
    return ServiceTags(file=path.name, cloud=published.cloud, change_number=published.change_number, prefixes=prefixes)


def of_cloud(tags: ServiceTags, cloud: Cloud) -> ServiceTags:
    """The tags, if they are those of a cloud.

    Raises:
        AuditError: they are of another one.
    """
    word = WORDS.get(cloud.family)
    if word is None or word not in tags.cloud.lower():
        raise AuditError(f"{tags.file} holds the service tags of {tags.cloud}, and the audit is of {cloud.name}", HELP)
    return tags


def _published(path: Path) -> _Published:
    try:
        return _Published.model_validate_json(files.read(path, LARGEST))
    except files.UnreadableError as error:
        raise AuditError(f"cannot read the service tags {path}: {error}", HELP) from error
    except ValidationError as error:
        raise AuditError(f"{path} is not a service tag file ({files.first_wrong(error)})", HELP) from error
