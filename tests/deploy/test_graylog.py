"""The content pack that Graylog loads at its first start."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from attrai.processes import forwarder as forwarder_module
from tests.deploy.stacks import SWARM, load, services

PACK = json.loads((SWARM / "graylog-content.json").read_text("utf-8"))
ENTITIES = {entity["type"]["name"]: entity for entity in PACK["entities"]}
#: Fields of the records that stages log. GELF itself defines level, message and timestamp.
LOGGED = {"stage", "took", "waited", "outcome", "level", "message", "timestamp"}


@pytest.fixture(name="view")
def dashboard_view() -> dict[str, Any]:
    """Return the dashboard's only page, with its search as `query`."""
    data = ENTITIES["dashboard"]["data"]
    (query,) = data["search"]["queries"]
    assert set(data["state"]) == {query["id"]}
    return {"query": query, **data["state"][query["id"]]}


def test_pack() -> None:
    """The content pack has version 1 and contains an input and a dashboard with unique ids."""
    assert PACK["v"] == "1"
    assert (ENTITIES["input"]["type"]["version"], ENTITIES["dashboard"]["type"]["version"]) == (
        "1",
        "2",
    )
    ids = [PACK["id"], *(entity["id"] for entity in PACK["entities"])]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name) for name in ids)


def test_input() -> None:
    """The input accepts attrai's logs: null-terminated GELF over TCP on port 12201."""
    data = ENTITIES["input"]["data"]
    values = {key: value["@value"] for key, value in data["configuration"].items()}
    assert data["type"]["@value"].endswith(".GELFTCPInput")
    assert (values["port"], values["use_null_delimiter"]) == (12201, True)
    assert values["tls_enable"] is False


def test_typed_values() -> None:
    """Every value of the input has the type that it declares."""
    types = {"string": str, "integer": int, "boolean": bool}
    for value in ENTITIES["input"]["data"]["configuration"].values():
        assert type(value["@value"]) is types[value["@type"]]


def test_widgets(view: dict[str, Any]) -> None:
    """Each widget has a title, a position and a search that computes its content."""
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
    """The widgets use only fields that the stages log."""
    for search in view["query"]["search_types"]:
        groups = search["row_groups"] + search["column_groups"]
        used = {field for group in groups for field in group["fields"]}
        used |= {series["field"] for series in search["series"] if series["field"]}
        used |= set(re.findall(r"(\w+):", search["query"]["query_string"])) - {"_exists_"}
        used |= set(re.findall(r"_exists_:(\w+)", search["query"]["query_string"]))
        assert used <= LOGGED


def test_loaded_at_start() -> None:
    """Graylog installs the content pack from the path where it is mounted."""
    graylog = services("graylog.yml")["graylog"]
    environment = graylog["environment"]
    (config,) = graylog["configs"]
    folder, name = (environment[f"GRAYLOG_CONTENT_PACKS_{key}"] for key in ("DIR", "AUTO_INSTALL"))
    assert config["target"] == f"{folder}/{name}"
    assert load("graylog.yml")["configs"][config["source"]]["file"] == "./graylog-content.json"


def test_servers_logs() -> None:
    """RabbitMQ and Redis write their logs where the forwarder reads them, all on one node."""
    graylog, stack = services("graylog.yml"), services("stack.yml")
    forwarder = graylog["forwarder"]
    (_, folder) = forwarder["command"]
    for name in ("rabbitmq", "redis", "forwarder"):
        (mounted,) = (v for v in graylog[name]["volumes"] if v.get("source") == "server_logs")
        assert mounted["target"] == folder
    assert f"log.file = {folder}/rabbitmq.log\n" in (SWARM / "rabbitmq-logs.conf").read_text()
    (config,) = graylog["rabbitmq"]["configs"]
    assert load("graylog.yml")["configs"][config["source"]]["file"] == "./rabbitmq-logs.conf"
    command = graylog["redis"]["command"][-1]
    assert command.endswith(f"--logfile {folder}/redis.log")
    assert " ".join(stack["redis"]["command"]) in command
    placements = [stack["rabbitmq"], stack["redis"], forwarder]
    assert len({str(service["deploy"]["placement"]) for service in placements}) == 1


def test_the_volume_of_logs_is_bounded() -> None:
    """The volume has a size, above what the files take that are renamed when they are large."""
    options = load("graylog.yml")["volumes"]["server_logs"]["driver_opts"]
    (size,) = re.findall(r"size=(\d+)m", options["o"])
    conf = (SWARM / "rabbitmq-logs.conf").read_text()
    (rotate,) = re.findall(r"rotation\.size = (\d+)", conf)
    (count,) = re.findall(r"rotation\.count = (\d+)", conf)
    rabbitmq = int(rotate) * (int(count) + 1)
    assert int(rotate) < forwarder_module._ROTATE_ABOVE
    assert int(size) * 2**20 > rabbitmq + 2 * forwarder_module._ROTATE_ABOVE
    assert options["type"] == "tmpfs"
