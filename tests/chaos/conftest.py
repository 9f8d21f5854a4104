"""The endpoint, once for all tests of this folder, with the environment that leads to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.endpoint import Endpoint

ELSEWHERE = ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "HTTPS_PROXY", "https_proxy")


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """The endpoint; what it serves is each test's own choice."""
    served = Endpoint(tmp_path_factory.mktemp("endpoint"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ELSEWHERE:
            patch.delenv(name, raising=False)
        for name, value in served.environment().items():
            patch.setenv(name, value)
        yield served
    served.close()
