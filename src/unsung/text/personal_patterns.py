"""Forms of personal data in English and Chinese text.

Every repetition is bounded or possessive, and starts only where a run starts: matching takes time
in proportion to the text, whatever it holds.
"""

import ipaddress
import re

# A number that was masked before it counts as one: else masking would go on from number to number.
_NO_DIGIT_BEFORE = r"(?<![0-9A-Za-z#])(?<![0-9\]][.-])"
_NO_DIGIT_AFTER = r"(?![0-9A-Za-z])(?![.-][0-9])"

# What makes the number behind it no personal one.
_NUMBERED = re.compile(
    r"(?:order|invoice|tracking|shipment|parcel|receipt|ticket|case|ref(?:erence)?|model|part|item"
    r"|sku|isbn|ean|upc|asin|barcode|serial|batch|lot|article|version|firmware|build|release"
    r"|订单|运单|单号|快递|物流|货号|款号|型号|编号|条码|条形码|批号|序列号|版本|产品码|防伪码)"
    r"(?: ?(?:number|no|nr|code|id|码|号|编号|#)\.?)?(?: ?(?:is|was|是|为))?[\s:：#.]{0,3}$|\bv$",
    re.IGNORECASE,
)
_LOOK_BACK = 32


def is_numbered(text: str, start: int) -> bool:
    """Whether the words before a place say that an order, a product or a version follows."""
    return bool(_NUMBERED.search(text[max(start - _LOOK_BACK, 0) : start]))


EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++ ?@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"
)

_ON_A_LINE = "[!-~]"
LINK = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,15}://"
    rf"(?:[^\s/@:]{{1,64}}:[^\s/@]{{1,128}}@{_ON_A_LINE}++"
    rf"|[A-Za-z0-9.:-]{{1,253}}(?=[/?#]){_ON_A_LINE}{{0,300}}?[?&#;]"
    r"(?:access_?token|token|api_?key|key|auth|passw(?:or)?d|pwd|secret|session_?id|sid|sig)="
    rf"{_ON_A_LINE}++)",
    re.IGNORECASE,
)

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CARD = re.compile(
    rf"{_NO_DIGIT_BEFORE}[1-9]\d{{5}}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    rf"\d{{3}}[0-9Xx]{_NO_DIGIT_AFTER}"
)
ID_CARD_CUED = re.compile(
    r"(?<=身份证)((?:号码|号)?[\s:：是为]{0,3})([1-9]\d{13,16}[0-9Xx])(?![0-9A-Za-z])"
)


def is_id_card(number: str) -> bool:
    """Whether the check digit of a Chinese citizen's number (GB 11643) holds.

    >>> is_id_card("11010519491231002X")
    True
    """
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


CARD = re.compile(
    rf"{_NO_DIGIT_BEFORE}(?<![0-9] )(?:"
    r"(?:4\d{3}|5[0-8]\d\d|2[2-7]\d\d|6\d{3}|3[058]\d\d|35\d\d)"
    r"(?:(?:-\d{4}){3}|(?: \d{4}){3}(?: ?\d{1,3})?|\d{12}(?:\d{3})?|\d{10})"
    r"|3[47]\d\d(?:-\d{6}-\d{5}| \d{6} \d{5}|\d{11})"
    rf"){_NO_DIGIT_AFTER}"
)


def is_luhn(number: str) -> bool:
    """Whether a card's check digit (ISO/IEC 7812-1) holds.

    >>> is_luhn("4111 1111 1111 1111")
    True
    """
    digits = [int(digit) for digit in reversed(number) if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


_IBAN_LENGTHS = {
    15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
    21: "CH CR HR LI LV", 22: "BG BH DE GB GE IE ME RS VA", 23: "AE GI IL IQ TL",
    24: "AD CZ DZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
    27: "FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL", 29: "BR EG PS QA UA",
    30: "JO KW MU", 31: "MT SC",
}  # fmt: skip
IBAN = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    + "|".join(
        rf"(?:{'|'.join(countries.split())})\d\d(?: ?[0-9A-Z]){{{length - 4}}}"
        for length, countries in _IBAN_LENGTHS.items()
    )
    + r")(?![0-9A-Za-z])"
)


def is_iban(number: str) -> bool:
    """Whether the check digits of an account number (ISO 13616) hold.

    >>> is_iban("GB82 WEST 1234 5698 7654 32")
    True
    """
    compact = number.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


