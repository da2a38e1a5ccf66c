from unsung.data.demo import demo_shop_folder
from unsung.data.guess import find_shop
from unsung.data.layouts import detect_layout
from unsung.data.readers.land import land


def test_the_demo_shop_lands_whole(tmp_path):
    shop = find_shop(demo_shop_folder())
    landed = land(shop.interactions, "interactions", demo_shop_folder(), tmp_path)
    assert landed.native
    assert (landed.n_rows, len(landed.rejects)) == (541_909, 0)
    assert landed.columns == (
        "InvoiceNo",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "UnitPrice",
        "CustomerID",
        "Country",
    )


def test_its_shop_toml_is_its_layout():
    detected = detect_layout([demo_shop_folder() / "online_retail.parquet"])
    assert find_shop(demo_shop_folder()) == detected.model_copy(update={"name": "Online Retail"})


def test_the_licence_is_kept():
    text = (demo_shop_folder() / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert "Daqing Chen, Online Retail, UCI Machine Learning Repository, 2015" in text
    assert "doi:10.24432/C5BW33" in text
    assert "CC BY 4.0" in text
