# Firecrest — what the suites share: the server under test, servers of a test's own, a Chromium
# SPDX-License-Identifier: Apache-2.0

import uuid

import pytest

from server import Server, find_binary, server_under_test


@pytest.fixture(scope="session")
def server():
    running = server_under_test()
    if running is None:
        # A suite that tested nothing must not look green.
        pytest.exit("nothing to test: set FIRECREST_URL or FIRECREST_BIN, or run `swift build` first", returncode=2)
    yield running
    problem = running.stop()
    assert problem is None, problem


@pytest.fixture
def own_server():
    """A server that the test may stop, kill and start again."""
    binary = find_binary()
    if binary is None:
        pytest.skip("needs a server of its own: set FIRECREST_BIN, or run `swift build` first")
    running = Server(binary=binary).start()
    yield running
    problem = running.stop()
    assert problem is None, problem


@pytest.fixture(scope="session")
def browser():
    from pages import chromium

    with chromium() as launched:
        yield launched


@pytest.fixture
def room():
    """A room that no other test talks in."""
    return f"test-{uuid.uuid4().hex[:8]}"
