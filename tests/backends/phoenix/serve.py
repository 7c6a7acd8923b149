"""Phoenix as it is installed, on the loopback address only.

`PHOENIX_HOST` holds for HTTP alone: the port for gRPC is opened on every address of the machine,
whatever is set. Here it is opened where the other one is.
"""

import grpc.aio
from phoenix.config import get_env_host
from phoenix.server.main import main

make_server = grpc.aio.server


def server_at_host(*args, **settings):
    server = make_server(*args, **settings)
    open_port = server.add_insecure_port
    server.add_insecure_port = lambda address: open_port(
        f"{get_env_host()}:{address.rpartition(':')[2]}"
    )
    return server


grpc.aio.server = server_at_host
main()
