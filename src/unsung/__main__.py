"""``python -m unsung`` is the command ``unsung``."""

from unsung.cli.main import run

if __name__ == "__main__":
    run()
