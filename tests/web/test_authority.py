"""The hub's own authority: what it vouches for is believed by clients that trust it, and it can vouch for nothing else."""

import asyncio
import ipaddress
import plistlib
import re
import ssl
import stat
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.support.hub_page import page_house
from tests.web.test_pages import HTML

from latchwork.base.errors import Misuse
from latchwork.cli import hub_service
from latchwork.cli.hub_service import Address, own_authority, serving
from latchwork.web.authority import NETWORKS, LocalAuthority, Names, names_of_machine
from latchwork.web.pages.routes.trust import system_of
from latchwork.web.server import WebServer
from latchwork.web.trust import mobileconfig

NOW = datetime.now(UTC).timestamp()
DAY = 86_400.0
HOME = Names(
    ("hub.local", "hub", "hub.home.arpa", "localhost"),
    tuple(map(ipaddress.ip_address, ("127.0.0.1", "192.168.1.20", "::1", "fd00::20", "fe80::1"))),
)


@pytest.fixture
def authority(tmp_path):
    return LocalAuthority(tmp_path / "https", HOME, NOW)


def connect(file, root, name):
    """A handshake between a server with this file and a client that trusts this root, without any network."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.load_verify_locations(cadata=root.der)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(down, up, server_hostname=name),
        server.wrap_bio(up, down, server_side=True),
    ]
    for _ in range(4):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return sides[0].getpeercert()


def server_certificate(authority):
    return x509.load_pem_x509_certificate(authority.file.read_bytes())


@pytest.mark.parametrize("name", [*HOME.names, *map(str, HOME.addresses)])
def test_a_client_that_trusts_the_root_believes_every_name_and_address(authority, name):
    assert connect(authority.file, authority.root, name)["subject"] == ((("commonName", "Latchwork hub"),),)


def test_a_client_believes_no_other_name(authority):
    for name in ("other.local", "example.org", "192.168.1.21"):
        with pytest.raises(ssl.SSLCertVerificationError, match="match"):
            connect(authority.file, authority.root, name)


def test_a_client_that_does_not_trust_the_root_believes_nothing(authority, tmp_path):
    other = LocalAuthority(tmp_path / "other", HOME, NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(authority.file, other.root, "hub.local")


def forged(folder, *names):
    """A certificate for other names, made with the root's own key, as a thief of that key would."""
    octets = (folder / "root.pem").read_bytes()
    root, root_key = x509.load_pem_x509_certificate(octets), serialization.load_pem_private_key(octets, None)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    file = folder / "forged.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.mark.parametrize("name", ["bank.example", "localhost.example", "evil-local"])
def test_even_its_key_makes_no_certificate_for_a_name_on_the_internet(authority, tmp_path, name):
    file = forged(tmp_path / "https", x509.DNSName(name))
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        connect(file, authority.root, name)


@pytest.mark.parametrize("address", ["93.184.216.34", "2001:db8::1", "172.32.0.1"])
def test_even_its_key_makes_no_certificate_for_an_address_on_the_internet(authority, tmp_path, address):
    file = forged(tmp_path / "https", x509.IPAddress(ipaddress.ip_address(address)))
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        connect(file, authority.root, address)


def test_public_addresses_of_the_machine_are_left_out(tmp_path):
    names = Names(HOME.names, (*HOME.addresses, ipaddress.ip_address("2001:db8::5")))
    made = LocalAuthority(tmp_path / "https", names, NOW)
    said = server_certificate(made).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(said.get_values_for_type(x509.IPAddress)) == set(HOME.addresses)
    assert connect(made.file, made.root, "hub.local")


def test_a_name_that_the_machine_got_later_is_vouched_for_only_inside_homes(authority):
    assert authority.renew_if_due(Names(("new.local", "new", "new.example.org"), HOME.addresses), NOW)
    assert connect(authority.file, authority.root, "new.local")
    said = server_certificate(authority).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert said.get_values_for_type(x509.DNSName) == ["new.local"]


def test_the_certificates_are_what_browsers_take(authority):
    root = x509.load_der_x509_certificate(authority.root.der)
    server = server_certificate(authority)
    assert server.not_valid_after_utc - server.not_valid_before_utc <= timedelta(days=397)
    assert timedelta(days=3600) < root.not_valid_after_utc - root.not_valid_before_utc < timedelta(days=3660)
    assert isinstance(root.public_key().curve, ec.SECP256R1)
    constraints = root.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert {each.value for each in constraints.value.permitted_subtrees} >= {"local", "home.arpa", *NETWORKS}
    basics = root.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (basics.ca, basics.path_length) == (True, 0)
    assert authority.root.fingerprint == root.fingerprint(hashes.SHA256()).hex(":").upper()


