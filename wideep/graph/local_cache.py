"""Weights on each node's own disk: what a worker's pod needs to read them, and to download them before it starts.

The download is an init container and not a Job: a Job cannot run exactly one pod on each node, because a finished pod
no longer keeps the next one off the node. A worker that moves to another node also finds its weights there.
"""

from __future__ import annotations

from wideep import download, names
from wideep.graph.pod import RESTRICTED, EnvVar, EnvVarSource, InitContainer, SecretKeySelector
from wideep.graph.refs import token_secret
from wideep.graph.volumes import download_mount
from wideep.settings import Settings
from wideep.versions import PYTHON_IMAGE

__all__ = ["downloader"]


def downloader(settings: Settings) -> InitContainer:
    """Return the init container that downloads the model to the node unless it is there already. Pods that share a node
    wait for the first of them."""
    cache = settings.model_cache
    env = download.download_env(settings.model, cache)
    env["LOCK"] = f"{env['TARGET']}/.lock"
    variables = [EnvVar(name=key, value=value) for key, value in env.items()]
    secret = token_secret(settings)
    if secret:
        source = EnvVarSource(secret_key_ref=SecretKeySelector(name=secret, key=names.HF_TOKEN_KEY))
        variables.append(EnvVar(name=names.HF_TOKEN_KEY, value_from=source))
    return InitContainer(
        name="model-download",
        image=cache.download_image or PYTHON_IMAGE,
        command=download.COMMAND,
        args=(download.SCRIPT,),
        env=tuple(variables),
        volume_mounts=(download_mount(),),
        security_context=RESTRICTED,
    )
