"""What shops call their tables, columns and events, in English and Chinese."""

import functools
import re
import unicodedata
from typing import Final

from unsung import schema

# Our column -> names in normal form: no capitals, blanks or marks. The first lines of a column
# are names that mean nothing else.
_USER: Final = (
    "user userid uid customer customerid customerno customernumber custid client clientid visitor "
    "visitorid member memberid buyer buyerid account accountid shopper shopperid household "
    "householdid householdkey reviewerid reviewer userno "
    "用户 用户id 用户编号 用户名 用户号 会员 会员id 会员编号 会员号 会员卡号 客户 "
    "客户id 客户编号 客户号 客户代码 "
    "顾客 顾客id 顾客编号 买家 买家id"
)
_ITEM: Final = (
    "item itemid iid product productid productno productcode prodid sku skuid skucode asin "
    "parentasin article articleid articleno stockcode goods goodsid movieid bookid isbn trackid "
    "songid gameid businessid ean upc gtin itemno itemcode "
    "商品 商品id 商品编号 商品编码 商品号 商品代码 货号 产品 产品id "
    "产品编号 产品编码 物品 物品id 宝贝id 款号"
)
_TIME: Final = (
    "timestamp time datetime date eventtime eventtimestamp eventdate orderdate ordertime orderedat "
    "purchasedate purchasetime purchasedat invoicedate invoicetime transactiondate transactiontime "
    "paymentdate paidat tdat unixreviewtime reviewtime reviewdate unixtime ts happenedat boughtat "
    "时间 日期 时间戳 下单时间 下单日期 购买时间 购买日期 交易时间 交易日期 "
    "订单时间 订单日期 支付时间 付款时间 "
    "评价时间 评论时间 评分时间 行为时间 发生时间"
)
STRONG: Final[dict[str, str]] = {
    schema.USER_ID: _USER,
    schema.ITEM_ID: _ITEM,
    schema.TIMESTAMP: _TIME,
    schema.POSITION: "position pos seq sequence sequenceno step 顺序 序号 位置",
    schema.EVENT: (
        "event eventtype eventname action actiontype behavior behaviour behaviortype "
        "behaviourtype interactiontype activity 行为 行为类型 事件 事件类型 操作 操作类型"
    ),
    schema.RATING: (
        "rating ratings score stars star starrating overall rate grade 评分 打分 星级 得分 评价分数"
    ),
    schema.PRICE: (
        "price unitprice saleprice salesprice sellingprice retailprice listprice priceeach "
        "itemprice productprice 价格 单价 售价 商品价格 零售价 销售价"
    ),
    schema.QUANTITY: (
        "quantity qty units pieces orderquantity unitssold purchasequantity "
        "数量 件数 购买数量 商品数量 销售数量"
    ),
    schema.BASKET_ID: (
        "basket basketid order orderid orderno ordernumber invoice invoiceno invoiceid "
        "invoicenumber transaction transactionid receipt receiptid receiptno cart cartid "
        "订单 订单号 订单编号 订单id 交易号 小票号 流水号"
    ),
    schema.TITLE: (
        "title name productname itemname producttitle itemtitle goodsname movietitle prodname "
        "articlename booktitle 标题 名称 商品名 商品名称 商品标题 品名 产品名 产品名称 物品名称"
    ),
    schema.DESCRIPTION: (
        "description desc productdescription itemdescription longdescription detaildesc details "
        "描述 商品描述 产品描述 简介 详情 商品详情 介绍"
    ),
    schema.CATEGORY: (
        "category categories categoryname categorycode cat genre genres producttype "
        "producttypename productcategory department maincategory subcategory "
        "类目 类别 分类 品类 商品类目 商品分类 商品类别 一级类目 产品类别"
    ),
    schema.BRAND: "brand brandname manufacturer maker 品牌 品牌名 品牌名称 厂商 制造商",
    schema.IMAGE: (
        "image imageurl imagelink imageurlhighres img imgurl picture pictureurl photo photourl "
        "imurl thumbnail 图片 主图 图片链接 图片地址 商品图片"
    ),
    schema.SELLER_ID: (
        "seller sellerid vendorid merchant merchantid supplier supplierid 卖家 卖家id 商家 商家id "
        "店铺 店铺id 供应商"
    ),
    schema.CREATED_AT: (
        "createdat created creationdate dateadded addedat launchdate listedat listedon "
        "datefirstavailable firstavailable 上架时间 上架日期 上市时间 上市日期"
    ),
    schema.IN_STOCK: (
        "instock isinstock stock stockquantity available availability isavailable inventory onsale "
        "库存 是否有货 有货 在售 是否在售"
    ),
    schema.TEXT: (
        "text reviewtext review reviewbody reviewcontent comment comments commenttext content body "
        "feedback 评价 评论 评价内容 评论内容 内容 评语"
    ),
    schema.PROFILING_CONSENT: "profilingconsent consent marketingconsent 同意 个性化同意",
    schema.REQUEST_ID: "request requestid impressionid slateid listid 请求id 曝光id",
    schema.RANK: "rank slot 排名",
    schema.LOGGING_PROPENSITY: (
        "loggingpropensity propensity propensityscore pscore actionprob actionprobability"
    ),
    schema.POLICY: "policy policyname behaviorpolicy loggingpolicy algorithm 策略",
}
# Names that often mean this, but something else in other shops.
WEAK: Final[dict[str, str]] = {
    schema.USER_ID: "session sessionid id userhash",
    schema.ITEM_ID: "id code 编号 编码 contentid offerid",
    schema.TIMESTAMP: "createdat created updatedat day 创建时间 creationdate",
    schema.EVENT: "type status 类型",
    schema.PRICE: "amount cost total paid 金额 价钱",
    schema.QUANTITY: "count num number amount 销量",
    schema.BASKET_ID: "session sessionid visitid",
    schema.WEIGHT: "weight 权重",
    schema.DESCRIPTION: "summary about text content features 内容",
    schema.TITLE: "description product item 商品 产品 summary headline reviewtitle",
    schema.CATEGORY: "group type class categoryid section aisle 类型 类别id 类目id",
    schema.BRAND: "store vendor label",
    schema.SELLER_ID: "store storeid shop shopid vendor",
    schema.CREATED_AT: "date releasedate timestamp 日期 创建时间",
    schema.TEXT: "description message 描述",
    schema.RANK: "position pos 位置 序号",
    schema.RATING: "value points",
}
# A review has its own title; the product's is not wanted there.
REVIEW_TITLES: Final = (
    "title summary headline reviewtitle reviewsummary reviewheadline 评价标题 评论标题 标题"
)

