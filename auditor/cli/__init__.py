"""The command line: alone prints, exits and reads the environment.

`main` returns the exit code, so that a test or a program can call it again and again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from types import FrameType

import typer

from auditor.cli.errors import AuditError, Terminated, complain

INTERRUPTED, TERMINATED, IMPOSSIBLE = 130, 143, 2


def run() -> None:
    """The ``audit`` command."""
    code = main(sys.argv[1:])
    # Reading threads may hang on a socket; nothing is left to do, so they are not waited for.
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def main(argv: Sequence[str]) -> int:
    """Run one command line and answer with its exit code; never raises for what a user did."""
    from auditor.cli.app import app

    _use_private_ca()
    _write_any_text()
    with _sigterm_raises():
        try:
            outcome = app(list(argv), prog_name="audit", standalone_mode=False)
        except AuditError as error:
            complain(str(error), error.help)
            return IMPOSSIBLE
        except typer.TyperException as error:
            complain(_one_line(error.format_message()), "'audit --help' lists the options")
            return IMPOSSIBLE
        except typer.Exit as error:
            return int(error.exit_code)
        except (KeyboardInterrupt, typer.Abort):
            complain("interrupted: nothing was written", "run it again; --timeout bounds a run and still reports")
            return INTERRUPTED
        except Terminated:
            complain("terminated: nothing was written", "run it again; --timeout bounds a run and still reports")
            return TERMINATED
        except BrokenPipeError:
            # The reader of our output went away (audit | head); there is nobody left to tell.
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
    return outcome if isinstance(outcome, int) else 0


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("Value error, ", "").rstrip(".")


def _use_private_ca() -> None:
    """requests reads REQUESTS_CA_BUNDLE only; SSL_CERT_FILE names a private CA just as well."""
    if not os.environ.get("REQUESTS_CA_BUNDLE") and os.environ.get("SSL_CERT_FILE"):
        os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"]


def _write_any_text() -> None:
    """Names in Azure may hold any character; a narrow terminal encoding must not stop the report."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with contextlib.suppress(OSError, ValueError):
                if stream.isatty():
                    reconfigure(errors="replace")
                else:
                    reconfigure(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def _sigterm_raises() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Terminated

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread: the program around us keeps its own handling
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
