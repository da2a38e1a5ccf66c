"""Both language models on short texts: how fast, and whether English queries find Chinese items.

    UNSUNG_DATA=... python benchmarks/languages.py [--texts 10000] [--model use-m3]

* Speed: so many product phrases in the model's own language (titles of Online Retail in English,
  searches of a Chinese shop) are encoded, then 200 of them one by one, as queries are.
* Finding: 30 English queries among the Chinese phrases. A phrase is right where it has one of the
  words that were written down for the query beforehand; none was chosen by what a model found.
  Precision of the first ten, its interval over queries, and what chance would find.

Prints JSON. Wall times, and processor times beside them, for machines that do other work.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from unsung.statistics.bootstrap import bootstrap_mean_interval
from unsung.text.onnx_encoder import OnnxEncoder, embed
from unsung.workflows.encoder import find_encoder

QUERIES: Final = {
    "wireless mouse": ("鼠标",),
    "yoga mat": ("瑜伽垫", "瑜珈垫"),
    "baby stroller": ("婴儿车", "推车"),
    "phone case": ("手机壳", "手机套"),
    "running shoes": ("跑鞋", "跑步鞋"),
    "sunglasses": ("太阳镜", "墨镜"),
    "umbrella": ("伞",),
    "rice cooker": ("电饭煲", "电饭锅"),
    "lipstick": ("口红", "唇膏"),
    "bed sheets": ("床单",),
    "curtains": ("窗帘",),
    "backpack": ("双肩包", "背包"),
    "toothbrush": ("牙刷",),
    "headphones": ("耳机",),
    "wedding dress": ("婚纱",),
    "fishing rod": ("鱼竿", "钓竿"),
    "dog food": ("狗粮",),
    "cat litter": ("猫砂",),
    "green tea": ("绿茶",),
    "hair dryer": ("吹风机", "电吹风"),
    "desk lamp": ("台灯",),
    "bicycle": ("自行车",),
    "leather belt": ("皮带", "腰带"),
    "jeans": ("牛仔裤",),
    "swimsuit": ("泳衣",),
    "coffee machine": ("咖啡机",),
    "shampoo": ("洗发水",),
    "notebook computer": ("笔记本电脑",),
    "washing machine": ("洗衣机",),
    "teapot": ("茶壶",),
}
"""English query -> words of which a right Chinese phrase has one."""
FIRST: Final = 10
N_ASKED: Final = 200


def speed(encoder: OnnxEncoder, texts: list[str]) -> dict[str, float]:
    encoder.encode(texts[:32])  # the session's first call sets it up
    wall, processor = time.perf_counter(), time.process_time()
    embed(texts, encoder)
    found = {
        "texts": len(texts),
        "all_s": round(time.perf_counter() - wall, 2),
        "all_processor_s": round(time.process_time() - processor, 2),
    }
    walls, processors = [], []
    for text in texts[:N_ASKED]:
        wall, processor = time.perf_counter(), time.process_time()
        encoder.encode([text])
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    one = round(float(np.median(walls)) * 1000, 2)
    return found | {"one_ms": one, "one_processor_ms": round(float(np.mean(processors)) * 1000, 2)}


def finding(encoder: OnnxEncoder, phrases: list[str]) -> dict[str, object]:
    items = embed(phrases, encoder)
    scores = encoder.encode(list(QUERIES)) @ items.T
    right = np.array(
        [
            [any(word in phrase for word in words) for phrase in phrases]
            for words in QUERIES.values()
        ]
    )
    first = np.argsort(-scores, axis=1, kind="stable")[:, :FIRST]
    precision = np.take_along_axis(right, first, axis=1).mean(axis=1)
    interval = bootstrap_mean_interval(precision, rng=np.random.default_rng(0))
    return {
        "precision": round(float(precision.mean()), 3),
        "low": round(interval.low, 3),
        "high": round(interval.high, 3),
        "by_chance": round(float(right.mean()), 4),
        "of_each": dict(zip(QUERIES, precision.round(1).tolist(), strict=True)),
    }


def chinese_phrases(folder: Path, n: int) -> list[str]:
    """Searches of a shop, among them ten or more that are right for each query."""
    found = pd.read_parquet(folder / "multicpr_ecom_queries.parquet")["query"].drop_duplicates()
    rng = np.random.default_rng(0)
    chosen: set[str] = set()
    for words in QUERIES.values():
        chosen.update(found[found.str.contains("|".join(words))].tolist()[: FIRST * 2])
    drawn = found.iloc[rng.permutation(len(found))].tolist()
    rest = [phrase for phrase in drawn if phrase not in chosen]
    return sorted(chosen) + rest[: max(n - len(chosen), 0)]


def english_titles(folder: Path, n: int) -> list[str]:
    """Distinct titles of the demo shop, repeated with a number where there are too few."""
    rows = pd.read_parquet(folder / "online_retail.parquet", columns=["Description"])[
        "Description"
    ].dropna()
    found = sorted({str(title) for title in rows})
    repeated = [
        f"{title} {copy}" for copy in range(1, n // max(len(found), 1) + 1) for title in found
    ]
    return (found + repeated)[:n]


def main() -> None:
    parser = argparse.ArgumentParser(description="Both language models on short texts.")
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--model", choices=["all-MiniLM-L6-v2", "use-m3"], help="both if not given")
    given = parser.parse_args()
    data = Path(os.environ["UNSUNG_DATA"])
    phrases = chinese_phrases(data / "chinese_reviews", given.texts)
    titles = english_titles(data / "online_retail", given.texts)
    for name, texts in (("all-MiniLM-L6-v2", titles), ("use-m3", phrases)):
        if given.model not in (None, name):
            continue
        encoder = find_encoder(name)
        assert encoder is not None
        print(json.dumps({name: speed(encoder, texts)}), flush=True)
        print(json.dumps({f"{name}, finding": finding(encoder, phrases)}), flush=True)


if __name__ == "__main__":
    main()
