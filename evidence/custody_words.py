"""What pages and files call the events, actors and roots of trails, in the reader's language. Pure data."""
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from evidence.custody import CustodyAction

Text = str | Promise

EVENTS: Mapping[str, Text] = {
    CustodyAction.CAPTURED: _("采集"), CustodyAction.INGESTED: _("受理存证"), CustodyAction.DIGESTED: _("计算了摘要"),
    CustodyAction.VIEWED: _("查看了存证"), CustodyAction.PLAYED: _("播放了录音录像"), CustodyAction.DOWNLOADED: _("取得原件"),
    CustodyAction.FETCHED: _("取得证据包"), CustodyAction.DISCLOSED: _("凭摘要取得声明项"), CustodyAction.VERIFIED: _("核验了文件"),
    CustodyAction.CHECKED: _("复核了原件"), CustodyAction.RENDERED: _("生成了渲染件"), CustodyAction.SUPERSEDED: _("被标记为误存或被替代"),
    CustodyAction.QUARANTINED: _("原件被隔离"), CustodyAction.RELEASED: _("解除隔离"), CustodyAction.REPAIRED: _("以第二副本恢复了原件"),
    CustodyAction.RELEASE_PROPOSED: _("提出解除隔离"), CustodyAction.RELEASE_APPROVED: _("复核同意解除隔离"),
    CustodyAction.RELEASE_WITHDRAWN: _("撤回解除隔离的提议"), CustodyAction.RELEASE_FAILED: _("重新核对仍不符，未解除隔离"),
    CustodyAction.GRANTED: _("开放访问"), CustodyAction.REVOKED: _("撤回访问"),
}
ACTORS: Mapping[str, Text] = {"api_key": _("接口密钥"), "person": _("人员"), "system": _("本服务"), "public": _("持有编号和文件摘要的人")}
ROOTS: Mapping[str, Text] = {
    "own": _("本机构"), "assigned": _("受委托"), "granted": _("获授权"), "accepted": _("受理事项"), "ordered": _("调取令"),
}


def event_word(event: str) -> Text:
    """The code itself for one that a newer version wrote."""
    return EVENTS.get(event, event)


def actor_word(actor: str) -> Text:
    """What kind of actor it is; trails name people and keys by ids, and an id says nothing to a reader."""
    return ACTORS.get(actor.partition(":")[0], actor)


def root_word(root: str | None) -> Text:
    """Empty where no root is asked for."""
    return "" if root is None else ROOTS.get(root, root)
