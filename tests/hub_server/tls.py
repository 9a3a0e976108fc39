"""A certificate authority of the test's own, made with openssl, for the names of the real hub."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

_NAMES = "DNS:huggingface.co,DNS:cdn.example,IP:127.0.0.1"


@dataclass(frozen=True, slots=True)
class Certificates:
    """`server` proves to be any of the names; `client` trusts it, and nobody else."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def make_certificates(folder: Path) -> Certificates:
    """Make a key and a certificate that signs itself."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    names = ("-subj", "/CN=test hub", "-addext", f"subjectAltName={_NAMES}")
    files = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run(["openssl", "req", "-x509", *curve, *names, *files], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=certificate)
    return Certificates(server, client)
