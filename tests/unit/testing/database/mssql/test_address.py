from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa

from corelib.errors import InvalidSetting
from corelib.testing.database.mssql.address import Address

URL = "mssql+pyodbc://sa:s3c%2Fret@testhost:1434/shop?driver=any&TrustServerCertificate=yes"


class TestAddress:
    def test_tells_the_host(self) -> None:
        assert Address(URL).host == "testhost"

    def test_leads_to_another_database_with_all_the_rest(self) -> None:
        url = sa.make_url(Address(URL).url_of("master"))

        assert url == sa.make_url(URL).set(database="master")

    @pytest.mark.parametrize(
        "url",
        [
            "mssql://?odbc_connect=Server%3Dproduction%3BPWD%3Ds3cret",
            "mssql://sa:s3cret@testhost/shop?Server=production",
            "mssql://sa:s3cret@testhost/shop?database=orders",
            "mssql://sa:s3cret@/shop?dsn=production",
            "mssql:///shop?driver=s3cret",
        ],
    )
    def test_refuses_a_url_that_may_lead_elsewhere_than_it_says(self, url: str) -> None:
        with pytest.raises(InvalidSetting, match="does not show which host and which database") as refused:
            Address(url)

        assert "s3cret" not in str(refused.value)

    def test_refuses_another_engine(self) -> None:
        with pytest.raises(InvalidSetting, match="not one of postgresql"):
            Address("postgresql://host/shop")
