"""What the OpenAPI document says of webhooks and notices. Texts speak English first, then Chinese."""
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from common import faults, problems
from common.endpoints import JSON, Refusals, endpoint, found, header, query, ref
from notifications import errors
from notifications.api import answers, payloads

ID = "0f8fad5bd9cb469fa16570867728950e"
MESSAGE = "msg_2c26b46b68ffc68ff99b453c1d30413413422d70"
TAG = "webhooks"

JSON_ERRORS: Refusals = (faults.RequestMalformed, faults.ContentDigestMismatch, faults.JsonTooLarge, problems.UnsupportedMediaType)
CONTENT_DIGEST = header(
    "Content-Digest", "RFC 9530, of the body; sha-256 and sha-512 are compared. 请求正文的摘要，不符即拒绝。",
    examples=["sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"])
WEBHOOK = OpenApiParameter(
    "webhook", {"type": "string", "examples": [ID]}, OpenApiParameter.PATH,
    description="The id that the creation answered. Another organisation's is a 404. 推送地址的编号；其他机构的显示为不存在。")
NOTICE = OpenApiParameter(
    "notice", {"type": "string", "examples": [ID]}, OpenApiParameter.PATH, description="The notice's id. 通知的编号。")


def cursor(example: str) -> OpenApiParameter:
    return query("cursor", "`next_cursor` of the page before. 上一页的 next_cursor。", type="string", examples=[example])


LIST = endpoint(
    "listWebhooks", "List own webhooks, the newest first · 本机构的推送地址",
    "Fifty a page; follow `next_cursor` until it is null.\n\n每页五十条，next_cursor 为 null 即末页。", tag=TAG, parameters=[cursor(ID)],
    success=found(answers.WebhookPage, "One page. 一页推送地址。"), refusals=(errors.WebhookNotFound,))

CREATE = endpoint(
    "createWebhook", "Have events sent to an address · 建立推送地址",
    "From now on each subscribed event is one POST to `url`, signed by the Standard Webhooks specification with the secret that this "
    "answer shows once. 2xx within 10 s is delivered; anything else is tried again, ten times over 75 hours, under the same `webhook-id`; "
    "410 ends it. Redirects are not followed. The body names the record, its state and the time, nothing personal.\n\n"
    "此后订阅的事件逐条以 POST 发往 url，按 Standard Webhooks 签名，密钥仅在本次应答中出现。10 秒内答复 2xx 即为送达，否则在 75 小时内"
    "至多尝试十次，webhook-id 不变；答复 410 即停用；不跟随重定向。正文只有编号、状态与时间，不含个人信息。",
    tag=TAG, parameters=[CONTENT_DIGEST], request={JSON: ref(payloads.NewWebhook)},
    success={(201, JSON): OpenApiResponse(ref(answers.WebhookWithSecret), description="The webhook and its secret. 推送地址与密钥。")},
    refusals=(*JSON_ERRORS, errors.WebhookUrlRefused, errors.WebhookLimitReached))

READ = endpoint(
    "getWebhook", "One own webhook · 本机构的一个推送地址",
    "Whether it is in use, fails, or was disabled and why; the secret is never shown again.\n\n"
    "是否在用、失败或停用及其原因；不再显示密钥。",
    tag=TAG, parameters=[WEBHOOK], success=found(answers.Webhook, "The webhook. 推送地址。"), refusals=(errors.WebhookNotFound,))

DELETE = endpoint(
    "deleteWebhook", "Delete a webhook with its secrets and its log · 删除推送地址",
    "What waits to be sent to it is not sent. There is no way back.\n\n待发送的事件不再发送，推送记录一并删除，不可恢复。",
    tag=TAG, parameters=[WEBHOOK], success={204: OpenApiResponse(description="It is gone. 已删除。")}, refusals=(errors.WebhookNotFound,))

DELIVERIES = endpoint(
    "listDeliveries", "What was sent, and what was answered · 推送记录",
    "The newest first, fifty a page, with every attempt: time, status, and the first 200 bytes of the answer, control characters "
    "replaced. A delivery is kept for 30 days after its end.\n\n"
    "最新在前，每页五十条，含每次尝试的时间、状态码与应答开头 200 字节（控制字符已替换）；结束后保留三十天。",
    tag=TAG, parameters=[WEBHOOK, cursor(MESSAGE)],
    success=found(answers.DeliveryPage, "One page. 一页推送记录。"), refusals=(errors.WebhookNotFound,))

ROTATE = endpoint(
    "rotateWebhookSecret", "A new secret · 更换签名密钥",
    "For `overlap_s` seconds both secrets sign, so that receivers can change over; of two rotations within that time only the last "
    "two secrets sign. Zero ends the old one at once.\n\n"
    "在 overlap_s 秒内新旧密钥同时签名，便于接收方切换；期间再次更换，则只有最近两个密钥有效。为 0 时旧密钥立即失效。",
    tag=TAG, parameters=[WEBHOOK, CONTENT_DIGEST], request={JSON: ref(payloads.SecretRotation)},
    success={(201, JSON): OpenApiResponse(ref(answers.WebhookWithSecret), description="The webhook, the new secret. 推送地址与新密钥。")},
    refusals=(*JSON_ERRORS, errors.WebhookNotFound))

TEST = endpoint(
    "testWebhook", "Send a test event · 发送测试事件",
    "A `webhook.test`, signed, sent and tried again like any event; one at a time. The delivery log tells what came of it.\n\n"
    "发送 webhook.test 事件，签名与重试同其他事件；同时只能有一个。结果见推送记录。",
    tag=TAG, parameters=[WEBHOOK],
    success={(202, JSON): OpenApiResponse(ref(answers.Delivery), description="It will be sent at once. 即将发送。")},
    refusals=(errors.WebhookNotFound, errors.WebhookDisabled, errors.WebhookTestUnderWay))

NOTICES = endpoint(
    "listNotices", "The organisation's inbox, the newest first · 站内通知",
    "What the organisation should know: that a webhook was disabled, and which. Fifty a page.\n\n"
    "需要机构知悉的事项，例如推送地址被停用；每页五十条。",
    tag=TAG, parameters=[cursor(ID)], success=found(answers.NoticePage, "One page. 一页通知。"), refusals=(errors.NoticeNotFound,))

NOTICE_READ = endpoint(
    "readNotice", "Mark a notice as read · 标记通知已读", "The first time counts.\n\n以第一次为准。", tag=TAG, parameters=[NOTICE],
    success=found(answers.InboxNotice, "The notice. 通知。"), refusals=(errors.NoticeNotFound,))
