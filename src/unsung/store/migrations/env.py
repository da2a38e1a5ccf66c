"""What alembic runs: the migrations, in the transaction of the connection that it was given."""

from alembic import context

from unsung.store.migration import VERSION_TABLE
from unsung.store.tables import metadata


def run() -> None:
    """Run the migrations that were asked for."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        transactional_ddl=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


# The name that alembic gives this file: whoever else imports it runs nothing.
if __name__ == "env_py":
    run()
