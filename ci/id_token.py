"""Prints the job's own OIDC token for an audience: `id_token.py [--raw] AUDIENCE`.

Without --raw, it prints the credential that kubectl and Pulumi expect from an `exec` plugin
(client.authentication.k8s.io/v1). GitHub Actions issues a token on request (with `id-token: write`); GitLab CI sets one
as ID_TOKEN (`id_tokens:`).
"""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from urllib.parse import quote


def token(audience: str) -> str:
    """Return the token. Raise SystemExit with a message if the job may not have one."""
    given = os.environ.get("ID_TOKEN")
    if given:
        return given
    address = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL")
    if not address:
        raise SystemExit("This job may not ask for an OIDC token: give it `permissions: {id-token: write}`.")
    bearer = f"Bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"
    asked = urllib.request.Request(f"{address}&audience={quote(audience)}", headers={"Authorization": bearer})  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - the runner's own address
            return json.load(answer)["value"]
    except urllib.error.URLError as error:
        raise SystemExit(f"No OIDC token for {audience}: {error}") from None


def expiry(jwt: str) -> str:
    """Return the token's expiry in the time format of Kubernetes."""
    payload = jwt.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return datetime.fromtimestamp(claims["exp"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def main(arguments: list[str]) -> None:
    *flags, audience = arguments
    jwt = token(audience)
    if flags == ["--raw"]:
        sys.stdout.write(jwt)
        return
    status = {"token": jwt, "expirationTimestamp": expiry(jwt)}
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    sys.stdout.write(json.dumps(credential))


if __name__ == "__main__":
    main(sys.argv[1:])
