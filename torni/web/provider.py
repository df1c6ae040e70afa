"""Signing in by an identity provider: OpenID Connect's code flow with PKCE, by what TORNI_OIDC_* name.

Authlib makes the requests and joserfc checks the signed token; here is only what ties them to an account.
"""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # where no provider is named, a server starts without them
    from authlib.integrations.requests_client import OAuth2Session

PATIENCE_S = 10


class NotSignedIn(Exception):
    """The provider did not vouch for anybody. Its text is for the log, never for a page."""


@dataclass(frozen=True)
class Asked:
    """What must come back with the answer, kept in a signed cookie meanwhile."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Asked:
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))


def is_named() -> bool:
    return "TORNI_OIDC_ISSUER" in os.environ


def name() -> str:
    """What the sign-in page calls the provider."""
    return os.environ.get("TORNI_OIDC_NAME") or os.environ["TORNI_OIDC_ISSUER"].partition("://")[2].strip("/")


def address(asked: Asked, back: str) -> str:
    """Where the browser goes to sign in; `back` is where it returns."""
    url, _state = _session(back).create_authorization_url(
        _known()["authorization_endpoint"], state=asked.state, nonce=asked.nonce, code_verifier=asked.verifier
    )
    return str(url)


def subject(asked: Asked, back: str, *, state: str, code: str) -> tuple[str, str]:
    """The issuer and subject that the provider vouches for. Anything that does not fit is NotSignedIn."""
    import requests
    from authlib.common.errors import AuthlibBaseError
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    if not code or not secrets.compare_digest(state.encode(), asked.state.encode()):
        raise NotSignedIn("the answer is to another question")
    known = _known()
    try:
        token = _session(back).fetch_token(
            known["token_endpoint"], code=code, code_verifier=asked.verifier, timeout=PATIENCE_S
        )
        keys = KeySet.import_key_set(_fetched(known["jwks_uri"]))
        signed = jwt.decode(token["id_token"], keys, algorithms=["RS256", "ES256", "PS256", "EdDSA"])
        registry = jwt.JWTClaimsRegistry(
            leeway=60, iss={"essential": True, "value": known["issuer"]}, aud={"essential": True, "value": os.environ["TORNI_OIDC_CLIENT_ID"]},
            exp={"essential": True}, sub={"essential": True}, nonce={"essential": True, "value": asked.nonce},
        )  # fmt: skip
        registry.validate(signed.claims)
    except (AuthlibBaseError, JoseError, requests.RequestException, KeyError, ValueError) as error:
        raise NotSignedIn(type(error).__name__) from error
    return str(known["issuer"]), str(signed.claims["sub"])


def _session(back: str) -> OAuth2Session:
    from authlib.integrations.requests_client import OAuth2Session

    return OAuth2Session(
        os.environ["TORNI_OIDC_CLIENT_ID"], os.environ.get("TORNI_OIDC_CLIENT_SECRET"), scope="openid", redirect_uri=back,
        code_challenge_method="S256",
    )  # fmt: skip


def _known() -> dict[str, Any]:
    """What the provider tells of itself; asked again each hour."""
    return _discovered(os.environ["TORNI_OIDC_ISSUER"].rstrip("/"), int(time.monotonic() // 3600))


@cache
def _discovered(issuer: str, hour: int) -> dict[str, Any]:
    import requests

    try:
        found: dict[str, Any] = _fetched(f"{issuer}/.well-known/openid-configuration")
    except (requests.RequestException, ValueError) as error:
        raise NotSignedIn(type(error).__name__) from error
    if str(found.get("issuer", "")).rstrip("/") != issuer:
        raise NotSignedIn("another issuer answers")
    return found


def _fetched(url: str) -> Any:
    import requests

    answer = requests.get(url, timeout=PATIENCE_S)
    answer.raise_for_status()
    return answer.json()
