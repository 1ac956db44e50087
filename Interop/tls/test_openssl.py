# Firecrest — what OpenSSL's own client may agree on with the server, and what not
# SPDX-License-Identifier: Apache-2.0

import re
import subprocess

import pytest

from certificates import Authority
from server import Server, find_binary
from wire import get


def s_client(demo, *arguments, send="Q\n"):
    """The exit code and all that `openssl s_client` says. What it may offer is everything it has (security level 0)."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{demo.port}", "-servername", "localhost",
         "-CAfile", str(demo.authority.certificate), *arguments],
        input=send, capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout + done.stderr


def agreed(output):
    """Version and cipher of a handshake, None where there was none."""
    found = re.search(r"^New, (TLSv[\d.]+), Cipher is (\S+)$", output, re.M)
    return found and found.groups()


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_versions_are_refused(demo, version):
    code, output = s_client(demo, version, "-cipher", "ALL:@SECLEVEL=0")
    assert agreed(output) is None and code != 0, output
    assert "alert protocol version" in output, output


@pytest.mark.parametrize("version, name", [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_new_versions_are_spoken_and_the_certificate_verifies(demo, version, name):
    _, output = s_client(demo, version)
    assert agreed(output)[0] == name, output
    assert "Verify return code: 0 (ok)" in output, output


def test_every_cipher_of_openssl(demo):
    """All 1.2 suites that OpenSSL has, one at a time: agreed on are those with ephemeral keys and authentication."""
    listed = subprocess.run(["openssl", "ciphers", "-tls1_2", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.strip().split(":") if not name.startswith("TLS_")]
    assert len(names) > 60
    taken = [name for name in names if agreed(s_client(demo, "-tls1_2", "-cipher", f"{name}:@SECLEVEL=0")[1])]
    # The certificate's key is an elliptic one; with an RSA key it would be the same with RSA in the name.
    assert sorted(taken) == [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"]


@pytest.mark.parametrize("cipher", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
def test_every_cipher_of_tls_1_3(demo, cipher):
    _, output = s_client(demo, "-tls1_3", "-ciphersuites", cipher)
    assert agreed(output) == ("TLSv1.3", cipher), output


@pytest.mark.parametrize("cipher", ["TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"])
def test_short_tags_of_tls_1_3_are_refused(demo, cipher):
    _, output = s_client(demo, "-tls1_3", "-ciphersuites", cipher)
    assert agreed(output) is None, output


def test_http_1_1_is_what_is_agreed_on(demo):
    _, output = s_client(demo, "-alpn", "h2,http/1.1")
    assert "ALPN protocol: http/1.1" in output, output
    # A client that knows nothing but HTTP/2 gets no answer that it would take for one.
    _, output = s_client(demo, "-alpn", "h2")
    assert "ALPN protocol: h2" not in output, output


def test_nothing_is_compressed_and_nothing_renegotiated(demo):
    _, output = s_client(demo, "-tls1_2", send="R\n")
    assert "Compression: NONE" in output, output
    assert "Secure Renegotiation IS supported" in output, output
    # "R" asks for a new handshake in the middle of the connection.
    assert "RENEGOTIATING" in output and re.search(r"no renegotiation|alert|closed|error", output), output


def test_weak_curves_are_refused(demo):
    for curve in ("secp224r1", "sect163k1", "secp192k1"):
        code, output = s_client(demo, "-tls1_2", "-curves", curve, "-cipher", "ALL:@SECLEVEL=0")
        assert agreed(output) is None, output
    for curve in ("X25519", "P-256", "P-384"):
        _, output = s_client(demo, "-curves", curve)
        assert agreed(output), output


def test_clients_certificates(start, authority, tmp_path):
    demo = start("--tls-client-ca", str(authority.certificate))
    own, own_key = authority.issue("device-7", hosts="DNS:device-7")
    stranger, stranger_key = Authority(tmp_path / "nobody").issue("device-7", hosts="DNS:device-7")
    request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    _, output = s_client(demo, "-ign_eof", "-cert", str(own), "-key", str(own_key), send=request)
    assert "HTTP/1.1 200" in output, output
    assert get(demo, "/healthz")[0] == 200
    _, output = s_client(demo, "-ign_eof", "-cert", str(stranger), "-key", str(stranger_key), send=request)
    assert "HTTP/1.1" not in output and "alert" in output, output


def test_plain_http_is_told_that_this_is_tls(demo):
    done = subprocess.run(["curl", "-s", "-i", f"http://127.0.0.1:{demo.port}/"], capture_output=True, text=True, timeout=20)
    assert done.stdout.startswith("HTTP/1.1 400") and "tls_expected" in done.stdout, done


def test_a_self_signed_certificate():
    demo = Server(binary=find_binary())
    demo.process = subprocess.Popen(
        [*demo.binary, "demo", "--port", str(demo.port), "--tls-self-signed"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in demo.process.stdout:
            if f"https://127.0.0.1:{demo.port}" in line:
                break
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{demo.port}"], input="Q\n", capture_output=True, text=True, timeout=20)
        assert "self-signed certificate" in done.stdout + done.stderr
        done = subprocess.run(["curl", "-sk", f"https://127.0.0.1:{demo.port}/healthz"], capture_output=True, text=True, timeout=20)
        assert done.stdout == "ok\n"
    finally:
        demo.process.terminate()
        assert demo.process.wait(timeout=15) == 0
