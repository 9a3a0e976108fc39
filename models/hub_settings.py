"""How to reach the hub: its address or that of a mirror, a proxy, a token; and which of these may be used."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

import msgspec

from models.download_errors import NetworkSettingsError

HUB_HOST = "huggingface.co"
HUB_ENDPOINT = f"https://{HUB_HOST}"
_MAX_ADDRESS_LENGTH = 500


class NetworkSettings(msgspec.Struct, frozen=True):
    """How to reach the hub. `token` goes to the hub's own host only, never to a mirror.

    `proxy` may hold a name and a password. Neither shows when this is printed.
    """

    endpoint: str = HUB_ENDPOINT
    proxy: str = ""
    token: str = ""
    offline: bool = False

    def __repr__(self) -> str:
        """Everything but the secrets."""
        endpoint = self.endpoint.rpartition("@")[2]  # an address that is none may have a password in it
        secrets = f"proxy={'set' if self.proxy else 'none'}, token={'set' if self.token else 'none'}"
        return f"NetworkSettings(endpoint={endpoint!r}, {secrets}, offline={self.offline})"


def checked_settings(settings: NetworkSettings) -> NetworkSettings:
    """Give the settings with a tidy endpoint. Raises `NetworkSettingsError` where something is wrong."""
    token = settings.token.strip()
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise _wrong("This is no access token", "It is one word of letters and digits, such as hf_abc….")
    endpoint = settings.endpoint.strip().rstrip("/") or HUB_ENDPOINT
    _check_endpoint(endpoint)
    proxy = settings.proxy.strip()
    if proxy:
        _check_proxy(proxy)
    return NetworkSettings(endpoint=endpoint, proxy=proxy, token=token, offline=settings.offline)


def token_for(settings: NetworkSettings) -> str:
    """The token to send to the endpoint: an empty text where that is not the hub itself."""
    return settings.token if may_have_token(settings.endpoint) else ""


def may_have_token(url: str) -> bool:
    """Whether a token may go to this address: the hub's own host, encrypted, on the usual port."""
    parts = urlsplit(url)
    return parts.scheme == "https" and parts.hostname == HUB_HOST and parts.port in (None, 443)


def is_loopback(host: str) -> bool:
    """Whether a host is this computer itself, without asking anybody for its address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_endpoint(endpoint: str) -> None:
    parts = _parts(endpoint, "the hub")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise _wrong("The address of the hub has more in it than an address", "Write https:// and a name.")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise _wrong("The address of the hub is without encryption (http)", "Use one with https://.")
    if parts.scheme not in ("https", "http"):
        raise _wrong("This is no address of a hub", "It begins with https://.")


def _check_proxy(proxy: str) -> None:
    # Most proxies are spoken to in plain http: what goes through them is encrypted all the same.
    parts = _parts(proxy, "the proxy")
    if parts.scheme.startswith("socks"):
        raise _wrong(
            "Ponder cannot use SOCKS proxies", "Give the address of an HTTP proxy: http://HOST:PORT."
        )
    if parts.scheme not in ("https", "http") or parts.path.strip("/") or parts.query or parts.fragment:
        raise _wrong("This is no address of a proxy", "Write it as http://HOST:PORT.")


def _parts(address: str, whose: str) -> SplitResult:
    fits = (
        len(address) <= _MAX_ADDRESS_LENGTH and address.isprintable() and not set(address) & set(" \\<>\"'")
    )
    try:
        parts = urlsplit(address)
        if fits and parts.hostname and (parts.port is None or parts.port > 0):
            return parts
    except ValueError:  # a port that is no number, half an IPv6 address: said below
        pass
    raise _wrong(f"This is no address of {whose}", "Write it as https://HOST or http://HOST:PORT.")


def _wrong(what: str, advice: str) -> NetworkSettingsError:
    # Without the address itself: it may hold a password.
    return NetworkSettingsError(f"{what}.", kept="Nothing was asked of the hub.", advice=advice)
