import gzip

import pytest

from unsung.data.readers.encoding import detect_encoding, read_blocks
from unsung.errors import InputError

CHINESE = "商品编号,标题\n17,玻璃杯，蓝色\n" * 3


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "utf-8"),
        (b"id,title\n1,cup\n", "utf-8"),
        (CHINESE.encode(), "utf-8"),
        (CHINESE.encode("utf-8-sig"), "utf-8"),
        (CHINESE.encode("gbk"), "gb18030"),
        (CHINESE.encode("utf-16"), "utf-16"),
        ("id,title\n1,cup\n".encode("utf-16-le"), "utf-16-le"),
        ("id,title\n1,cup\n".encode("utf-16-be"), "utf-16-be"),
        ("id,title\n1,Café crème £5\n2,Müller\n".encode("latin-1"), "cp1252"),
        # One damaged line doesn't make a file Chinese.
        (CHINESE.encode() + b"18,\xff\n", "utf-8"),
        # Pure ASCII for longer than any sample of the first bytes.
        (b"1,cup\n" * 100_000 + "2,杯子\n".encode("gbk"), "gb18030"),
    ],
)
def test_encodings_are_seen(tmp_path, content, expected):
    path = tmp_path / "items.csv"
    path.write_bytes(content)
    assert detect_encoding(path) == expected


def test_an_encoding_that_nobody_can_tell_is_asked_for(tmp_path):
    path = tmp_path / "cyrillic.csv"
    path.write_bytes("номер,название\n1,чайник эмалированный\n".encode("cp1251"))
    with pytest.raises(InputError, match="name its encoding"):
        detect_encoding(path)


@pytest.mark.parametrize("size", [1, 3, 7, 1 << 20])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("zipped", [False, True])
def test_blocks_are_whole_lines_and_add_up_to_the_text(tmp_path, size, encoding, zipped):
    path = tmp_path / "blocks.csv"
    content = CHINESE.encode(encoding)
    path.write_bytes(gzip.compress(content) if zipped else content)
    blocks = list(read_blocks(path, encoding, size))
    assert b"".join(block.text for block in blocks) == CHINESE.encode()
    assert all(block.text.endswith(b"\n") for block in blocks[:-1])
    assert [block.is_last for block in blocks] == [False] * (len(blocks) - 1) + [True]


def test_bad_bytes_never_become_valid_text(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_bytes("杯子".encode("gbk") + b"\xff\n")
    (block, _) = read_blocks(path, "gb18030")
    with pytest.raises(UnicodeDecodeError):
        block.text.decode()


@pytest.mark.parametrize("cut", [1, 5, 11, 20, 40])
def test_a_cut_gzip_file_is_named(tmp_path, cut):
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(CHINESE.encode())[:-cut])
    with pytest.raises(InputError, match=r"orders\.csv\.gz: is a damaged or cut-off \.gz file"):
        list(read_blocks(path, "utf-8"))


def test_an_unknown_encoding_is_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a\n", encoding="utf-8")
    with pytest.raises(InputError, match="encoding 'klingon' isn't known"):
        list(read_blocks(path, "klingon"))


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "zeros.csv.gz"
    path.write_bytes(gzip.compress(b"0" * (70 << 20), 1))
    with pytest.raises(InputError, match="a line of more than 64 MB"):
        list(read_blocks(path, "utf-8"))
