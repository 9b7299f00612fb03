"""The cluster's own authority and what it has signed: a certificate for each party.

Made once and kept with the cluster, for longer than any of them lives.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY: Final = "ca"
SERVICE_ACCOUNTS: Final = "service-accounts"

_YEARS: Final = timedelta(days=3650)
# A clock that was put right backwards between making a certificate and using it.
_SLACK: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Party:
    """Who gets a certificate; the API server reads the name as user, organization as group."""

    file: str
    name: str
    organization: str = ""


# All of them serve on the loopback address or don't serve, so one shape fits.
PARTIES: Final = (
    Party("etcd", "etcd"),
    Party("kube-apiserver", "kube-apiserver"),
    Party("kube-apiserver-client", "kube-apiserver", "system:masters"),
    Party("kube-controller-manager", "system:kube-controller-manager"),
    Party("kube-scheduler", "system:kube-scheduler"),
    Party("node", "system:node-admin", "system:masters"),
    Party("admin", "admin", "system:masters"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """The files of a certificate and of its key."""

    certificate: Path
    key: Path


def pair(directory: Path, file: str) -> Pair:
    """Name the files of a party, or of the authority."""
    return Pair(directory / f"{file}.crt", directory / f"{file}.key")


def ensure(directory: Path, now: datetime) -> None:
    """Make the authority, every certificate and the key of ServiceAccount tokens, unless made."""
    complete = directory / "complete"
    parties = "".join(f"{party}\n" for party in PARTIES)
    if complete.exists() and complete.read_text() == parties:
        return
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local cluster")])
    certificate = _authority(key, name, now)
    _write(pair(directory, AUTHORITY), key, certificate)
    for party in PARTIES:
        own = ec.generate_private_key(ec.SECP256R1())
        _write(pair(directory, party.file), own, _sign(party, own, key, certificate, now))
    # RSA, because that is what verifiers of ServiceAccount tokens all take.
    tokens = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write_key(directory / f"{SERVICE_ACCOUNTS}.key", tokens)
    complete.write_text(parties)


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + _YEARS)
    )


def _authority(key: ec.EllipticCurvePrivateKey, name: x509.Name, now: datetime) -> x509.Certificate:
    signing = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    public = key.public_key()
    return (
        _builder(name, name, public, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signing, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _sign(
    party: Party,
    own: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    now: datetime,
) -> x509.Certificate:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, party.name)]
    if party.organization:
        names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, party.organization))
    hosts = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.DNSName("kubernetes.default.svc"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
    )
    uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return (
        _builder(x509.Name(names), authority.subject, own.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(hosts, critical=False)
        .add_extension(uses, critical=False)
        .add_extension(issuer, critical=False)
        .sign(key, hashes.SHA256())
    )


def _write(files: Pair, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    _write_key(files.key, key)
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.touch(mode=0o600)
    path.write_bytes(text)
