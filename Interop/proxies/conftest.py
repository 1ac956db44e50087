# Firecrest — the proxies, started once for all tests
# SPDX-License-Identifier: Apache-2.0

import pytest

from certificates import Authority
from fronts import NAMES, Fronts
from server import find_binary


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def fronts(authority, tmp_path_factory):
    if find_binary() is None:
        # A suite that tested nothing must not look green.
        pytest.exit("nothing to test: set FIRECREST_BIN, or run `swift build` first", returncode=2)
    running = Fronts(tmp_path_factory.mktemp("fronts"), authority)
    yield running
    problems = running.stop()
    assert problems == []


@pytest.fixture(params=NAMES)
def front(request, fronts):
    return fronts.all[request.param]
