"""The command ``unsung``: finds the command's file, and turns errors into sentences."""

import os
import sys

import typer

from unsung import __version__
from unsung.cli.accounts import accounts
from unsung.cli.check import check
from unsung.cli.demo import demo
from unsung.cli.diagnose import diagnose
from unsung.cli.evaluate import evaluate
from unsung.cli.experiment import experiment
from unsung.cli.fit import fit
from unsung.cli.forget import forget
from unsung.cli.gems import gems
from unsung.cli.init import init
from unsung.cli.keys import keys
from unsung.cli.lists import lists
from unsung.cli.recommend import recommend
from unsung.cli.refit import refit
from unsung.cli.serve import serve
from unsung.cli.simulate import simulate
from unsung.cli.store import store
from unsung.errors import InputError, UnsungError

app = typer.Typer(
    name="unsung",
    help="Raise the sales of the products that a shop's recommender never shows.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Start with 'unsung demo', then 'unsung init FILES...' on your own files.",
)
for command in (
    demo,
    init,
    check,
    diagnose,
    fit,
    evaluate,
    recommend,
    lists,
    gems,
    serve,
    refit,
    forget,
):
    app.command()(command)
app.command()(simulate)
app.add_typer(experiment)
app.add_typer(keys)
app.add_typer(accounts)
app.add_typer(store)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"unsung {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: bool = typer.Option(
        False, "--version", help="Print the version and stop.", callback=_version, is_eager=True
    ),
) -> None:
    """Raise the sales of the products that a shop's recommender never shows."""


def run() -> None:
    """Run the command line: exit code 0 good, 1 failure, 2 bad input or usage."""
    try:
        app()
    except UnsungError as error:
        _fail(str(error), 2 if isinstance(error, InputError) else 1)
    except BrokenPipeError:
        # The reader of a pipe went away; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        _fail("stopped.", 130)
    except OSError as error:
        # A full disk or a folder that may not be written to is nobody's defect.
        where = error.filename or "a file"
        _fail(f"{where} can't be read or written ({error.strerror or error}).", 1)
    except Exception as error:
        if os.environ.get("UNSUNG_DEBUG"):
            raise
        _fail(
            f"internal error ({type(error).__name__}: {error}). This is a defect of Unsung; run "
            "again with UNSUNG_DEBUG=1 for the details to report.",
            1,
        )


def _fail(message: str, code: int) -> None:
    typer.secho(f"unsung: {message}", fg=typer.colors.RED, err=True)
    sys.exit(code)
