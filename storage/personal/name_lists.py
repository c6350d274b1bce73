"""Lists of words for `names.py`: family names, and what looks like a name and is none."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COMPOUND: Final = _words("""
    欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶
    太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 令狐 百里 呼延 东郭 南门 西门 左丘 轩辕
    拓跋
""")
SINGLE: Final = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任"
    "袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴"
    "谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解"
    "应宗丁宣邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊惠甄曲封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班"
    "仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴鬱胥能苍双闻莘党翟谭贡"
    "劳逄姬申扶堵冉宰郦雍璩桑桂濮牛寿通边扈燕冀浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国"
    "文寇广禄阙东殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公闫肖付代覃"
    "涂邸仝佟佘冼岳苑帅亓缑楚"
)
COMMON: Final = frozenset("和时于应从别能经通越相后全成计从充向方常平安高水明花国公都空广益司文东强满须")
"""Family names that are far more often another word: not believed for the dictionary's sake alone, nor before a title.
"""
STRONG: Final = frozenset(
    "王李张刘陈杨赵吴周徐孙朱郭何郑谢宋唐邓冯曾程蔡彭潘袁董苏吕蒋丁沈姜范傅卢汪崔廖姚邱谭韦邹孟秦阎薛侯段郝邵尹龚魏赖"
)
"""Family names that hardly begin another word: two characters with one of them may be a name."""
NO_CHINESE_NAMES: Final = frozenset(
    _words("""
    王朝 王爷 王公 王府 王子 王宫 王八 王侯 王权 王道 王妃 王后 王族 王冠 王法 王者 王牌 王国 李子 张大
    张开 张贴 张嘴 张口 张扬 张罗 张望 张家 张灯 刘海 陈述 陈列 陈旧 陈设 陈年 陈皮 陈醋 杨树 杨柳 杨梅
    杨家 赵家 李家 周转 周密 周旋 周全 周详 周折 周庄 周围 周边 周末 周期 周到 徐徐 徐家 孙子 孙女 朱红
    朱砂 朱雀 朱家 谢谢 谢恩 谢家 谢意 谢绝 谢幕 何谓 何干 何必 何时 何况 何曾 郑重 郑家 宋体 宋元 宋词
    宋史 唐诗 唐人 唐王 程序 程度 程式 曾经 丁香 沈思 范畴 范文 范围 姜汤 汪洋 汪汪 段子 段落 秦岭 秦安
    秦汉 秦军 秦王 侯爵 吴越 吴兴 吴江 吴楚 苏醒 苏军 苏铁 苏州 彭彭 潘多拉 董事 傅里叶 卢布 孟加拉 薛定谔
    魏晋 魏玛 赖皮 赖账 蔡锷 袁大头 谢谢您 谢谢你 郭家 何家 吴家 宋家 谭家 阎王 阎罗 蒋帮 龚自
""")
)
NO_ENGLISH_NAMES: Final = frozenset(
    _words("""
    a an the and or but so not no yes is was are were am be been being in on at of for from to with
    about by as it its i you he she we they me my your our his her calling here there just really very
    sorry afraid sure glad happy fine good okay ok well trying looking having going getting living
    waiting wondering reporting one who what where when why how this that these those please thank
    thanks hello hi all also still now then again mandarin chinese english sir madam ma'am operator
    everyone everybody street road avenue monday tuesday wednesday thursday friday saturday sunday
    january february march april june july august september october november december city hotline
    service department office line number phone address email correct right wrong ticket case problem
    complaint mr mrs ms miss dr doctor mister
""")
)
PLACE_ENDS: Final = tuple("路街巷弄港镇区县市省州村桥站道湖河江山城园寺乡庄里坊门楼苑湾店厂")
