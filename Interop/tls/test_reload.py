# Firecrest — certificates that change while clients come, talk and go
# SPDX-License-Identifier: Apache-2.0

import itertools
import shutil
import socket
import ssl
import threading
import time

from wire import ask, get, open_socket, trusting

DONE = "were read again"
FAILED = "could not be read again"


def serial(demo):
    """The serial number of the certificate that a new connection gets."""
    with socket.create_connection(("127.0.0.1", demo.port), timeout=10) as plain:
        with trusting(demo.authority).wrap_socket(plain, server_hostname="localhost") as link:
            return link.getpeercert()["serialNumber"]


def test_sighup_brings_the_new_certificate(demo, authority):
    before = serial(demo)
    demo.install(*authority.issue("second"))
    assert serial(demo) == before, "nobody has said that the files changed"
    demo.hang_up(DONE)
    assert serial(demo) != before


def test_what_cannot_be_used_changes_nothing(demo, authority):
    before = serial(demo)
    kept = demo.certificate.read_bytes()
    for broken in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        demo.certificate.write_bytes(broken)
        demo.hang_up(FAILED)
        assert serial(demo) == before
    # A key that is another's.
    demo.certificate.write_bytes(kept)
    shutil.copy(authority.issue("third")[1], demo.key)
    demo.hang_up(FAILED)
    assert serial(demo) == before
    assert "tls_unusable" in demo.log.read_text()


class Load:
    """Threads that do one thing again and again until they are told to stop; what goes wrong is kept."""

    def __init__(self):
        self.stopping = threading.Event()
        self.failures, self.counts, self.threads = [], {}, []

    def run(self, name, step, *state):
        def loop():
            try:
                while not self.stopping.is_set():
                    step(*state)
                    self.counts[name] = self.counts.get(name, 0) + 1
            except Exception as error:  # noqa: BLE001  the thread has nobody to tell
                self.failures.append(f"{name}: {error!r}")

        thread = threading.Thread(target=loop, name=name, daemon=True)
        thread.start()
        self.threads.append(thread)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=30)
            assert not thread.is_alive(), f"{thread.name} hangs"


def test_a_reload_under_load_loses_no_connection(demo, authority):
    """Twenty certificates in turn, under sockets that talk all the while and clients that come and go."""
    certificates = [authority.issue(f"turn-{number}") for number in range(2)]
    load, seen = Load(), set()
    numbers = itertools.count(2)
    sockets = [open_socket(demo) for _ in range(40)]
    for number, link in enumerate(sockets):
        ask(link, f"room:load-{number}", "phx_join", {})

    def talk(links):
        for number, link in links:
            ref = str(next(numbers))
            assert ask(link, f"room:load-{number}", "echo", {"ref": ref}, ref=ref)["ref"] == ref

    def come_and_go():
        with open_socket(demo) as link:
            ask(link, "room:guests", "phx_join", {})

    def request():
        assert get(demo, "/healthz") == (200, "ok\n")
        seen.add(serial(demo))

    all_links = list(enumerate(sockets))
    for part in range(2):
        load.run(f"sockets {part}", talk, all_links[part::2])
    for part in range(2):
        load.run(f"guests {part}", come_and_go)
    load.run("requests", request)
    for turn in range(20):
        demo.install(*certificates[turn % 2])
        demo.hang_up(DONE)
        time.sleep(0.1)
    load.stop()
    assert load.failures == []
    # The same connections that were there at the beginning.
    talk(all_links)
    for link in sockets:
        link.close()
    print("during 20 reloads:", load.counts)
    assert len(seen) >= 2, "only one certificate was ever seen"
    assert min(load.counts.values()) >= 5, load.counts
