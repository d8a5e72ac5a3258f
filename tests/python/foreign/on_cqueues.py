# SPDX-License-Identifier: MIT
"""A plugin for pytest, behind that of anyio: suites that run on each backend of anyio run on ours, too."""

import os

import pytest

import cqueues.anyio_backend

cqueues.anyio_backend.install()
cqueues.anyio_backend.teach_httpx()


@pytest.fixture(scope="module", params=["cqueues"])
def anyio_backend(request):
    return request.param


def pytest_runtest_logreport(report):
    """Notes what came of each test, for suites.py."""
    if report.when == "call" or report.outcome != "passed":
        with open(os.environ["CQUEUES_OUTCOMES"], "a", encoding="utf-8") as file:
            file.write(f"{report.outcome} {report.nodeid}\n")


def pytest_collectreport(report):
    if report.failed:
        with open(os.environ["CQUEUES_OUTCOMES"], "a", encoding="utf-8") as file:
            file.write(f"failed {report.nodeid}\n")
