"""The settings of the AzureML extension, as Azure stores them: texts, and switches that are texts in any case.

https://learn.microsoft.com/azure/machine-learning/how-to-deploy-kubernetes-extension
"""

from __future__ import annotations

from auditor.model.facts import Fact, Missing, Seen
from auditor.model.ids import equal
from auditor.model.resource import Resource
from auditor.model.verdict import NotApplicable

SETTINGS = "properties.configurationSettings"


def setting(extension: Resource, name: str) -> Fact[str]:
    """A setting; empty where it is not set, which means its documented default. Missing where no settings were
    answered at all."""
    path = f"{SETTINGS}['{name}']"
    if not isinstance(extension.raw(SETTINGS), dict):
        return Missing(extension.id, path, f"Azure's answer does not hold {SETTINGS}")
    value = extension.raw(path)
    if isinstance(value, bool):
        return Seen(extension.id, path, str(value))
    return extension.text(path, absent="")


def switch(extension: Resource, name: str) -> Fact[bool]:
    """A setting that is True or False, and False where it is not set: the default of each that is read here."""
    text = setting(extension, name)
    if isinstance(text, Missing):
        return text
    if not any(equal(text.value, word) for word in ("True", "False", "")):
        return extension.missing(text.path, f"{text.value} is neither True nor False")
    return Seen(text.resource_id, text.path, equal(text.value, "True"), text.note)


def serves(extension: Resource) -> Fact[bool]:
    """Whether the extension is there for inference."""
    return switch(extension, "enableInference")


def serving(extension: Resource | None) -> Resource:
    """An extension that is there for inference; raises `NotApplicable` where there is none, or it is not, and
    `Undecided` where that does not show."""
    if extension is None or not serves(extension).value:
        raise NotApplicable("inference is not enabled on the cluster")
    return extension
