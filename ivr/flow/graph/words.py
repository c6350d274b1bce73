"""The picture's own words, in the languages of our screens. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ivr.flow.graph.model import Family, Text

_WORDS: Mapping[str, tuple[str, str]] = {
    # Chinese, English
    "everywhere": ("每一步都有效", "At every step"),
    "fallback": ("出了差错", "whatever goes wrong"),
    "back": ("回到上一个问题", "to the question before"),
    "language": ("换语言", "another language"),
    "repeat": ("重播这一步的提示", "this step's prompt again"),
    "end": ("挂机", "hangs up"),
    "return": ("返回调用处", "returns"),
    "help": ("帮助", "help"),
    "cancel": ("取消", "cancel"),
    "no commands": ("这里没有通用指令", "no commands here"),
    "only commands": ("通用指令只有：", "commands here: "),
    "start": ("开始", "start"),
    "flow": ("流程", "flow"),
    "nodes": ("节点", "nodes"),
    "ways": ("出口", "exits"),
    "calls": ("调用后返回", "called, and comes back"),
    "error line": ("无输入、出错等事件", "silence, errors and other events"),
    "covered": ("已测到", "tested"),
    "uncovered": ("未测到", "not tested"),
    "entered from": ("来自", "entered from"),
    "leads to": ("通向", "leads to"),
    "per call": ("全程", "in the call"),
    "map": ("全部流程", "All flows"),
    "map subtitle": ("流程之间的去向", "which flow leads to which"),
    "otherwise": ("其余说法", "anything else"),
    "the rest": ("其余选项", "the other options"),
}

_LABELS: Mapping[str, tuple[str, str]] = {
    "next": ("下一步", "next"),
    "else": ("否则", "else"),
    "open": ("开放", "open"),
    "closed": ("关闭", "closed"),
    "skipped": ("跳过", "skipped"),
    "calls": ("调用", "calls"),
    "none": ("没有查到", "none"),
    "empty": ("没有录到", "empty"),
    "holiday": ("节假日", "holiday"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
}

_KINDS: Mapping[str, str] = {
    "say": "播放",
    "wait": "等候",
    "menu": "菜单",
    "pick": "选择",
    "ask": "提问",
    "collect": "收号",
    "confirm": "确认",
    "survey": "评价",
    "record": "录音",
    "branch": "分支",
    "split": "分流",
    "hours": "时间",
    "goto": "转到",
    "raise": "事件",
    "set": "赋值",
    "language": "语言",
    "queue": "排队",
    "callback": "回拨",
    "transfer": "转接",
    "request": "请求",
    "lookup": "查询",
    "notify": "通知",
    "call": "子流程",
    "return": "返回",
    "hangup": "挂机",
    "flow": "流程",
}

_FAMILIES: Mapping[Family, tuple[str, str]] = {
    "says": ("说", "says"),
    "asks": ("问", "asks"),
    "decides": ("判断", "decides"),
    "keeps": ("记录", "keeps"),
    "people": ("等人接听", "waits for people"),
    "outside": ("问外部系统", "asks other systems"),
    "ends": ("结束", "ends"),
    "flow": ("另一流程", "another flow"),
}


def _text(pair: tuple[str, str], languages: Iterable[str]) -> Text:
    """Chinese for Chinese, English for all others."""
    return {language: pair[0] if language.startswith("zh") else pair[1] for language in languages}


def word(name: str, languages: Iterable[str]) -> Text:
    return _text(_WORDS[name], languages)


def label(name: str, languages: Iterable[str]) -> Text:
    """An exit's fixed label; one that is not known stays as it is."""
    return _text(_LABELS.get(name, (name, name)), languages)


def kind(name: str, languages: Iterable[str]) -> Text:
    return _text((_KINDS.get(name, name), name), languages)


def family(name: Family, languages: Iterable[str]) -> Text:
    return _text(_FAMILIES[name], languages)


def same(text: str, languages: Iterable[str]) -> Text:
    return dict.fromkeys(languages, text)


def join(*texts: Text) -> Text:
    """Texts side by side, in each language."""
    return {language: "".join(text[language] for text in texts) for language in texts[0]}
