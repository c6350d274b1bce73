"""The commands of `ivr simulate`, as they are explained. Data only."""

from __future__ import annotations

from typing import Final, NamedTuple


class Row(NamedTuple):
    line: str
    en: str
    zh: str


CALLER: Final = (
    Row("1   12#", "keys", "按键"),
    Row("any words", "said aloud; `words @0.4` for a confidence", "说话；`话 @0.4` 指定置信度"),
    Row("(empty line)", "silence, until something comes of it", "沉默，直到有反应"),
    Row("!1   !words", "at once, without hearing the prompts out", "不等提示音放完"),
    Row("/hangup", "the caller hangs up", "来电人挂断"),
    Row("/record 12", "a message of 12 s after the tone; `failed`, 0", "留言 12 秒；`failed`、0"),
)
OTHERS: Final = (
    Row("/agent   /done", "an agent joins; the talk is over", "坐席接听；通话结束"),
    Row("/queue full", "the wait ends: timeout closed unstaffed failed", "排队结束：超时、关闭、无人"),
    Row("/place 3 60 120", "place 3, wait of 60 to 120 s", "第 3 位，等 60 到 120 秒"),
    Row("/transfer busy", "answers completed no_answer refused ...", "转接：接通、占线、无人接"),
    Row('/request 200 {"a": 1}', "a web service answers; 404, timeout, down ...", "网络服务的回答"),
    Row("/lookup found {a: 1}", "a source answers; none, timeout, failed", "查询的结果"),
    Row("/callback refused", "what becomes of a promise: placed, failed", "回拨登记的结果"),
    Row("/asr lost", "recognition fails: unavailable overloaded ...", "语音识别失败"),
)
CLOCK: Final = (
    Row("/wait 30", "seconds pass; joined, served, end", "过 30 秒；等接听、等结束"),
    Row("/time 23:30", "the clock is turned", "调到这个时间"),
)
BEGINNING: Final = (
    Row("/fact age=70", "what is known of the call (`call.facts`)", "来电的已知信息"),
    Row("/history calls=3", "the caller's earlier calls", "以前的来电"),
    Row("/hours desk=closed", "a supervisor's word on a calendar", "班长临时开关时间表"),
    Row("/given {queues: ...}", "anything that `given` of a scenario says", "场景文件里 given 的写法"),
    Row("/caller 139...", "the caller's number", "来电号码"),
    Row("/flow direct", "the flow to begin with", "从哪个流程开始"),
    Row("/language en", "the language to begin with", "开始的语言"),
)
LOOKING: Final = (
    Row("/vars [name]", "variables", "变量"),
    Row("/node   /where", "the step: what can be done; file and line", "当前节点；文件和行"),
    Row("/pending", "what is waited for, and how to answer it", "在等什么，怎么回答"),
    Row("/state   /journal", "what the machine holds; inputs and notes", "机器状态；事件记录"),
)
TALK: Final = (
    Row("/undo [2]", "so many turns back", "退回几步"),
    Row("/restart   /again", "from the beginning; the same turns again", "重新开始；重走一遍"),
    Row("/save NAME", "the talk as a scenario, which `ivr test` runs", "存成测试场景"),
    Row("/help   /quit", "this; the end", "帮助；退出"),
)
SECTIONS: Final = (
    ("The caller 来电人", CALLER),
    ("Others 其他人", OTHERS),
    ("The clock 时钟", CLOCK),
    ("Before it begins 开始之前", BEGINNING),
    ("Looking 查看", LOOKING),
    ("The talk 对话", TALK),
)
QUESTIONS: Final = (
    *("fact", "history", "hours", "given", "caller", "flow", "language"),
    *("vars", "node", "where", "pending", "state", "journal"),
    *("undo", "restart", "again", "save", "help", "quit"),
)
"""The commands that are none of the call's own."""
