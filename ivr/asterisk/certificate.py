"""SIP over TLS: a self-signed certificate of our own, kept until it is about to end, and whom we trust."""

from __future__ import annotations

import re
import ssl
import subprocess
from pathlib import Path
from typing import Final

from ivr.errors import AsteriskError

CERTIFICATE_DAYS = 825
RENEW_BEFORE_S = 30 * 24 * 3600

AUTHORITIES: Final = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pki/tls/certs/ca-bundle.crt"))
"""Debian's and Fedora's file of whom a machine trusts."""


def authorities() -> Path:
    """Whom this machine trusts, as one PEM file. Raises AsteriskError when there is none."""
    named = ssl.get_default_verify_paths().cafile
    for path in (*AUTHORITIES, *([] if named is None else [Path(named)])):
        if path.is_file():
            return path
    raise AsteriskError(
        "the trunk's certificate cannot be checked: this machine trusts nobody",
        mend="apt-get install ca-certificates, or name a PEM file in asterisk.trunk_authorities",
    )


def ensure(keys: Path, *, name: str, external_address: str | None) -> tuple[Path, Path]:
    """(certificate, private key) in the folder `keys`. external_address: what phones may know this machine by.

    Raises AsteriskError when openssl is missing or fails.
    """
    certificate, private_key = keys / "hotline.crt", keys / "hotline.key"
    try:
        if certificate.exists() and private_key.exists():
            check = ["openssl", "x509", "-checkend", str(RENEW_BEFORE_S), "-noout", "-in", str(certificate)]
            if subprocess.run(check, capture_output=True, check=False, timeout=30).returncode == 0:
                return certificate, private_key
        names = ["DNS:localhost", "IP:127.0.0.1"]
        if external_address:
            kind = "IP" if re.fullmatch(r"[0-9.]+|.*:.*", external_address) else "DNS"
            names.append(f"{kind}:{external_address}")
        private_key.unlink(missing_ok=True)
        private_key.touch(mode=0o600)
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", str(CERTIFICATE_DAYS), "-subj", f"/CN={name}",
                "-addext", f"subjectAltName={','.join(names)}",
                "-keyout", str(private_key), "-out", str(certificate),
            ],
            capture_output=True, check=True, text=True, timeout=30,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise AsteriskError("openssl is not installed", mend="apt-get install openssl") from error
    except subprocess.SubprocessError as error:
        raise AsteriskError(
            f"openssl made no certificate: {error}", mend="look at keys/ in the folder"
        ) from error
    return certificate, private_key
