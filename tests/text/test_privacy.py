"""Personal data go, in English and Chinese; orders, products, sizes, prices and years stay."""

# ruff: noqa: E501 - cases side by side are read faster than one a line

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsung.text.privacy import KINDS, mask_personal

PERSONAL = {
    "email": [
        "write to jo@example.com", "Jo.Smith+shop@mail.example.co.uk please", "邮箱zhang_3@163.com谢谢",
        "联系 a-b@qq.com。", "<x%y@sub.domain.org>", "ｊｏ＠example.com", "mail:JO@EXAMPLE.COM.",
    ],
    "phone": [
        "call +44 20 7946 0958", "+1 (555) 234-5678", "+8613812345678", "0044 20 7946 0958",
        "+86 138 1234 5678", "+49-30-12345678", "(555) 234-5678", "555-234-5678", "555.234.5678",
        "1-555-234-5678", "07700 900123", "020 7946 0958", "0161 496 0000", "06 12 34 56 78",
        "030 12345678", "13812345678", "138-1234-5678", "138 1234 5678", "请打15900001111，谢谢",
        "１３８１２３４５６７８", "座机0571-88886666", "（010）62345678", "010-62345678-801", "86 18912345678",
        "电话：62345678", "手机号是17712345678", "联系方式:88886666", "call me at 5552345", "phone: 555 2345 111",
        "tel 5552345678", "WhatsApp: 5552345678", "13812345678/13912345678",
    ],
    "id number": ["身份证11010519491231002X", "11010519491231002x", "身份证号：123456789012345"],
    "card number": [
        "4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "5555 5555 5555 4444",
        "amex 378282246310005", "3782 822463 10005", "卡号6011111111111117", "5105105105105100.",
    ],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "iban FR1420041010050500013M02606 ok"],
    "link": [
        "https://jo:secret@shop.example/x", "see https://a.example/?q=1&token=abc",
        "ftp://u:p@1.2.3.4/f", "http://a.example/p?api_key=9f", "打开https://a.example/?session_id=3f看",
    ],
    "ip": ["203.0.113.9", "from 2001:db8:0:0:0:0:2:1", "ip：192.168.0.1", "2001:db8::8a2e:1"],
    "account": [
        "微信：abc_12345", "加我微信 wxid9988776", "wechat: jo_smith99", "QQ:12345678", "qq群 123456789",
        "扣扣是987654321", "加vx：lucky888", "WeChat ID: goodseller", "微信号：haomaijia",
    ],
    "address": [
        "I live at 12 Baker Street", "deliver to 221B Baker Street, London NW1 6XE",
        "My address is 5 Oak Tree Lane, Apt 4", "1600 Pennsylvania Avenue, Washington, DC 20500",
        "地址：北京市朝阳区建国路88号3号楼502室", "上海市浦东新区张江路100号", "寄到人民路12号",
        "家住阳光小区3栋2单元501室", "Sent it to 40 Elm Road",
    ],
    "name": [
        "my name is John Smith", "My name's Anna.", "Best regards, Mary Jones", "Yours sincerely, Tom",
        "a rep named Sarah helped", "Attn: Bob Brown", "我叫王小明，", "收件人：李雷", "联系人是欧阳娜娜 ",
        "I am called Peter",
    ],
}  # fmt: skip