def test_nobody_else_on_the_machine_can_read_the_keys(authority, tmp_path):
    folder = tmp_path / "https"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("root.pem", "server.pem"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert b"PRIVATE" not in authority.public_file.read_bytes()
    folder.chmod(0o755)
    (folder / "root.pem").chmod(0o644)
    LocalAuthority(folder, HOME, NOW)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "root.pem").stat().st_mode) == 0o600


def test_a_restart_changes_nothing(authority, tmp_path):
    before = authority.file.read_bytes()
    again = LocalAuthority(tmp_path / "https", HOME, NOW + DAY)
    assert again.root == authority.root
    assert again.file.read_bytes() == before


@pytest.mark.parametrize(("days", "is_due"), [(0, False), (262, False), (264, True), (500, True), (-2, True)])
def test_it_is_renewed_when_two_thirds_of_its_life_are_over(authority, days, is_due):
    before = server_certificate(authority)
    assert authority.renew_if_due(HOME, NOW + days * DAY) is is_due
    after = server_certificate(authority)
    assert (after.serial_number != before.serial_number) is is_due
    if is_due:
        assert after.not_valid_after_utc > datetime.fromtimestamp(NOW + (days + 390) * DAY, UTC)


def test_it_is_renewed_when_the_machine_has_another_address(authority):
    moved = Names(HOME.names, (*HOME.addresses[:1], ipaddress.ip_address("192.168.1.77")))
    assert authority.renew_if_due(moved, NOW)
    assert not authority.renew_if_due(moved, NOW)
    assert connect(authority.file, authority.root, "192.168.1.77")
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(authority.file, authority.root, "192.168.1.20")


def test_a_root_near_its_end_is_made_anew_and_nothing_outlives_it(authority, tmp_path):
    late = LocalAuthority(tmp_path / "https", HOME, NOW + 3500 * DAY)
    assert late.root == authority.root
    assert server_certificate(late).not_valid_after_utc <= late.root.until
    later = LocalAuthority(tmp_path / "https", HOME, NOW + 3640 * DAY)
    assert later.root.fingerprint != authority.root.fingerprint
    server_certificate(later).verify_directly_issued_by(x509.load_der_x509_certificate(later.root.der))


def test_a_damaged_root_is_not_replaced_behind_the_owners_back(authority, tmp_path):
    (tmp_path / "https" / "root.pem").write_bytes(b"nothing")
    with pytest.raises(Misuse, match="damaged") as caught:
        LocalAuthority(tmp_path / "https", HOME, NOW)
    assert "devices" in caught.value.advice


def test_a_damaged_certificate_of_the_server_is_made_anew(authority, tmp_path):
    authority.file.write_bytes(authority.file.read_bytes()[:300])
    again = LocalAuthority(tmp_path / "https", HOME, NOW)
    assert again.root == authority.root
    assert connect(again.file, again.root, "hub.local")


def test_a_certificate_of_another_root_is_made_anew(authority, tmp_path):
    other = LocalAuthority(tmp_path / "other", HOME, NOW)
    authority.file.write_bytes(other.file.read_bytes())
    again = LocalAuthority(tmp_path / "https", HOME, NOW)
    assert connect(again.file, again.root, "hub.local")


@pytest.mark.parametrize("name", ["Hub_1", "", "-a", "host name", "ü", "x" * 64])
def test_what_is_no_name_is_not_written_into_a_certificate(monkeypatch, name):
    monkeypatch.setattr("socket.gethostname", lambda: name)
    assert names_of_machine("0.0.0.0").names == ("localhost",)


def test_the_machine_knows_its_names(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "Hub.home.arpa")
    found = names_of_machine("door.internal")
    assert found.names == ("hub.local", "hub", "hub.home.arpa", "door.internal", "localhost")
    assert ipaddress.ip_address("127.0.0.1") in found.addresses
    assert not any(each.is_unspecified for each in names_of_machine("::").addresses)


