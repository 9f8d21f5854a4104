"""Scoring asks for TLS.

What it checks: the extension's ``allowInsecureConnections`` is not True, ``sslSecret``, ``scoringFe.sslSecret`` or
``sslCname`` is set, and no online endpoint on the compute has a ``scoringUri`` that begins with http://. For a legacy
AksCompute, ``sslConfiguration.status`` is Enabled or Auto. Where no such setting shows, https:// addresses do.

When it applies: inference is enabled on the compute. A legacy AksCompute is always there for inference.

Why it matters: without TLS the data to be scored, the answers and the keys cross the network in clear text.

How to fix it: put certificate and key into a secret in the namespace azureml, and name it to the extension. Clients
have to change to https and the name of the certificate. A legacy AksCompute takes a certificate of Microsoft for its
domain label, by the CLI of the first version.

When it is unknown: the settings or the online endpoints could not be read, or neither says anything.

Easily misjudged: sslCname alone is enough: a certificate that was given as a file is a protected setting, which Azure
never shows. A secret that is named looks like TLS and is not used where allowInsecureConnections is True. The same
True with a clusterIP service is Azure ML's way to leave TLS to an ingress of your own. It fails all the same: the
router answers plain HTTP to whatever runs in the cluster, and what the ingress asks for does not show in Azure
Resource Manager. Where that is meant, waive it.
"""

from __future__ import annotations

from auditor.model.environment import Environment
from auditor.model.facts import Missing
from auditor.model.ids import equal, same
from auditor.model.resource import Resource
from auditor.model.rule import LEARN, Tier, rule
from auditor.model.settings import SETTINGS, serving, setting, switch
from auditor.model.types import ONLINE_ENDPOINTS
from auditor.model.verdict import Severity, Verdict, each_of, fail, not_applicable, ok, unknown

CERTIFICATE = ("sslSecret", "scoringFe.sslSecret", "sslCname")


@rule(
    id="AKS-010",
    title="Scoring endpoint requires TLS",
    severity=Severity.HIGH,
    tier=Tier.EXTENDED,
    about=Environment,
    resource="cluster",
    fix="az k8s-extension update --name {extension} --cluster-type managedClusters --cluster-name {cluster} "
    "-g {cluster_group} --config allowInsecureConnections=False sslSecret=<tls-secret> sslCname=<domain> && "
    "az ml computetarget update aks -n {legacy_compute} -g {workspace_group} -w {workspace} "
    "--ssl-leaf-domain-label <label>",
    references=(
        f"{LEARN}/machine-learning/how-to-secure-kubernetes-online-endpoint",
        f"{LEARN}/machine-learning/reference-kubernetes"
        "#integrate-other-ingress-controller-with-azure-machine-learning-extension-over-http-or-https",
    ),
    bicep="""
resource azureml 'Microsoft.KubernetesConfiguration/extensions@2024-11-01' = {
  scope: cluster
  name: 'azureml'
  properties: {
    configurationSettings: {
      allowInsecureConnections: 'False'
      'scoringFe.sslSecret': 'scoring-tls'
      sslCname: 'scoring.example.com'
    }
  }
}
""",
    terraform="""
resource "azurerm_kubernetes_cluster_extension" "azureml" {
  configuration_settings = {
    allowInsecureConnections = "False"
    "scoringFe.sslSecret"    = "scoring-tls"
    sslCname                 = "scoring.example.com"
  }
}
""",
)
def tls(env: Environment) -> Verdict:
    if env.is_legacy:
        return _with_addresses(env, _legacy(env.compute), {"legacy_compute": env.compute.name})
    extension = serving(env.extension)
    if switch(extension, "allowInsecureConnections").value:
        seen = (setting(extension, name) for name in ("allowInsecureConnections", "inferenceRouterServiceType"))
        return fail("plain HTTP is allowed", *seen, names={"extension": extension.name})
    return _with_addresses(env, _certificate(extension), {"extension": extension.name})


def _certificate(extension: Resource) -> Verdict:
    allowed = setting(extension, "allowInsecureConnections")
    for name in CERTIFICATE:
        value = setting(extension, name)
        if not isinstance(value, Missing) and value.value:
            return ok(f"TLS is required, with {name} {value.value}", allowed, value)
    gap = extension.missing(f"{SETTINGS}['sslCname']", "no setting of a certificate is in Azure's answer")
    return unknown("no setting of a certificate shows", gap, seen=[allowed])


def _legacy(compute: Resource) -> Verdict:
    status = compute.text("properties.properties.sslConfiguration.status")
    if isinstance(status, Missing):
        return unknown(f"the TLS of {compute.name} was not read", status)
    if equal(status.value, "Enabled") or equal(status.value, "Auto"):
        return ok(f"the TLS of {compute.name} is {status.value}", status)
    if equal(status.value, "Disabled"):
        return fail(f"the TLS of {compute.name} is Disabled", status, names={"legacy_compute": compute.name})
    gap = compute.missing(status.path, f"{status.value} is not a status that is known")
    return unknown(f"the TLS of {compute.name} is {status.value}", gap)


def _with_addresses(env: Environment, asked: Verdict, names: dict[str, str]) -> Verdict:
    """What the settings ask for, and what the endpoints show; where no setting shows, theirs is the answer."""
    answered = _addresses(env, names)
    if asked.unknown and answered.passed:
        return answered
    return each_of([asked, answered], asked.message, asked.message)


def _addresses(env: Environment, names: dict[str, str]) -> Verdict:
    """Whether the online endpoints on the compute are called by https; not applicable where none shows an address."""
    endpoints = [r for r in env.dependents if equal(r.type, ONLINE_ENDPOINTS.lower())]
    addresses = [(e, e.see("properties.scoringUri")) for e in endpoints]
    plain = [(e, uri) for e, uri in addresses if str(uri.value).strip().lower().startswith("http://")]
    if plain:
        which = ", ".join(e.name for e, _ in plain)
        return fail(f"plain HTTP is the scoring address of {which}", *(uri for _, uri in plain), names=names)
    unlisted = [m for m in env.unlisted_dependents if same(m.resource_id, env.workspace.id)]
    if unlisted:
        return unknown(f"the online endpoints could not be listed: {unlisted[0].reason}", *unlisted)
    secure = [uri for _, uri in addresses if str(uri.value).strip().lower().startswith("https://")]
    if not secure:
        return not_applicable("no online endpoint on the compute shows an address")
    return ok("the online endpoints on the compute are called by https", *secure)
