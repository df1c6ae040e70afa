"""The three engines that the generated SQL is for, each as a function from SQL to rows, started on this machine alone."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from tests import random_rules as rr

Run = Callable[[list[str]], list[tuple[Any, ...]]]
People = list[dict[str, object]]


@contextmanager
def in_duckdb(people: People) -> Iterator[Run]:
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"CREATE TABLE people ({rr.columns_sql()})")
        for i in range(0, len(people), 2_000):
            connection.execute(f"INSERT INTO people VALUES {rr.values_sql(people[i : i + 2_000], first=i)}")
        yield lambda expressions: connection.execute(
            f"SELECT {', '.join(expressions)} FROM people ORDER BY person"
        ).fetchall()


def postgres_binaries() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


@contextmanager
def in_postgres(people: People) -> Iterator[Run]:
    """A PostgreSQL of its own in a folder, on a Unix socket only, never as root, gone afterwards."""
    import psycopg

    binaries = postgres_binaries()
    assert binaries
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        user: str | None = None
        if os.geteuid() == 0:
            user = next(u for u in ("postgres", "nobody") if u in {p.pw_name for p in pwd.getpwall()})
            folder.chmod(0o755)
            shutil.chown(folder, user)
        data = folder / "data"

        def call(*words: str) -> None:
            subprocess.run(words, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "LC_ALL": "C"})  # fmt: skip

        call(str(binaries / "initdb"), "-D", str(data), "-U", "torni", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        call(str(binaries / "pg_ctl"), "-D", str(data), "-w", "-o", options, "-l", str(folder / "log"), "start")
        try:
            with psycopg.connect(f"host={folder} user=torni dbname=postgres", autocommit=True) as connection:
                connection.execute(f"CREATE TABLE people ({rr.columns_sql()})")  # type: ignore[arg-type]
                for i in range(0, len(people), 2_000):
                    connection.execute(f"INSERT INTO people VALUES {rr.values_sql(people[i : i + 2_000], first=i)}")  # type: ignore[arg-type]
                yield lambda expressions: connection.execute(
                    f"SELECT {', '.join(expressions)} FROM people ORDER BY person"
                ).fetchall()  # type: ignore[arg-type]
        finally:
            call(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")


@contextmanager
def in_spark(people: People) -> Iterator[Run]:
    """The people on Spark."""
    with spark_cluster() as (spark, name):
        path = f"{name}/people.parquet"
        with duckdb.connect() as connection:
            connection.execute(f"CREATE TABLE people ({rr.columns_sql()})")
            for i in range(0, len(people), 2_000):
                connection.execute(f"INSERT INTO people VALUES {rr.values_sql(people[i : i + 2_000], first=i)}")
            connection.execute(f"COPY people TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
        spark.read.parquet(path).repartition(4).cache().createOrReplaceTempView("people")
        yield lambda expressions: [
            tuple(r)[1:]
            for r in sorted(
                spark.sql(
                    f"SELECT person, {', '.join(f'{e} AS c{i}' for i, e in enumerate(expressions))} FROM people"
                ).collect()
            )
        ]


@contextmanager
def spark_cluster() -> Iterator[tuple[Any, str]]:
    """Spark's standalone master and two workers on loopback, which looks like a cluster; and a folder they all see."""
    import pyspark
    from pyspark.sql import SparkSession

    home = Path(pyspark.__file__).parent
    with tempfile.TemporaryDirectory() as name:
        env = {
            **os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1", "SPARK_LOG_DIR": f"{name}/log",
            "SPARK_WORKER_DIR": f"{name}/work", "SPARK_PUBLIC_DNS": "127.0.0.1",
        }  # fmt: skip
        processes: list[subprocess.Popen[bytes]] = []

        def start(*words: str) -> None:
            processes.append(subprocess.Popen([str(home / "bin" / "spark-class"), *words], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))  # fmt: skip

        port, ui = _free(), _free()
        master = f"spark://127.0.0.1:{port}"
        start(
            "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(ui)
        )
        for _ in range(2):
            start(
                "org.apache.spark.deploy.worker.Worker",
                "--cores",
                "1",
                "--memory",
                "1200m",
                "--host",
                "127.0.0.1",
                "--webui-port",
                str(_free()),
                master,
            )
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        os.environ.pop("PYSPARK_SUBMIT_ARGS", None)
        try:
            spark = (
                SparkSession.builder.master(master).appName("contract").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1").config("spark.executor.memory", "1g").config("spark.driver.memory", "3g").config("spark.sql.shuffle.partitions", "4")
                .config("spark.sql.warehouse.dir", f"{name}/warehouse").config("spark.cores.max", "2").config("spark.sql.ansi.enabled", "true")
                .getOrCreate()
            )  # fmt: skip
            spark.sparkContext.setLogLevel("OFF")
            yield spark, name
            spark.stop()
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(30)


def _free() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