def test_apples_profile_holds_the_root_and_nothing_else(authority):
    profile = plistlib.loads(mobileconfig(authority.root))
    (payload,) = profile["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.security.root"
    assert payload["PayloadContent"] == authority.root.der
    assert mobileconfig(authority.root) == mobileconfig(authority.root)


# Served


@pytest.fixture
async def served(tmp_path):
    """A hub with its own HTTPS, on free ports of loopback."""
    async with page_house() as house:
        authority = own_authority(tmp_path, "127.0.0.1")
        address = Address(certificate=authority.file, key=authority.file, authority=authority)
        async with serving(house.hub, address) as up:
            yield up, authority


def trusting(root):
    return ssl.create_default_context(cadata=root.pem.decode())


async def test_the_hub_is_reached_by_https_and_tells_in_clear_how_to_trust_it(served):
    up, _ = served
    clear = up.trust_url.removesuffix("/trust")
    async with httpx.AsyncClient(trust_env=False) as http:
        page = await http.get(up.trust_url, headers={"user-agent": "iPhone"})
        assert up.root.fingerprint in re.sub("<[^>]+>", "", page.text)
        assert page.text.index("<details open>") < page.text.index("latchwork.mobileconfig")
        got = await http.get(f"{clear}/trust/latchwork.crt")
        assert (got.content, got.headers["content-type"]) == (up.root.pem, "application/x-x509-ca-cert")
        profile = await http.get(f"{clear}/trust/latchwork.mobileconfig")
        assert profile.headers["content-type"] == "application/x-apple-aspen-config"
        style = await http.get(clear + page.text.split('rel="stylesheet" href="')[1].split('"')[0])
        assert style.status_code == 200
        assert (await http.get(f"{clear}/")).headers["location"] == "/trust"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY"):
            await http.get(up.url)
    async with httpx.AsyncClient(trust_env=False, verify=trusting(up.root)) as http:
        answer = await http.get(f"{up.url}/sign-in")
        assert answer.status_code == 303
        # Other services of the same machine may have no HTTPS: browsers must not be told to insist.
        assert "strict-transport-security" not in answer.headers
        assert up.root.fingerprint[72:] in (await http.get(f"{up.url}/trust")).text


async def test_nothing_else_is_shown_in_clear(served):
    up, _ = served
    clear, port = up.trust_url.removesuffix("/trust"), up.url.rpartition(":")[2]
    async with httpx.AsyncClient(trust_env=False) as http:
        for path in ("/sign-in", "/api/v1/doors?a=1", "/setup", "/trusted", "/healthz"):
            answer = await http.get(clear + path)
            assert (answer.status_code, answer.headers["location"]) == (307, f"https://127.0.0.1:{port}{path}")
        assert (await http.post(f"{clear}/sign-in", data={"password": "x"})).status_code == 403
        assert (await http.post(f"{clear}/trust")).status_code == 403
        for host, told in (("hub.local:80", "hub.local"), ("[fd00::2]:80", "[fd00::2]"), ("[fd00::2]", "[fd00::2]")):
            answer = await http.get(f"{clear}/people", headers={"host": host})
            assert answer.headers["location"] == f"https://{told}:{port}/people"
        strange = await http.get(f"{clear}/people", headers={"host": "evil.example/x?"})
        assert "evil" not in strange.headers["location"]


async def test_a_hub_that_gets_another_address_shows_a_certificate_for_it_at_once(tmp_path, monkeypatch):
    shown = asyncio.Event()
    names = [HOME]
    authority = LocalAuthority(tmp_path / "https", HOME, NOW)
    server = type("Server", (), {"take_certificate": lambda _: shown.set()})()
    monkeypatch.setattr(hub_service, "RENEWAL_S", 0.001)
    renewing = asyncio.create_task(hub_service._renew(authority, server, lambda: names[-1]))
    await asyncio.sleep(0.01)
    assert not shown.is_set()
    names.append(Names(HOME.names, HOME.addresses[:1]))
    await asyncio.wait_for(shown.wait(), 5)
    renewing.cancel()


async def test_the_server_takes_a_renewed_certificate_while_it_runs(tmp_path):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    authority = LocalAuthority(tmp_path / "https", HOME, NOW)
    file = str(authority.file)
    async with WebServer(app, "127.0.0.1", 0, certificate=file, key=file) as server:

        async def serial():
            _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting(authority.root))
            found = writer.get_extra_info("peercert")["serialNumber"]
            writer.close()
            return found

        before = await serial()
        authority.renew_if_due(Names(HOME.names, HOME.addresses[:2]), NOW)
        assert await serial() == before
        server.take_certificate()
        assert await serial() != before


async def test_a_hub_without_an_authority_of_its_own_has_no_page_about_it(world):
    for path in ("/trust", "/trust/latchwork.crt", "/trust/latchwork.mobileconfig"):
        assert (await world.browser().get(path, **HTML)).status == 404


@pytest.mark.parametrize(
    ("agent", "system"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "ios"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9)", "android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "macos"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "windows"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "linux"),
        ("curl/8", ""),
    ],
)
def test_the_steps_for_ones_own_system_are_open(agent, system):
    assert system_of(agent) == system
