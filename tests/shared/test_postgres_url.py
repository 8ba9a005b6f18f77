"""The URL of Postgres in the settings of a program."""

import pytest

from shared.errors import OperatorError
from shared.postgres_url import asyncpg_url


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg", "postgresql+psycopg"])
def test_it_is_for_the_driver_we_have(scheme):
    url = asyncpg_url(f"{scheme}://dcsim:s3cret@db:5433/jira?ssl=require")

    assert url.render_as_string(hide_password=False) == "postgresql+asyncpg://dcsim:s3cret@db:5433/jira?ssl=require"


@pytest.mark.parametrize("url", ["", "nonsense", "dcsim:s3cret@db/jira", "postgresql://dcsim:s3cret@db:here/jira"])
def test_one_that_is_none_is_told_without_its_password(url):
    with pytest.raises(OperatorError, match=r"^the Postgres URL cannot be read; expected postgresql://user") as told:
        asyncpg_url(url)

    assert "s3cret" not in str(told.value)