TABLE_WORDS: Final[dict[str, str]] = {
    "interactions": (
        "interaction order sale sold transaction event purchase rating click behavior behaviour "
        "log invoice basket 订单 交易 行为 购买 销售 流水 评分"
    ),
    "items": (
        "item product catalog article good movie book sku meta asset 商品 产品 货品 物品 目录"
    ),
    "reviews": "review comment feedback 评价 评论",
    "users": "user customer member client household demographic 用户 会员 客户 顾客",
    "exposures": "exposure impression slate shown bandit 曝光 展示",
}

# Event kind -> what shops write.
EVENT_WORDS: Final[dict[str, str]] = {
    "purchase": (
        "purchase purchased buy bought order ordered sale sold transaction checkout pay paid "
        "购买 下单 支付 付款 成交 买"
    ),
    "cart": "cart addtocart add basket addtobasket 加购 加入购物车 加购物车 购物车",
    "view": "view viewed pv pageview detail browse impressionclick productview 浏览 查看 访问",
    "click": "click clicked 点击",
    "like": "like liked fav favorite favourite wishlist collect save 收藏 喜欢 点赞 关注",
    "return": "return returned refund refunded cancel cancelled canceled 退货 退款 取消",
    "rating": "rating rate rated 评分",
    "review": "review reviewed comment 评价 评论",
    "dislike": "dislike disliked hide 不喜欢 踩",
}