ORDINARY = [
    "order 4111111111111111", "Order number: 13812345678", "订单号13812345678", "运单号 4111111111111111",
    "ISBN 9780306406157", "EAN 4006381333931", "barcode: 4006381333931", "model 555-234-5678",
    "货号：13812345678", "型号 15900001111", "tracking no. 378282246310005", "#13812345678",
    "4111111111111112", "4006381333931", "1111 1111 1111 1111", "110105194912310021",
    "version 1.2.3.4", "v10.0.0.1", "固件版本 1.2.3.4", "at 10:30:45", "std::vector", "1.2.3", "256.1.1.1",
    "size 10 12 14", "iPhone 14 256 512", "12 x 250 ml", "30x40x50 cm", "1,000,000 sold", "$1,299.99",
    "¥3999", "in 2023", "2019-2023", "2023-05-01", "01/02/2023", "5 in 1", "100% cotton", "24/7",
    "SPF 50", "500 mg 60 caps", "jf010013", "B00004RYIX", "22423", "85123A", "AB12 3456", "7 days",
    "call me maybe", "the phone has a 6.7 inch screen", "phone 128 256", "5 stars @ best", "@home",
    "a @ b", "50% off @ checkout", "https://shop.example/p?id=3", "http://a.example/x#top",
    "Abbey Road by The Beatles 1969", "12 Days of Christmas", "Baker Street mug", "Mr Coffee maker",
    "Dr. Martens boots", "Mrs. Meyer's soap", "a product named Sonic", "the name is good",
    "wechat payment works", "WeChat is great", "微信支付", "QQ糖500克", "qq 头像", "QQ飞车2019", "vx8200",
    "第12345678个", "共10086个好评", "400-820-8820",
    "拨打4008206666", "10000毫安", "3999元", "42码", "2012年买的", "18个月",
    "我叫了外卖", "我叫他来", "姓名贴", "收件很快", "地址写错了", "我住在北京", "南京路很热闹", "人民币100元",
    "88号色", "一路88号", "他的电话很好用", "手机号码忘了", "DE is Germany 1234", "房间号502", "G20 30W 220V",
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in PERSONAL.items() for text in texts]
)
def test_personal_data_are_masked(kind, text):
    masked = mask_personal(text)
    assert set(masked.found) == {kind}
    assert masked.text.count(f"[{kind}]") == masked.found[kind]
    assert not any(map(str.isdigit, masked.text)) or kind in {"address", "link"}


@pytest.mark.parametrize("text", ORDINARY)
def test_what_is_not_personal_stays(text):
    assert mask_personal(text) == (text, {})


def test_there_are_enough_cases_and_every_kind_has_some():
    assert set(PERSONAL) == set(KINDS)
    assert sum(map(len, PERSONAL.values())) >= 60
    assert len(ORDINARY) >= 60


def test_the_rest_of_a_text_stays_and_kinds_are_counted():
    masked = mask_personal("Jo (jo@a.example, 13812345678/13912345678) says: 很好, order 4711")
    assert masked.text == "Jo ([email], [phone]/[phone]) says: 很好, order 4711"
    assert masked.found == {"email": 1, "phone": 2}


PIECES = st.sampled_from(
    [text for texts in PERSONAL.values() for text in texts] + ORDINARY + list("-./,:@ 013６我号[]")
)


@given(st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=80))
def test_masking_twice_is_masking_once(text):
    once = mask_personal(text).text
    assert mask_personal(once) == (once, {})


NO_CUES = st.text(
    st.characters(exclude_categories=["Nd", "Nl", "No", "Cs"], exclude_characters="@＠:")
)


@given(NO_CUES)
def test_a_text_without_digits_signs_and_cues_is_unchanged(text):
    cues = ("name", "called", "egards", "incerely", "ruly", "aithfully", "叫", "名")
    if not any(cue in text for cue in cues):
        assert mask_personal(text) == (text, {})


@pytest.mark.parametrize(
    "piece",
    ["a", "@", "1", "1 ", "a.", "a@b.", "市", "地址北京", "12 Aa ", ":", "my name is A ", "http://",
     "DE89 ", "+1(2)", "微信a", "北京区北京路", "x?", "01 23 45 67 89 ", "Aa ", "ab:cd:", "138-1234-",
     "send to 1 A ", "4111 ", "13812345678-", "0012", "10.0.0.1.", "(", "[phone]1"],
)  # fmt: skip
def test_work_grows_in_proportion_to_the_text(piece):
    """Nasty texts of 30,000 characters end within the time limit of a test."""
    text = piece * (30_000 // len(piece))
    masked = mask_personal(text)
    assert mask_personal(masked.text).text == masked.text


def test_numbers_side_by_side_are_all_masked():
    masked = mask_personal("13812345678 " * 500)
    assert masked.found == {"phone": 500}
