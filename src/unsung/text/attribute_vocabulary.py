"""Words and units by which titles name size, amount, colour, material and age, in two languages."""

import re

NUMBER = r"(?:\d+ \d+/\d+|\d+/\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
"""A number as titles write it: 1 1/2, 1/3, 1,000, 0.5, .5."""

# Unit -> (kind, unit of the value, factor). An ounce without "fluid" counts as a weight.
UNITS: dict[str, tuple[str, str, float]] = {}
for _kind, _unit, _table in (
    (
        "volume",
        "ml",
        {
            1.0: "ml mls millilitre milliliter millilitres milliliters cc 毫升",
            10.0: "cl",
            1000.0: "l ltr litre liter litres liters 升",
            29.5735: "fl.oz fl.oz. floz fluid-ounce fluid-ounces fluid-oz fl-oz fl-ounce fl-ounces",
            473.176: "pint pints",
            3785.41: "gallon gallons gal",
        },
    ),
    (
        "weight",
        "g",
        {
            0.001: "mg 毫克",
            1.0: "g gm gr gram grams gramme grammes 克",
            1000.0: "kg kgs kilo kilogram kilograms 公斤 千克",
            28.3495: "oz oz. ounce ounces",
            453.592: "lb lbs pound pounds",
            500.0: "斤",
            50.0: "两",
        },
    ),
    (
        "length",
        "cm",
        {
            0.1: "mm millimeter millimeters 毫米",
            1.0: "cm cms centimeter centimeters centimetre centimetres 厘米 公分",
            100.0: "m meter meters metre metres 米",
            2.54: '" inch inches 英寸 寸',
            30.48: "ft feet foot",
            91.44: "yd yard yards",
        },
    ),
    ("age", "months", {1.0: "month months mo 个月", 12.0: "year years yr yrs 岁 周岁"}),
):
    for _factor, _words in _table.items():
        for _word in _words.split():
            UNITS[_word.replace("-", " ")] = (_kind, _unit, _factor)

_NUMBERS = """
one 一|two twin 两 二|three 三|four 四|five 五|six 六|seven 七|eight 八|nine 九|ten 十
|eleven|twelve dozen
"""
NUMBER_WORDS = {
    word: value
    for value, spelled in enumerate(_NUMBERS.split("|"), start=1)
    for word in spelled.split()
}

_COUNTED = """
pack packs pk count ct pcs pc piece pieces sheets tablets tabs capsules caps softgels pills servings
bags boxes bottles pairs rolls sachets strips wipes swabs cards assorted
"""
COUNTED = tuple(_COUNTED.split())
"""Words that make the number before them a count."""
COUNTED_HAN = "个只支片包盒瓶袋套双条张粒颗枚卷罐块把副对件入装"
"""Chinese measure words that do the same."""

COLOURS = {
    "black": "black 黑色 纯黑 雅黑",
    "white": "white 白色 纯白 米白 米白色 乳白色",
    "red": "red crimson scarlet 红色 大红 大红色 玫红 玫红色",
    "burgundy": "burgundy maroon 酒红 酒红色",
    "blue": "blue 蓝色 天蓝 天蓝色 浅蓝色 深蓝色 宝蓝色 湖蓝色",
    "navy": "navy 藏青 藏青色 藏蓝 藏蓝色",
    "green": "green 绿色 墨绿 墨绿色 军绿 军绿色 浅绿色 深绿色",
    "yellow": "yellow 黄色 姜黄 姜黄色 鹅黄色",
    "orange": "orange 橙色 橘色 橘红色",
    "pink": "pink fuchsia fuschia 粉色 粉红 粉红色 浅粉色",
    "purple": "purple violet lilac mauve 紫色 浅紫色 深紫色",
    "brown": "brown 棕色 咖啡色 咖色 褐色",
    "beige": "beige 米色 米黄色 杏色 奶茶色 卡其 卡其色 khaki",
    "grey": "grey gray charcoal 灰色 浅灰 浅灰色 深灰 深灰色 银灰色",
    "gold": "gold golden 金色 香槟金 土豪金",
    "rose gold": "rose-gold 玫瑰金 玫瑰金色",
    "silver": "silver 银色",
    "ivory": "ivory 象牙白",
    "turquoise": "turquoise teal aqua 青色",
    "magenta": "magenta",
    "multicoloured": "multicolour multicolor multicoloured multicolored multi-color 彩色 七彩",
    "clear": "transparent 透明 透明色",
}

