"""The command `k8slab`: a cluster in a terminal, for a script or for a look.

`k8slab run FILE…` applies manifests to a new lab, lets time pass and prints what is there;
`k8slab kubectl -f FILE… -- COMMAND` runs one kubectl command on it.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import threading
from collections.abc import Sequence

from k8slab.lab import Lab, LabError
from k8slab.timing import PROFILES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. The exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 2
    try:
        code: int = options.run(options)
    except (LabError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="k8slab", description="A Kubernetes cluster in one process.")
    commands = parser.add_subparsers(dest="command")
    run = commands.add_parser("run", help="apply manifests, let time pass, show the cluster")
    _add_lab_options(run)
    run.add_argument("files", nargs="+", help="manifests to apply, in this order")
    run.add_argument(
        "--until",
        default="",
        help="lab time to let pass (5m), or what `kubectl wait --for=` takes "
        "(condition=Available deployment/web); without it until settled",
    )
    run.add_argument("--svg", default="", metavar="PATH", help="write the picture to a file")
    run.add_argument("--trace", action="store_true", help="print every change")
    run.set_defaults(run=_run)
    kubectl = commands.add_parser("kubectl", help="apply manifests, let the cluster settle, run one command")
    _add_lab_options(kubectl)
    kubectl.add_argument("-f", "--file", action="append", default=[], help="a manifest to apply first")
    kubectl.add_argument("words", nargs=argparse.REMAINDER, help="the kubectl command, after --")
    kubectl.set_defaults(run=_kubectl)
    serve = commands.add_parser("serve", help="serve a lab to kubectl and other clients, until Ctrl-C")
    _add_lab_options(serve, timing="prompt")
    serve.add_argument("-f", "--file", action="append", default=[], help="a manifest to apply first")
    serve.add_argument("--port", type=int, default=0, help="the port; without it a free one")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--speed", type=float, default=1.0, help="lab seconds a real second")
    serve.add_argument(
        "--start", default="", help="when the lab begins, e.g. 2026-01-05T09:00:00Z; without it now"
    )
    serve.add_argument("--tls", action="store_true", help="serve over https")
    serve.set_defaults(run=_serve)
    return parser


def _add_lab_options(parser: argparse.ArgumentParser, timing: str = "realistic") -> None:
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--timing", default=timing, choices=sorted(PROFILES))


def _lab(options: argparse.Namespace, files: Sequence[str]) -> Lab:
    return _applied(Lab(options.nodes, seed=options.seed, timing=options.timing), files)


def _applied(lab: Lab, files: Sequence[str]) -> Lab:
    for path in files:
        result = lab.kubectl(f"apply -f {shlex.quote(path)}")
        sys.stderr.write(result.stderr)
        if result.code:
            raise LabError(f"{path} was not applied")
    return lab


def _run(options: argparse.Namespace) -> int:
    lab = _lab(options, options.files)
    _let_time_pass(lab, options.until)
    if options.trace:
        for line in lab.trace():
            print(line)
    if options.svg:
        with open(options.svg, "w", encoding="utf-8") as file:
            file.write(lab.draw().svg)
    print(lab.draw(format="text"))
    return 0


def _let_time_pass(lab: Lab, until: str) -> None:
    """Until the lab is settled, for a duration, or until a condition holds. LabError where it never does."""
    if not until:
        lab.settle()
    elif until[0].isdigit():
        lab.run(until)
    elif not lab.run(until=until):
        raise LabError(f"timed out waiting for {until}")


def _kubectl(options: argparse.Namespace) -> int:
    lab = _lab(options, options.file)
    lab.settle()
    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    result = lab.kubectl(shlex.join(words), stdin="" if sys.stdin.isatty() else sys.stdin.read())
    sys.stdout.write(result.stdout)
    sys.stderr.write(result.stderr)
    return result.code


def _serve(options: argparse.Namespace) -> int:
    # Clients compare a cluster's times with their own clock, so a lab for them shows the same one.
    from k8slab.server.live import catch_up_with_wall, shortly_before_now

    start = options.start or shortly_before_now()
    lab = Lab(options.nodes, seed=options.seed, timing=options.timing, start=start, stored_heartbeats=True)
    if not options.start:
        catch_up_with_wall(lab)
    _applied(lab, options.file)
    with lab.serve(options.port, speed=options.speed, host=options.host, tls=options.tls) as serving:
        print(serving, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0
