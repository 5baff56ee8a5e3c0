"""Serve a lab of three nodes and run upstream's end-to-end binary against it.

    python scripts/run_e2e.py path/to/e2e.test --focus '\\[sig-apps\\].*\\[Conformance\\]'

Everything behind `--` goes to the binary as it is.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from k8slab.lab import Lab
from k8slab.server.live import shortly_before_now
from k8slab.server.serving import kubectl_path


def main() -> int:
    """Run the tests. The binary's exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("binary", help="path of e2e.test")
    parser.add_argument(
        "--focus", required=True, help="which tests, as a regular expression over their names"
    )
    parser.add_argument("--skip", default="", help="which of them not")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--speed", type=float, default=1.0, help="lab seconds a real second")
    arguments = sys.argv[1:]
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:end])
    lab = Lab(options.nodes, timing="prompt", start=shortly_before_now(), stored_heartbeats=True)
    with lab.serve(speed=options.speed, tls=True, catch_up=True) as serving:
        command = [
            os.path.abspath(options.binary),
            f"--kubeconfig={serving.kubeconfig}",
            "--provider=skeleton",
            f"--kubectl-path={kubectl_path()}",
            "--dump-logs-on-failure=false",
            f"--ginkgo.focus={options.focus}",
            f"--ginkgo.skip={options.skip}",
            *arguments[end + 1 :],
        ]
        return subprocess.run(command, env=serving.environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
