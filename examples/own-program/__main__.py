"""A program of your own: the whole stack as one component, with the keys of docs/configuration.md."""

import pulumi

from components.package_stack import DynamoStack

config = pulumi.Config()
dynamo = DynamoStack(
    "dynamo",
    {
        "namespace": "chat",
        "model": "deepseek-ai/DeepSeek-R1",
        "hardware": {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"},
        "layout": {"preset": "best-32gpu"},
        "image": {"source": "published"},
        "modelCache": {"storageClass": "shared-fs", "size": "1Ti", "retain": True},
        "hfToken": config.require_secret("hfToken"),
    },
)
pulumi.export("service", dynamo.frontend_service)
pulumi.export("curl", dynamo.curl)