IP = re.compile(
    r"(?:(?<![0-9A-Za-z.])\d{1,3}(?:\.\d{1,3}){3}"
    r"|(?<![0-9A-Za-z.:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})"
    r"(?![0-9A-Za-z:])(?!\.\d)"
)


def is_ip(address: str) -> bool:
    """Whether it is an address of version 4 or 6 that is long enough not to be a time.

    >>> is_ip("203.0.113.9"), is_ip("2001:db8::1"), is_ip("10:30:45"), is_ip("::")
    (True, True, False, False)
    """
    if ":" in address and (
        len([part for part in address.split(":") if part]) < 3 or address.isalpha()
    ):
        return False
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


_CHINESE_MOBILE = r"(?:(?:\+|00)?86[ -]?)?1[3-9]\d(?:[ -]\d{4}[ -]\d{4}|\d{8})"
_CHINESE_LANDLINE = (
    r"(?:(?:\+|00)86[ -]?)?(?:[(（]0\d{2,3}[)）] ?|0\d{2,3}[- ])[2-8]\d{2,3}[ -]?\d{4}(?:-\d{1,4})?"
)
_INTERNATIONAL = r"(?:\+|(?<![0-9])00(?=[1-9]))[1-9]\d{0,2}(?:[ ./-]{0,2}\(?\d{1,5}\)?){2,6}"
# Numbers of 400 and 800 are those of services.
_NORTH_AMERICAN = r"(?:1[ .-])?(?!\(?[48]00)(?:\([2-9]\d\d\) ?|[2-9]\d\d[.-])[2-9]\d\d[ .-]\d{4}"
_EUROPEAN = (
    r"0\d{4} \d{6}|0\d{3} \d{3} ?\d{4}|02\d \d{4} \d{4}|0\d{2,4}[ /-]\d{6,8}"
    r"|0[1-9](?: \d\d){4}|0[1-9](?:\.\d\d){4}"
)
PHONE = re.compile(
    rf"{_NO_DIGIT_BEFORE}(?:{_INTERNATIONAL}|{_CHINESE_MOBILE}"
    rf"|{_CHINESE_LANDLINE}|{_NORTH_AMERICAN}|{_EUROPEAN}){_NO_DIGIT_AFTER}"
)
PHONE_CUED = re.compile(
    r"((?:(?<![A-Za-z])(?:call(?: me| us| him| her)?|(?:tele|cell)?phone|tel|mobile|cell|whatsapp"
    r"|fax|text me)(?: number| no)?\.?(?: is| at| on)?|电话|手机号?|座机|致电|拨打|联系方式)"
    r"(?:号码)?[是为]?[\s:：]{0,3})"
    r"(?![48]00)(\d{3,4}[ .-]\d{3,4}[ .-]\d{3,4}|\d{3,5}[.-]\d{4,8}|\d{7,12})"
    r"(?![0-9A-Za-z])(?![.-]\d)",
    re.IGNORECASE,
)


def is_phone(number: str) -> bool:
    """Whether the digits are as many as a telephone number may have (ITU-T E.164)."""
    return 8 <= sum(map(str.isdigit, number)) <= 15


ACCOUNT_CUED = re.compile(
    r"((?:微信|薇信|威信|(?<![A-Za-z])(?:wechat|weixin))(?:号码|号|帐号|账号| id| number| no)?"
    r"(?: is|是|为)?[\s:：=]{0,3}"
    r"|(?:加v[信x]?|(?<![A-Za-z])(?:vx|wx))号?\s{0,2}[:：=]\s{0,2})"
    r"((?=[A-Za-z_-]{0,19}[0-9_])[A-Za-z0-9][A-Za-z0-9_-]{5,19})(?![A-Za-z0-9_-])"
    r"|((?:微信号|(?<![A-Za-z])wechat id)(?: is|是|为)?\s{0,2}[:：=]\s{0,2})"
    r"([A-Za-z][A-Za-z0-9_-]{5,19})(?![A-Za-z0-9_-])"
    r"|((?:扣扣|(?<![A-Za-z])qq)(?:群|号码|号| number| no)?(?: is|是|为)?[\s:：=]{0,3})"
    r"([1-9]\d{4,11})(?![0-9A-Za-z])(?!\s?(?:毫安|元|块|个|克|颗|粒|币))",
    re.IGNORECASE,
)