NOT_COLOURS = re.compile(
    r"(?:green|black|white|red|oolong) (?:tea|wine|pepper|beans?|friday|rice|clay|musk|seed|sugar)"
    r"|(?:blue|black|red|white) (?:light|tooth|head|ray|cross|label)"
    r"|orange (?:oil|juice|peel|blossom|essential|flower|extract)"
    r"|violet (?:water|leaf|oil)|(?:night|day|skin) white|gold (?:plated|filled|medal|label)"
    r"|(?:sterling|colloidal) silver|silver (?:plated|dollar)|golden (?:retriever|syrup)"
)
"""Where a word for a colour names something else."""

MATERIALS = {
    "wood": "wood wooden oak pine walnut beech 实木 木质 原木 木制",
    "bamboo": "bamboo 竹制 竹编 竹纤维",
    "metal": "metal 金属",
    "steel": "steel stainless-steel 不锈钢 304不锈钢",
    "iron": "cast-iron 铸铁 铁艺",
    "aluminium": "aluminium aluminum 铝合金 铝制",
    "copper": "copper 纯铜 黄铜 紫铜 brass",
    "sterling silver": "sterling-silver 925-silver 纯银 925银",
    "gold plated": "gold-plated gold-filled 镀金",
    "glass": "glass 玻璃 钢化玻璃",
    "ceramic": "ceramic porcelain stoneware 陶瓷 骨瓷",
    "plastic": "plastic 塑料",
    "silicone": "silicone silicon 硅胶",
    "rubber": "rubber latex 橡胶 乳胶",
    "paper": "paper cardboard 纸质 牛皮纸",
    "cotton": "cotton 纯棉 全棉 棉质 棉麻",
    "linen": "linen 亚麻",
    "wool": "wool woollen woolen cashmere 羊毛 羊绒",
    "silk": "silk 真丝 桑蚕丝 丝绸",
    "satin": "satin 缎面",
    "velvet": "velvet 丝绒 金丝绒",
    "leather": "leather suede 真皮 牛皮 头层牛皮",
    "faux leather": "faux-leather pu-leather pu皮 人造革",
    "denim": "denim 牛仔布",
    "canvas": "canvas 帆布",
    "felt": "felt 毛毡",
    "polyester": "polyester 涤纶 聚酯纤维",
    "nylon": "nylon 尼龙",
    "acrylic": "acrylic 亚克力",
    "wicker": "wicker rattan 藤编",
    "enamel": "enamel 搪瓷 珐琅",
    "marble": "marble 大理石",
}

SIZES = {
    "mini": "mini tiny 迷你",
    "small": "small 小号 小码",
    "medium": "medium 中号 中码",
    "large": "large 大号 大码",
    "extra large": "extra-large 加大号 加大码 特大号 特大",
    "jumbo": "jumbo giant oversized 超大号 超大",
    "travel": "travel-size trial-size 旅行装 试用装",
    "one size": "one-size 均码",
}

AUDIENCES = {
    "men": "men mens men's man gentlemen 男士 男款 男式 男装 男鞋",
    "women": "women womens women's ladies lady woman 女士 女款 女式 女装 女鞋",
    "unisex": "unisex 男女通用 情侣",
    "boys": "boys boy's boys' 男童",
    "girls": "girls girl's girls' 女童",
    "children": "children childrens children's kids kid's toddler toddlers 儿童 小孩 学生",
    "baby": "baby babies infant infants newborn 婴儿 宝宝 新生儿 婴幼儿",
    "adult": "adult adults 成人",
    "senior": "seniors elderly 中老年 老年人",
}


def _spelled(table: dict[str, str]) -> dict[str, str]:
    return {
        word.replace("-", " ") if word.isascii() else word: value
        for value, words in table.items()
        for word in words.split()
    }


VOCABULARY: dict[str, tuple[str, str]] = {
    word: (kind, value)
    for kind, table in (
        ("colour", COLOURS),
        ("material", MATERIALS),
        ("size", SIZES),
        ("audience", AUDIENCES),
    )
    for word, value in _spelled(table).items()
}
"""Lower-case words (up to two, one blank between) -> kind and value."""
