"""Where each of several workers listens."""

from pathlib import PurePosixPath

_LAST_PORT = 65535


def worker_addresses(listen: str, workers: int) -> list[str]:
    """One address for each worker, made from the one of `EXTPROC_LISTEN`.

    A lone worker keeps it. Of several, `unix:/run/p.sock` gives `unix:/run/p-0.sock`,
    `unix:/run/p-1.sock` …, and `host:50051` gives `host:50051`, `host:50052` ….

    Raises ValueError, with the remedy, for ports that do not exist.
    """
    if workers == 1:
        return [listen]
    if listen.startswith("unix:"):
        path = PurePosixPath(listen.removeprefix("unix:"))
        names = (f"{path.stem}-{worker}{path.suffix}" for worker in range(workers))
        return [f"unix:{path.with_name(name)}" for name in names]
    host, _, first = listen.rpartition(":")
    last = int(first) + workers - 1
    if int(first) == 0:
        raise ValueError("port 0 would give each worker a port that nobody knows; write the first")
    if last > _LAST_PORT:
        raise ValueError(f"{workers} workers need ports up to {last}; write a smaller one")
    return [f"{host}:{port}" for port in range(int(first), last + 1)]
