"""The content pack that Graylog loads at its first start."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.deploy.stacks import SWARM, load, services

PACK = json.loads((SWARM / "graylog-content.json").read_text("utf-8"))
ENTITIES = {entity["type"]["name"]: entity for entity in PACK["entities"]}
#: Fields of the records that a stage logs; GELF's own are level, message and timestamp.
LOGGED = {"stage", "took", "waited", "outcome", "level", "message", "timestamp"}


@pytest.fixture(name="view")
def dashboard_view() -> dict[str, Any]:
    """The only page of the dashboard, and its search."""
    data = ENTITIES["dashboard"]["data"]
    (query,) = data["search"]["queries"]
    assert set(data["state"]) == {query["id"]}
    return {"query": query, **data["state"][query["id"]]}


def test_pack() -> None:
    """It is a content pack of version 1 with an input and a dashboard, each with an id."""
    assert PACK["v"] == "1"
    assert (ENTITIES["input"]["type"]["version"], ENTITIES["dashboard"]["type"]["version"]) == (
        "1",
        "2",
    )
    ids = [PACK["id"], *(entity["id"] for entity in PACK["entities"])]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name) for name in ids)


def test_input() -> None:
    """The input takes what attrai sends: GELF over TCP, ended by null bytes, on port 12201."""
    data = ENTITIES["input"]["data"]
    values = {key: value["@value"] for key, value in data["configuration"].items()}
    assert data["type"]["@value"].endswith(".GELFTCPInput")
    assert (values["port"], values["use_null_delimiter"]) == (12201, True)
    assert values["tls_enable"] is False


def test_typed_values() -> None:
    """Every value of the input says its type, and is of it."""
    types = {"string": str, "integer": int, "boolean": bool}
    for value in ENTITIES["input"]["data"]["configuration"].values():
        assert type(value["@value"]) is types[value["@type"]]


def test_widgets(view: dict[str, Any]) -> None:
    """Each widget has a title, a place and a search that computes what it shows."""
    searches = {search["id"]: search for search in view["query"]["search_types"]}
    assert len(view["widgets"]) == len(searches) == 3
    for widget in view["widgets"]:
        (search,) = [searches[name] for name in view["widget_mapping"][widget["id"]]]
        config = widget["config"]
        assert [one["function"] for one in config["series"]] == [
            one["id"] for one in search["series"]
        ]
        for pivots, groups in (("row_pivots", "row_groups"), ("column_pivots", "column_groups")):
            assert [one["fields"] for one in config[pivots]] == [
                one["fields"] for one in search[groups]
            ]
        assert widget["query"] == search["query"]
        assert view["titles"]["widget"][widget["id"]]
        assert view["positions"][widget["id"]]["width"] <= 12


def test_fields(view: dict[str, Any]) -> None:
    """The widgets show fields that the stages log."""
    for search in view["query"]["search_types"]:
        groups = search["row_groups"] + search["column_groups"]
        used = {field for group in groups for field in group["fields"]}
        used |= {series["field"] for series in search["series"] if series["field"]}
        used |= set(re.findall(r"(\w+):", search["query"]["query_string"])) - {"_exists_"}
        used |= set(re.findall(r"_exists_:(\w+)", search["query"]["query_string"]))
        assert used <= LOGGED


def test_loaded_at_start() -> None:
    """Graylog installs the pack from where it is mounted."""
    graylog = services("graylog.yml")["graylog"]
    environment = graylog["environment"]
    (config,) = graylog["configs"]
    folder, name = (environment[f"GRAYLOG_CONTENT_PACKS_{key}"] for key in ("DIR", "AUTO_INSTALL"))
    assert config["target"] == f"{folder}/{name}"
    assert load("graylog.yml")["configs"][config["source"]]["file"] == "./graylog-content.json"
