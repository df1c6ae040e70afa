"""`torni serve`: the pages on this machine."""

from __future__ import annotations

import argparse
import logging
import os
import socket

from torni.core.faults import bad_input
from torni.core.language import _, t
from torni.services import regions
from torni.web import store


def serve(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")
    from waitress import create_server

    from torni.web.wsgi import application

    region = regions.find(args.region).id
    port = _free_port(args.port)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(application, host="127.0.0.1", port=port, threads=4, ident="torni")
    store.warm(region)
    print(
        "\n" + _("The pages: {address}   (Ctrl+C stops)").format(address=f"http://127.0.0.1:{port}/{region}/"),
        flush=True,
    )
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
    return 0


def _free_port(wanted: int) -> int:
    """The wanted port, or the first free one of the twenty after it."""
    if not 1 <= wanted <= 65_500:
        raise bad_input("--port", t("{wanted} is not a port", wanted=wanted), t("Write a number from 1024 to 65500."))
    for port in range(wanted, wanted + 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise bad_input(
        "--port",
        t("ports {first} to {last} are all in use", first=wanted, last=wanted + 19),
        t("Choose another with --port."),
    )
