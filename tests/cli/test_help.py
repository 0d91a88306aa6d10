"""What the list of commands says, and who else says it."""

from importlib import import_module

import pytest

from outlast import __version__
from outlast.cli import COMMANDS, app


@pytest.mark.parametrize("path", COMMANDS)
def test_the_list_says_of_a_command_what_the_command_says(path):
    module, name = path.split(":")
    command = getattr(import_module(f"outlast.cli.{module}"), name)
    paragraph = " ".join(command.__doc__.partition("\n\n")[0].split())
    assert COMMANDS[path] == paragraph


def test_every_command_of_the_list_has_its_help(capsys):
    for name in app:
        if not name.startswith("-"):
            app([name, "--help"], result_action="return_value")
            assert f"Usage: outlast {name}" in capsys.readouterr().out


def test_who_cites_it_cites_this_version():
    import yaml

    from tests.house.test_documents import ROOT

    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == __version__
