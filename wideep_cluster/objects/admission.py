"""What a request passes before the API server stores the object: CRDs with their conversion, and admission webhooks."""

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
    """The objects for which a webhook is called."""

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
        """The conditions of an endpoint. ``ready`` is None if unknown, which Kubernetes treats as ready."""

        ready: bool | None = None

    conditions: Conditions = Conditions()


class EndpointSlice(KubeObject):
    """Some of the pods of a Service, which the label ``kubernetes.io/service-name`` names."""

    endpoints: tuple[Endpoint, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether at least one of them accepts connections."""
        return any(each.conditions.ready is not False for each in self.endpoints)


class CrdVersion(Model):
    """A version of the API that a CRD defines."""

    name: str
    served: bool = False
    storage: bool = False


class ConversionWebhook(Model):
    """The webhook that converts objects between versions."""

    client_config: ClientConfig = ClientConfig()


class Conversion(Model):
    """The conversion strategy: ``None`` (only ``apiVersion`` changes) or ``Webhook``."""

    strategy: str = "None"
    webhook: ConversionWebhook = ConversionWebhook()


class CrdSpec(Model):
    """The versions that a CRD defines, and their conversion."""

    versions: tuple[CrdVersion, ...] = ()
    conversion: Conversion = Conversion()


class CrdStatus(Model):
    """The API server's status of a CRD."""

    conditions: tuple[Condition, ...] = ()
    stored_versions: tuple[str, ...] = Field(default=())


class CustomResource(KubeObject):
    """A CustomResourceDefinition without its schemas, which can have megabytes."""

    spec: CrdSpec = CrdSpec()
    status: CrdStatus = CrdStatus()

    @property
    def established(self) -> bool:
        """Whether the API server has accepted the CRD."""
        return any(each.type == "Established" and each.status == "True" for each in self.status.conditions)

    def serves(self, version: str) -> bool:
        """Tell whether the API server serves that version."""
        return any(each.name == version and each.served for each in self.spec.versions)
