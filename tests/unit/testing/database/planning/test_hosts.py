from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("hypothesis")

from hypothesis import given
from hypothesis import strategies as st

from corelib.errors import InvalidSetting
from corelib.testing.database.errors import NotAllowed
from corelib.testing.database.planning.hosts import check_host

SECRET = "s3cret-word"


class TestCheckHost:
    class WhenTheServerIsOnThisMachine:
        @pytest.mark.parametrize(
            "url",
            [
                "postgresql://postgres@localhost/postgres",
                "postgresql://postgres@LOCALHOST:5433/postgres",
                "postgresql://127.0.0.1/postgres",
                "postgresql://127.8.8.8/postgres",
                "postgresql://[::1]:5432/postgres",
                "postgresql://db.localhost/postgres",
                "postgresql://localhost,127.0.0.1/postgres",
                "postgresql:///postgres",
                "postgresql:///postgres?host=/var/run/postgresql",
                "postgresql+psycopg://u:p@/postgres?host=/tmp/products/socket",
                "postgresql:///postgres?host=localhost:5432&host=127.0.0.1:5433",
                "mssql+pyodbc://sa:p@localhost:1434/master",
                "mssql+pyodbc://sa:p@localhost/master?driver=ODBC+Driver+18+for+SQL+Server",
                "mssql+pyodbc://?odbc_connect=Driver%3DX%3BServer%3Dtcp%3Alocalhost%2C1434%3BUid%3Dsa%3BPwd%3Dp",
                "mssql+pyodbc://?odbc_connect=Server%3D(local)%5CSQLEXPRESS",
                "mssql+pyodbc://?odbc_connect=Server%3D.",
                "sqlite:////home/me/products/tests.sqlite",
                "sqlite:///folder/",
                "sqlite://",
                "mssql://sa:p@localhost/products_delivery_alive",
            ],
        )
        def test_allows_it(self, url: str) -> None:
            check_host(url)

    class WhenTheServerIsElsewhere:
        @pytest.mark.parametrize(
            ("url", "host"),
            [
                ("postgresql://db.example.test/orders", "db.example.test"),
                ("postgresql://DB.example.test./orders", "db.example.test"),
                ("postgresql://10.0.0.7/orders", "10.0.0.7"),
                ("postgresql://0.0.0.0/orders", "0.0.0.0"),
                ("postgresql://[fe80::1]/orders", "fe80::1"),
                ("postgresql://localhost.example.test/orders", "localhost.example.test"),
                ("postgresql://localhost,db.example.test/orders", "db.example.test"),
                ("postgresql:///orders?host=localhost&host=db.example.test", "db.example.test"),
                ("postgresql://localhost/orders?host=db.example.test", "db.example.test"),
                ("postgresql://localhost/orders?hostaddr=10.0.0.7", "10.0.0.7"),
                ("mssql+pyodbc://sa:p@sql01,1433/master", "sql01"),
                ("mssql+pyodbc://?odbc_connect=Server%3Dtcp%3Asql01%2C1433", "sql01"),
                ("mssql+pyodbc://?odbc_connect=SERVER+%3D+sql01%5CDEV%3B", "sql01"),
                ("mssql+pyodbc://?odbc_connect=Server%3D%7Bsql01%7D", "sql01"),
                ("mssql+pyodbc://?odbc_connect=DSN%3Dorders", "orders"),
                ("mssql+pyodbc://sa:p@localhost/master?Server=sql01", "sql01"),
                ("postgresql:///orders?host=/cloudsql/shop:europe:orders", "/cloudsql/shop:europe:orders"),
            ],
        )
        def test_refuses_it_and_says_how_to_allow_it(self, url: str, host: str) -> None:
            with pytest.raises(NotAllowed, match="is not this machine") as refused:
                check_host(url)

            assert repr(host) in str(refused.value)
            assert f"corelib_db_hosts = {host}" in str(refused.value)
            assert f"--db-allow-host={host}" in str(refused.value)

        @pytest.mark.parametrize("allowed", ["db.ci.test", "DB.CI.Test", "db.ci.test:5432", "*.ci.test"])
        def test_allows_it_where_the_project_does(self, allowed: str) -> None:
            check_host("postgresql://db.ci.test:5432/orders", [allowed])

        @pytest.mark.parametrize("allowed", ["ci.test", "*", "*.test", "*.*.test", "db*.ci.test", "*ci.test", ""])
        def test_refuses_it_where_the_project_allows_another(self, allowed: str) -> None:
            with pytest.raises(NotAllowed):
                check_host("postgresql://db.ci.test:5432/orders", [allowed])

        def test_refuses_several_of_which_one_is_not_allowed(self) -> None:
            with pytest.raises(NotAllowed, match=r"'b\.ci\.test'"):
                check_host("postgresql://a.ci.test,b.ci.test/orders", ["a.ci.test"])

    class WhenTheHostIsACloudProviders:
        @pytest.mark.parametrize(
            "host",
            [
                "orders.database.windows.net",
                "orders.postgres.database.azure.com",
                "orders.cxyz.eu-central-1.rds.amazonaws.com",
            ],
        )
        def test_takes_its_exact_name(self, host: str) -> None:
            domain = host.partition(".")[2]

            check_host(f"postgresql://{host}/orders", [host])
            with pytest.raises(NotAllowed, match=r"cloud provider's .* by its exact name"):
                check_host(f"postgresql://{host}/orders", [f"*.{domain}"])

    class WhenANameLooksLikeProduction:
        @pytest.mark.parametrize(
            ("url", "what"),
            [
                ("postgresql://localhost/orders_prod", "database 'orders_prod'"),
                ("postgresql://localhost/Production", "database 'Production'"),
                ("postgresql://localhost/prd-orders", "database 'prd-orders'"),
                ("postgresql://localhost/orders.live", "database 'orders.live'"),
                ("postgresql://localhost/prod01", "database 'prod01'"),
                ("postgresql://localhost/OrdersProd", "database 'OrdersProd'"),
                ("postgresql://localhost/PRODOrders", "database 'PRODOrders'"),
                ("postgresql://localhost/orders%20live", "database 'orders live'"),
                ("postgresql://prod_admin@localhost/orders", "user 'prod_admin'"),
                ("postgresql://localhost/orders?user=live", "user 'live'"),
                ("postgresql://localhost/orders?dbname=prod", "database 'prod'"),
                ("postgresql://db.prod.example.test/orders", "host 'db.prod.example.test'"),
                ("postgresql://live.localhost/orders", "host 'live.localhost'"),
                ("postgresql:///orders?host=/run/prod/socket", "host '/run/prod/socket'"),
                ("mssql+pyodbc://?odbc_connect=Server%3Dlocalhost%3BDatabase%3DOrders_Live", "database 'Orders_Live'"),
                ("mssql+pyodbc://?odbc_connect=Server%3Dlocalhost%3BUID%3Dprod", "user 'prod'"),
                ("sqlite:////srv/orders/live.sqlite", "database 'live.sqlite'"),
            ],
        )
        def test_refuses_it_even_on_this_machine_or_an_allowed_host(self, url: str, what: str) -> None:
            with pytest.raises(NotAllowed, match="looks like production") as refused:
                check_host(url, ["db.prod.example.test", "*.prod.example.test"])

            assert what in str(refused.value)

        @given(
            st.sampled_from(["prod", "production", "prd", "live"]),
            st.sampled_from(["", "orders", "2"]),
            st.sampled_from(["_", "-", ".", " "]),
        )
        def test_finds_the_word_between_any_separators(self, word: str, other: str, separator: str) -> None:
            name = f"{other}{separator}{word}{separator}{other}"

            with pytest.raises(NotAllowed, match="looks like production"):
                check_host(f"postgresql://localhost/{name}")

        @pytest.mark.parametrize("name", ["products", "reproduction", "delivery", "alive", "prodigy", "liverpool"])
        def test_allows_words_that_only_begin_or_end_so(self, name: str) -> None:
            check_host(f"postgresql://{name}@localhost/{name}")

    class WhenTheEnvironmentOfLibpqCounts:
        @pytest.mark.parametrize(
            ("variable", "value", "said"),
            [
                ("PGHOST", "db.example.test", "'db.example.test' is not this machine"),
                ("PGHOSTADDR", "10.0.0.7", "'10.0.0.7' is not this machine"),
                ("PGSERVICE", "orders", "leaves it to service"),
                ("PGDATABASE", "prod", "looks like production"),
                ("PGUSER", "prod", "looks like production"),
            ],
        )
        def test_refuses_what_it_adds_to_a_url(self, variable: str, value: str, said: str) -> None:
            with pytest.raises(NotAllowed, match=said):
                check_host("postgresql://", environment={variable: value})

        @pytest.mark.parametrize("variable", ["PGHOST", "PGHOSTADDR", "PGDATABASE", "PGUSER"])
        def test_passes_over_what_the_url_says_itself(self, variable: str) -> None:
            check_host("postgresql://me@localhost/orders", environment={variable: "prod.example.test"})

        def test_passes_over_it_for_other_engines(self) -> None:
            check_host("mssql+pyodbc://sa:p@localhost/master", environment={"PGHOST": "db.example.test"})

    class WhenTheUrlLeavesTheServerToAFile:
        @pytest.mark.parametrize(
            "url", ["postgresql:///?service=orders", "mssql+pyodbc://?odbc_connect=FileDSN%3Dorders.dsn"]
        )
        def test_refuses_it(self, url: str) -> None:
            with pytest.raises(NotAllowed, match="Name host and database in the URL"):
                check_host(url)

    class WhenTheTextIsNoUrl:
        def test_says_so_without_repeating_it(self) -> None:
            with pytest.raises(InvalidSetting, match="cannot be read") as refused:
                check_host(f"user:{SECRET}@localhost")

            assert SECRET not in str(refused.value)

    class WhenTheUrlHasAPassword:
        @pytest.mark.parametrize(
            "url",
            [
                f"postgresql://prod:{SECRET}@db.example.test/orders",
                f"postgresql://me:{SECRET}@db.example.test/orders",
                f"mssql+pyodbc://?odbc_connect=Server%3Dsql01%3BPWD%3D{SECRET}",
            ],
        )
        def test_does_not_tell_it(self, url: str) -> None:
            with pytest.raises(NotAllowed) as refused:
                check_host(url)

            assert SECRET not in str(refused.value)
