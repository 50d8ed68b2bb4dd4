"""A process that has loaded PyTorch and tearless once, and forks a child for each command line it is given."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import sys

if __name__ == "__main__":
    import torch._dynamo  # noqa: F401 - an optimiser that is made imports it

    import tearless.cli
    import tearless.cli.app
    import tearless.integrations.pytorch.run
    import tearless.report.text
    from tearless.doctor.training import checks_of_runs

    checks_of_runs()
    with contextlib.redirect_stdout(io.StringIO()):
        tearless.cli.main(["watch", "--help"])
    gc.collect()
    gc.freeze()  # a child that ends looks through its own objects only
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            os.chdir(asked["folder"])
            for number, name in ((0, os.devnull), (1, asked["out"]), (2, asked["err"])):
                os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o644), number)
            sys.argv = ["tearless", *asked["arguments"]]
            sys.stdin = open(0, closefd=False)  # noqa: SIM115
            sys.stdout.reconfigure(encoding=asked["encoding"], errors="strict")
            sys.exit(tearless.cli.main(asked["arguments"]))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
