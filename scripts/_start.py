"""What every script does: find outlast, or say how to get it, and hand the flags over."""

import sys


def start(command: str) -> None:
    """Run one command of outlast with this process's flags."""
    try:
        from outlast.cli import main
    except ImportError as error:
        sys.exit(
            f"{error}. This Python ({sys.executable}) cannot import outlast or one of its "
            "libraries.\nRun `make run`, which makes a .venv with everything, then use "
            ".venv/bin/python;\nor install it into this Python: python -m pip install -e ."
        )
    main([command, *sys.argv[1:]])
