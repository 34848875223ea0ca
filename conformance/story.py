"""The story that both official SDKs are taken through, told by the official Python SDK.

A page payment, its notification, queries, refunds and a close, over HTTP against `simulator serve`. Every answer is
verified by the SDK; what the SDK signs is verified by our own crate `alipay` inside the simulator.
Arguments: the folder of the stage that `conformance/run` has set.
"""

import http.client
import json
import pathlib
import sys
import urllib.parse

import Crypto.PublicKey.RSA as RSA
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.request.AlipayTradeCloseRequest import AlipayTradeCloseRequest
from alipay.aop.api.request.AlipayTradeFastpayRefundQueryRequest import AlipayTradeFastpayRefundQueryRequest
from alipay.aop.api.request.AlipayTradePagePayRequest import AlipayTradePagePayRequest
from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest
from alipay.aop.api.request.AlipayTradeRefundRequest import AlipayTradeRefundRequest
from alipay.aop.api.util import WebUtils
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa

from buyer import Buyer, Inbox
from checks import Checks

stage = pathlib.Path(sys.argv[1])
setting = json.loads((stage / "stage.json").read_text())


def bare(pem: str) -> str:
    """The base64 between the lines of a PEM, which is what the SDK wants."""
    return "".join(line for line in pem.splitlines() if not line.startswith("-----"))


def connection_with_port(url: str, query_string: str, timeout: int):
    """In place of the SDK's own, which adds a number to a text when the address has a port (3.7.1411)."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.path}?{query_string}", http.client.HTTPConnection(parts.netloc, timeout=timeout)


WebUtils.get_http_connection = connection_with_port

config = AlipayClientConfig()
config.server_url = setting["gateway"]
config.app_id = setting["app_id"]
config.sign_type = "RSA2"
# The SDK reads PKCS#1 only.
config.app_private_key = bare(RSA.import_key((stage / "app/alipay_private.pem").read_text()).export_key().decode())
config.alipay_public_key = bare((stage / "alipay/alipay_public.pem").read_text())
client = DefaultAlipayClient(config)


def call(request_class, **biz_content):
    """One call; the SDK raises when the answer's signature is wrong."""
    request = request_class()
    request.biz_content = biz_content
    return json.loads(client.execute(request))


def verified_by_sdk(notification: dict) -> bool:
    """The check of a notification as the SDK's documentation describes it: without sign and sign_type."""
    signed = {name: value for name, value in notification.items() if name not in ("sign", "sign_type")}
    try:
        return verify_with_rsa(config.alipay_public_key, get_sign_content(signed).encode(), notification["sign"])
    except Exception:  # the SDK's rsa library raises instead of answering
        return False


with Inbox() as inbox, Checks("Python SDK") as check:
    order = "PY-1"
    page_pay = AlipayTradePagePayRequest()
    page_pay.notify_url = inbox.url
    page_pay.return_url = inbox.return_url
    page_pay.biz_content = {
        "out_trade_no": order,
        "product_code": "FAST_INSTANT_TRADE_PAY",
        "total_amount": "10.00",
        "subject": "会员 + 一年 & 100%",
    }
    link = client.page_execute(page_pay, "GET")

    missing = call(AlipayTradeQueryRequest, out_trade_no="PY-NOT-THERE")
    check.equal("query of an unknown order", missing["sub_code"], "ACQ.TRADE_NOT_EXIST")

    forged = Buyer().open(link.replace("10.00", "0.01"))
    check.that("a changed link is refused", not forged.is_cashier, forged.text)

    buyer = Buyer()
    check.that("the pay link opens the cashier", buyer.open(link).is_cashier, buyer.text)
    waiting = call(AlipayTradeQueryRequest, out_trade_no=order)
    check.equal("query before the payment", waiting["trade_status"], "WAIT_BUYER_PAY")

    buyer.pay()
    paid = inbox.next()
    check.equal("notification of the payment", paid["trade_status"], "TRADE_SUCCESS")
    check.that("its signature verifies", verified_by_sdk(paid))
    check.that("it does not verify when changed", not verified_by_sdk({**paid, "total_amount": "1.00"}))
    back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(buyer.came_back_to).query, keep_blank_values=True))
    check.that("the return page verifies", verified_by_sdk(back), buyer.came_back_to)

    queried = call(AlipayTradeQueryRequest, trade_no=paid["trade_no"])
    check.equal("query by trade_no", queried["trade_status"], "TRADE_SUCCESS")
    check.equal("its total", queried["total_amount"], "10.00")

    part = {"out_trade_no": order, "refund_amount": "1.00", "out_request_no": "PY-R1", "refund_reason": "一件缺货"}
    first = call(AlipayTradeRefundRequest, **part)
    check.equal("refund in part", (first["code"], first["fund_change"]), ("10000", "Y"))
    again = call(AlipayTradeRefundRequest, **part)
    check.equal("the same refund again moves nothing", (again["code"], again["fund_change"]), ("10000", "N"))
    check.equal("refund_fee is the running total", again["refund_fee"], "1.00")
    refunded = call(AlipayTradeFastpayRefundQueryRequest, out_trade_no=order, out_request_no="PY-R1")
    check.equal("query of the refund", refunded.get("refund_status"), "REFUND_SUCCESS")
    notified = inbox.next()
    check.equal("notification of the refund", (notified["trade_status"], notified["refund_fee"]), ("TRADE_SUCCESS", "1.00"))
    check.that("its signature verifies, too", verified_by_sdk(notified))

    too_much = call(AlipayTradeRefundRequest, out_trade_no=order, refund_amount="9.01", out_request_no="PY-R2")
    check.equal("a refund above what is left", too_much["code"], "40004")
    rest = call(AlipayTradeRefundRequest, out_trade_no=order, refund_amount="9.00", out_request_no="PY-R3")
    check.equal("refund of the rest", rest["refund_fee"], "10.00")
    closed = inbox.next()
    check.equal("notification of the full refund", (closed["trade_status"], closed["refund_fee"]), ("TRADE_CLOSED", "10.00"))
    check.that("its signature verifies as well", verified_by_sdk(closed))
    late = call(AlipayTradeCloseRequest, out_trade_no=order)
    check.equal("close of a closed trade", late["code"], "40004")
