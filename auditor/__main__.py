"""``python -m auditor`` is the ``audit`` command."""

from auditor.cli import run

if __name__ == "__main__":
    run()
