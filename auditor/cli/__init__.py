"""The command line: alone prints, exits and reads the environment.

`main` returns the exit code, so that a test or a program can call it again and again.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from auditor.cli.errors import AuditError, Interrupted, complain

IMPOSSIBLE = 2
UNWINDING_SECONDS = 3.0
AGAIN = "run it again; --timeout bounds a run and still reports"


def run() -> None:
    """The ``audit`` command."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  (for good)
    # What a run makes, it keeps to the end: to look through it for garbage again and again is a fifth of the time.
    gc.disable()
    code = main(sys.argv[1:])
    # Reading threads may hang on a socket; nothing is left to do, so they are not waited for.
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def main(argv: Sequence[str]) -> int:
    """Run one command line and answer with its exit code; never raises for what a user did."""
    with _signals_raise():
        try:
            return _run(argv)
        except AuditError as error:
            complain(str(error), error.help)
        except Interrupted as error:
            complain(_interruption(error), AGAIN)
            return 128 + error.number
        except OSError as error:
            _forget_stdout()
            complain(*_obstacle(error))
        except BaseException as error:  # noqa: BLE001  (a mistake of ours must not look like a finding)
            from collectors.secrets import clean

            what = clean(f"unexpected {type(error).__name__}: {error}")
            complain(what, "please report this, with the command that led to it")
    return IMPOSSIBLE


def _run(argv: Sequence[str]) -> int:
    # Imported where a signal ends the run in order: before, it would end in a traceback.
    import typer

    from auditor.cli.app import app

    _use_private_ca()
    _write_any_text()
    try:
        outcome = app(list(argv), prog_name="audit", standalone_mode=False)
    except typer.Exit as error:
        outcome = error.exit_code
    except typer.TyperException as error:
        raise AuditError(_one_line(error.format_message()), "'audit --help' lists the options") from error
    sys.stdout.flush()
    return outcome if isinstance(outcome, int) else 0


def _forget_stdout() -> None:
    """What is still buffered for a stdout that takes nothing would raise again at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _obstacle(error: OSError) -> tuple[str, str]:
    """What the system refused, and what to do: a stream has no name."""
    if error.filename is not None:
        return f"cannot use {error.filename}: {error.strerror}", "look at the path, and at who may read and write there"
    return f"cannot write the output: {error.strerror or error}", "look at where stdout goes, or use -o FILE"


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("Value error, ", "").rstrip(".")


def _use_private_ca() -> None:
    """requests reads REQUESTS_CA_BUNDLE only; SSL_CERT_FILE names a private CA just as well."""
    if not os.environ.get("REQUESTS_CA_BUNDLE") and os.environ.get("SSL_CERT_FILE"):
        os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"]
    named = os.environ.get("REQUESTS_CA_BUNDLE")
    if named and not os.access(named, os.R_OK):
        raise AuditError(
            f"the certificate file {named} does not exist, or cannot be read",
            "correct REQUESTS_CA_BUNDLE or SSL_CERT_FILE",
        )


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


def _interruption(error: Interrupted) -> str:
    what = "interrupted" if error.number == signal.SIGINT else "terminated"
    while_ = f" while {error.during}" if error.during else ""
    return f"{what}{while_}" if "written" in while_ else f"{what}{while_}: no report was written"


@contextlib.contextmanager
def _signals_raise() -> Iterator[None]:
    """SIGINT and SIGTERM end the run from where it is. A second one does not disturb the cleaning up."""
    last = -UNWINDING_SECONDS

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal last
        if time.monotonic() - last > UNWINDING_SECONDS:
            last = time.monotonic()
            raise Interrupted(number)

    try:
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not in the main thread: the program around us keeps its own handling
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