_STREET = (
    r"\d{1,5}[A-Za-z]?,? (?:[NSEW]\.? )?(?:[A-Z0-9][\w'.-]{0,20} ){1,4}?"
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Close|Way"
    r"|Crescent|Terrace|Square|Highway|Hwy|Parkway)\b\.?"
)
_UNIT = r"(?:,? (?:Apt|Apartment|Unit|Flat|Suite|Ste|Room|#)\.? ?[A-Za-z]?\d{1,5}[A-Za-z]?)?"
_TOWN = (
    r"(?:,? [A-Z][\w'.-]{1,20}(?: [A-Z][\w'.-]{1,20}){0,2},?"
    r" (?:[A-Z]{2} \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z0-9]? \d[A-Z]{2}))"
)
ADDRESS_CUED = re.compile(
    r"((?:(?:[Ll]ives?|[Ll]iving|[Ll]ived) (?:at|on|in)|[Aa]ddress(?: is|:| -)"
    r"|(?:[Dd]eliver|[Ss]hip|[Ss]end|[Ss]ent|[Mm]ail)(?:ed|ped)?(?: it| them)? to"
    r"|[Rr]esid(?:es?|ing) at) )"
    rf"({_STREET}{_UNIT}{_TOWN}?)"
)
ADDRESS = re.compile(rf"(?<![\w-]){_STREET}{_UNIT}{_TOWN}")

_HAN = "[\u4e00-\u9fff]"
# Characters that stand between a verb and a place, hardly ever in the name of one.
_PLACE = r"[^\W\d_A-Za-z我你您他她它在到住寄送往是的了给货收买于家，。！？]"
_HOUSE = (
    r"\d{1,5}(?:[-—]\d{1,4})?\s?号(?:院|楼)?(?:\s?[0-9A-Za-z一二三四五六七八九十]{1,5}"
    r"\s?(?:号楼|栋|幢|座|单元|楼|层|室|号)){0,4}"
)
_ROAD = r"(?:路|街|大道|道|巷|弄|胡同|村)"
ADDRESS_HAN = re.compile(
    rf"(?:{_PLACE}{{2,3}}省)?(?:{_PLACE}{{2,4}}市)?{_PLACE}{{1,5}}[区县市镇]{_PLACE}{{1,10}}{_ROAD}\s?"
    + _HOUSE
)
ADDRESS_HAN_CUED = re.compile(
    r"((?:地址|住址|家住|住在|寄到|寄往|送到|邮寄至|寄至)[是为在]?[\s:：]{0,2})"
    rf"({_HAN}{{1,20}}?(?:{_ROAD}\s?{_HOUSE}"
    r"|(?:小区|花园|公寓|大厦|苑|村)[0-9A-Za-z一二三四五六七八九十]{1,5}\s?"
    r"(?:号楼|栋|幢|座|单元|室|号)(?:\s?[0-9A-Za-z]{1,5}\s?(?:单元|楼|层|室|号)){0,3}))"
)

_NAME = r"[A-Z][A-Za-zÀ-ÿ'’-]{1,24}(?: [A-Z]\.)?(?: [A-Z][A-Za-zÀ-ÿ'’-]{1,24}){0,2}"
PERSON_CUED = re.compile(
    r"((?:\b[Mm]y (?:full )?name is|\b[Mm]y name['’]s|\b[Ii]'?(?: a)?m called"
    r"|\b(?:[Rr]ecipient|[Aa]ttn|[Cc]ustomer name|[Ff]ull name|[Cc]ontact(?: person| name)?):"
    r"|\b(?:[Kk]ind|[Bb]est|[Ww]arm) [Rr]egards,|\b[Yy]ours (?:sincerely|truly|faithfully),"
    r"|\b[Ss]incerely,|\b(?:agent|rep|representative|driver|courier|technician|salesman|clerk"
    r"|employee|manager|lady|gentleman) (?:named|called))\s{1,3})"
    rf"({_NAME})"
)
_SURNAMES = (
    "欧阳|上官|司马|诸葛|[王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘"
    "蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范廖石金韦贾夏付傅方白邹孟熊秦邱江尹薛闫段雷侯龙史"
    "陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤]"
)
PERSON_HAN_CUED = re.compile(
    r"((?:我(?:的名字)?叫|我的名字是|本人姓名|真实姓名"
    r"|(?:姓名|收件人|收货人|联系人)[:：是])[:：是为\s]{0,2})"
    rf"((?:{_SURNAMES}){_HAN}{{1,2}})(?={_HAN}?(?:[，。,.;；！!？?、\s（(0-9]|$)|今年|来自|电话|手机)"
)