_EVENT_OF_WORD: Final = {
    word: kind for kind, words in EVENT_WORDS.items() for word in (kind, *words.split())
}

# Figures over the whole life of an item: as features they would know the future.
LEAKS: Final = re.compile(
    r"^(avg|average|mean|num|n|total|count)?_?(rating|review|sale|sold|vote|click|view|order)s?"
    r"(_?(avg|average|mean|number|count|num|rank|total))?$|(^|_)rank$|^popularity$|销量|评论数|评价数|评分数|"
    r"average_?rating|avg_?rating|bought_?together|also_?(buy|bought|view|viewed)"
)
_UNITS = re.compile(r"(utc|gmt|unix|epoch|ms|us|ns|sec|seconds|millis|milliseconds)$")


def normal_form(name: str) -> str:
    """A column name without capitals, blanks, marks and the type that RecBole adds.

    Examples
    --------
    >>> normal_form("Customer ID"), normal_form("user_id:token"), normal_form("商品ID")
    ('customerid', 'userid', '商品id')
    """
    bare = re.sub(r":(token|float)(_seq)?$", "", unicodedata.normalize("NFKC", name).strip())
    return re.sub(r"[\W_]+", "", bare).casefold()


def name_confidence(name: str, column: str, table: str) -> tuple[float, str]:
    """How surely a name means one of our columns (0..1), and why.

    Examples
    --------
    >>> name_confidence("CustomerID", "user_id", "interactions")
    (0.9, 'the name says so')
    >>> name_confidence("timestamp_ms", "timestamp", "interactions")
    (0.9, 'the name says so')
    >>> name_confidence("colour", "user_id", "interactions")
    (0.0, '')
    """
    if name == column:
        return 0.98, "has our name"
    normal = normal_form(name)
    strong, weak = _words(column, table)
    if normal in strong or (column == schema.TIMESTAMP and _UNITS.sub("", normal) in strong):
        return 0.9, "the name says so"
    if normal in weak:
        return 0.6, "the name may mean that"
    shortest = 6 if column.endswith("_id") else 4
    part = next((word for word in strong if _is_part(word, normal, shortest)), None)
    return (0.45, f"the name holds '{part}'") if part else (0.0, "")


@functools.cache
def _words(column: str, table: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that mean a column, and names that may."""
    if table == "reviews" and column == schema.TITLE:
        return tuple(REVIEW_TITLES.split()), ()
    strong = (normal_form(column), *STRONG.get(column, "").split())
    return strong, tuple(WEAK.get(column, "").split())


def _is_part(word: str, name: str, shortest: int) -> bool:
    long_enough = len(word) >= (shortest if word.isascii() else shortest // 2)
    return long_enough and (name.startswith(word) or name.endswith(word))


def event_kind(value: str) -> str | None:
    """Our kind of event for a shop's word; None where the word isn't known.

    Examples
    --------
    >>> event_kind("Add to cart"), event_kind("pv"), event_kind("购买"), event_kind("x")
    ('cart', 'view', 'purchase', None)
    """
    return _EVENT_OF_WORD.get(normal_form(value))


def table_of_name(stem: str) -> str | None:
    """The table that a file's name speaks of; None where it speaks of none, or of several.

    Examples
    --------
    >>> table_of_name("olist_order_items"), table_of_name("products"), table_of_name("x1")
    (None, 'items', None)
    """
    normal = normal_form(stem)
    spoken = [
        table
        for table, words in TABLE_WORDS.items()
        if any(word in normal for word in words.split())
    ]
    return spoken[0] if len(spoken) == 1 else None
