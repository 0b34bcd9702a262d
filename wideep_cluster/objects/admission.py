"""What stands between an object and the API server's store: CRDs with their conversion, and admission webhooks."""

from __future__ import annotations

from pydantic import Field

from wideep_cluster.objects.base import Condition, KubeObject, Model

__all__ = ["ClientConfig", "CustomResource", "EndpointSlice", "Webhook", "WebhookConfiguration"]


class ServiceReference(Model):
    """The Service behind a webhook."""

    name: str
    namespace: str


class ClientConfig(Model):
    """How the API server calls a webhook: through a Service, or at a URL."""

    service: ServiceReference | None = None
    ca_bundle: str = ""


class Rule(Model):
    """Which objects a webhook is asked about."""

    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


class Webhook(Model):
    """One webhook. ``failure_policy`` is ``Fail`` (its default) or ``Ignore``."""

    name: str
    client_config: ClientConfig = ClientConfig()
    failure_policy: str = "Fail"
    rules: tuple[Rule, ...] = ()


class WebhookConfiguration(KubeObject):
    """A ValidatingWebhookConfiguration or a MutatingWebhookConfiguration."""

    webhooks: tuple[Webhook, ...] = ()


class Endpoint(Model):
    """One pod of a Service."""

    class Conditions(Model):
        """``ready`` None: not known, which Kubernetes reads as ready."""

        ready: bool | None = None

    conditions: Conditions = Conditions()


class EndpointSlice(KubeObject):
    """Some of the pods of a Service, by the label ``kubernetes.io/service-name``."""

    endpoints: tuple[Endpoint, ...] = ()

    @property
    def ready(self) -> bool:
        """One of them takes connections."""
        return any(each.conditions.ready is not False for each in self.endpoints)


class CrdVersion(Model):
    """A version of the API that a CRD brings."""

    name: str
    served: bool = False
    storage: bool = False


class ConversionWebhook(Model):
    """Who converts objects between versions."""

    client_config: ClientConfig = ClientConfig()


class Conversion(Model):
    """``None`` (only ``apiVersion`` changes) or ``Webhook``."""

    strategy: str = "None"
    webhook: ConversionWebhook = ConversionWebhook()


class CrdSpec(Model):
    """What a CRD brings."""

    versions: tuple[CrdVersion, ...] = ()
    conversion: Conversion = Conversion()


class CrdStatus(Model):
    """How far the API server is with it."""

    conditions: tuple[Condition, ...] = ()
    stored_versions: tuple[str, ...] = Field(default=())


class CustomResource(KubeObject):
    """A CustomResourceDefinition without its schemas, which can have megabytes."""

    spec: CrdSpec = CrdSpec()
    status: CrdStatus = CrdStatus()

    @property
    def established(self) -> bool:
        """The API server has taken it."""
        return any(each.type == "Established" and each.status == "True" for each in self.status.conditions)

    def serves(self, version: str) -> bool:
        """Whether that version is among those that are served."""
        return any(each.name == version and each.served for each in self.spec.versions)
