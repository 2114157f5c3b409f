"""A private RabbitMQ server for tests and benchmarks."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
import subprocess

import pika
from pika.exceptions import AMQPError

from testing.servers.server import HOST, Server, find_program, listening
from testing.waiting import PATIENCE_S


class RabbitServer(Server):
    """A private RabbitMQ node with its own epmd, the daemon that registers a machine's nodes."""

    user = "attrai"

    def __init__(self) -> None:
        super().__init__("rabbitmq-server", ports=3)
        amqp, self._distribution_port, self._epmd_port = self.ports
        self._vhosts = (f"attrai-{number}" for number in itertools.count())
        self.vhost = next(self._vhosts)
        settings = f"""
            listeners.tcp.1 = {HOST}:{amqp}
            default_user = {self.user}
            default_pass = {self.password}
            default_vhost = {self.vhost}
            log.console = false
        """
        (self.folder / "rabbitmq.conf").write_text(settings)
        (self.folder / "plugins").write_text("[].")
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)  # Erlang refuses a cookie that other users could read

    @property
    def url(self) -> str:
        """The server's URL, including user and password. `clear` changes its virtual host."""
        return f"amqp://{self.user}:{self.password}@{HOST}:{self.port}/{self.vhost}"

    def queue_depths(self) -> dict[str, int]:
        """Return the number of messages in each queue, including unacknowledged ones."""
        queues = f'rabbit_amqqueue:info_all(<<"{self.vhost}">>, [name, messages])'
        pairs = "[{Name, N} || [{name, {resource, _, queue, Name}}, {messages, N}] <- Queues]"
        depths: dict[str, int] = json.loads(
            self._evaluate(
                f"Queues = {queues}, io:put_chars(rabbit_json:encode(maps:from_list({pairs})))"
            )
        )
        return depths

    def alarm(self, on: bool) -> None:  # noqa: FBT001  `alarm(True)` is clear enough
        """Raise or clear the memory alarm, which makes the server block all publishers.

        Once this returns, every connection has been told: the question that follows is answered
        after that.
        """
        memory = "{resource_limit, memory, node()}"
        change = f"set_alarm({{{memory}, []}})" if on else f"clear_alarm({memory})"
        self._evaluate(f"rabbit_alarm:{change}, rabbit_alarm:get_alarms()")

    def flush(self) -> None:
        """Have the declarations of queues on disk, where RabbitMQ writes them a moment later.

        If it is killed before that, a new queue is lost together with its confirmed messages.
        """
        self._evaluate("ok = mnesia:sync_log()")

    def clear(self) -> None:
        """Delete everything by moving to a new virtual host, and clear the memory alarm.

        Connections to the old virtual host are closed a moment after it is deleted. The new one has
        another name, because connections to one of the same name might be closed as well. If any
        step fails, the virtual host in `url` still exists, and the next call continues from there.
        """
        new = next(self._vhosts)
        self._evaluate(
            f'User = <<"{self.user}">>, New = <<"{new}">>, All = <<".*">>,'
            " ok = rabbit_vhost:add(New, User),"
            " rabbit_auth_backend_internal:set_permissions(User, New, All, All, All, User)"
        )
        self.vhost = new
        self.alarm(on=False)
        self._evaluate(
            f'Others = lists:delete(<<"{new}">>, rabbit_vhost:list_names()),'
            f' [ok = rabbit_vhost:delete(Old, <<"{self.user}">>) || Old <- Others]'
        )

    def _launch(self) -> None:
        # Before the node, which would otherwise start an epmd that outlives it.
        epmd = [find_program("epmd"), "-port", str(self._epmd_port), "-address", HOST]
        self._run(epmd, self._environment())
        self._wait_until(lambda: listening(self._epmd_port))
        self._run([self.program], self._environment())

    def _accepts_login(self) -> bool:
        if not listening(self.port):  # pika would log an error at each attempt
            return False
        with contextlib.suppress(AMQPError):
            pika.BlockingConnection(pika.URLParameters(self.url)).close()
            return True
        return False

    def _environment(self) -> dict[str, str]:
        """Return the complete environment, isolated from the user's own Erlang and RabbitMQ."""
        folder = str(self.folder)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": folder,  # where the cookie is
            "ERL_EPMD_ADDRESS": HOST,
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_FLAGS": "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_NODENAME": f"{self.folder.name}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_CONFIG_FILES": f"{folder}/conf.d",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            # Makes the start script exec the node instead of staying its parent, so that our
            # signals reach the node. It has no other effect.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _evaluate(self, expression: str) -> str:
        """Evaluate an Erlang expression in the node, and return its output.

        This takes 5 ms, where rabbitmqctl takes 500 ms.
        """
        node = f"{HOST}:{self._distribution_port}"
        # The node rejects a caller with the name of one that is still connected. With -R the node
        # assigns the names; -r derives them from the time in seconds, so concurrent callers clash.
        done = subprocess.run(
            [find_program("erl_call"), "-address", node, "-R", "-e", "-fetch_stdout"],
            input=f"{expression}, ok.\n",
            env=self._environment(),
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=PATIENCE_S,
        )
        printed, succeeded, _ = done.stdout.rpartition("{ok, ok}")
        if not succeeded:
            raise RuntimeError(f"{expression}: {done.stdout}{done.stderr}")
        return printed
