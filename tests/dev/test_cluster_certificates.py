"""The cluster's authority and its certificates."""

import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import DNSName
from cryptography.x509.verification import PolicyBuilder, Store

from dev.cluster import certificates

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pki")
    certificates.ensure(directory, NOW)
    return directory


@pytest.mark.parametrize("party", certificates.PARTIES, ids=lambda party: party.file)
def test_each_party_is_vouched_for_by_the_authority(made: Path, party: certificates.Party) -> None:
    authority, own = (
        x509.load_pem_x509_certificate(certificates.pair(made, file).certificate.read_bytes())
        for file in (certificates.AUTHORITY, party.file)
    )
    policy = PolicyBuilder().store(Store([authority])).time(NOW)
    assert policy.build_server_verifier(DNSName("localhost")).verify(own, [])
    assert policy.build_client_verifier().verify(own, [])
    names = {each.rfc4514_attribute_name: each.value for each in own.subject}
    assert names["CN"] == party.name
    assert names.get("O", "") == party.organization


def test_a_certificate_and_its_key_fit(made: Path) -> None:
    files = certificates.pair(made, "kube-apiserver")
    ssl.create_default_context().load_cert_chain(files.certificate, files.key)


def test_nobody_else_reads_keys(made: Path) -> None:
    keys = list(made.glob("*.key"))
    assert len(keys) == len(certificates.PARTIES) + 2
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_what_is_made_is_kept_unless_it_is_not_whole(made: Path) -> None:
    authority = certificates.pair(made, certificates.AUTHORITY).certificate
    before = authority.read_bytes()
    certificates.ensure(made, NOW)
    assert authority.read_bytes() == before
    (made / "complete").unlink()  # as after a start that was broken off
    certificates.ensure(made, NOW)
    assert authority.read_bytes() != before
