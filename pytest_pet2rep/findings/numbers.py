"""Numbers that mean something: SUV, Deauville, vertebrae, ribs, node levels and stations.

Every pattern begins with a bounded stretch and repeats at most a few times.
"""

from __future__ import annotations

import re

from pytest_pet2rep.findings.lexicon import Word

_NUMBER = r"\d{1,3}(?:\.\d{1,3})?"
_SUV = (
    r"suv[ -]?(?:max|mean|peak|bw|lbm)?[ ]?(?:值|最大值|平均值|峰值)?"
    r"(?: of| is| was|约为|为|约|达|最高|=|:|大约|分布在|分别为| value| up to| approximately| ~)?"
    rf"[ ]?[~:=]?[ ]?(?P<low>{_NUMBER})(?:[ ]?(?:[-~至,、]|to)[ ]?(?P<high>{_NUMBER}))?(?![\d%])"
)
_SCALE = (
    r"(?:deauville|多维尔|d-?5ps|5-?ps|五分法|5分法|五分量表|5分量表"
    r"|(?:five|5)-point (?:deauville )?scale"
    r"|ds(?= ?(?:of|[:=])? ?[1-5](?!\.?\d)))"
)
_STEP = r"(?:转为|降为|降至|降到|变为|转至|升至|升为|升到|到|至|to|->|→)"
_DEAUVILLE = (
    rf"{_SCALE}(?:[ (]{{0,2}}(?:scores?|评分|得分|计分|分级|标准|法"
    r"|[5五]分法|[5五]分量表|量表|categor(?:y|ies)|scale|grade|ds"
    r"|criteria|5-?ps|5-point scale|five-point scale|评价|评定|评估|评|级别)\)?){0,3}"
    r"(?: ?(?:of|is|was|are|now|remains|has|have|which|that|improved|fallen|dropped"
    r"|risen|fell|rose|went|changed|from"
    rf"|:|为|=|约|得|仅|由|从|在|自|\()){{0,4}} ?(?:[1-5] ?(?:分|级)? ?{_STEP} ?)?"
    r"(?P<score>[1-5])(?![\d.]\d|\d)(?:分|级)?"
    r"|(?:scor(?:e|es|ed|ing)|grad(?:e|ed)|rated|assigned)(?: a)?(?: of| as)? (?P<rated>[1-5])"
    r" (?:on|by|according to|per|using) (?:the )?(?:deauville|(?:five|5)-point)"
    r"|(?P<points>[1-5]) ?(?:分|points?) ?(?:on the |\()?(?:deauville|多维尔|五分法|5分法)"
    r"|(?<!the )d(?P<short>[1-5])(?= ?(?:[),;。]|\.(?!\d)|$))"
)
_FRACTION = r"[二两三四五六七八九十百]{1,3}分之[一二三四五六七八九]"
_COUNT = r"(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|several|many)"
_TIMES = (
    rf"(?P<fraction>{_FRACTION})"
    rf"|(?P<multiple>\d{{1,3}}(?:\.\d{{1,2}})?|[一二三四五六七八九十]{{1,3}}"
    rf"|{_COUNT}(?= times|-?fold))(?:余|多)? ?"
    r"(?:倍于?|times|(?:-| )?fold)(?: (?:that (?:of|in)|as (?:high|intense|avid|much|strong) as"
    r"|(?:higher|greater|more) than(?: that of)?|the|of))?"
)
_MORE_SPINE = (
    r"(?: ?(?:[-~/、,及和与至]|and|to|through) ?(?:[ctls]|颈|胸|腰|骶)? ?"
    r"\d{1,2}(?!\.?\d|cm|mm|[ *×x]\d)){0,6}"
)
_SPINE = (
    rf"(?:[ctl]\d{{1,2}}|s[1-5](?=[^\d]|$)|(?:颈|胸|腰|骶) ?\d{{1,2}}){_MORE_SPINE}"
    r"(?: ?(?:椎体|椎|vertebral bod(?:y|ies)|vertebrae?))?(?![a-z\d]|区|段|\.\d)"
)
_ORDINAL = r"[\d一二三四五六七八九十]{1,3}"
_RIB = (
    rf"第? ?{_ORDINAL}(?: ?[-~、,及和至] ?第?{_ORDINAL}){{0,6}}"
    r" ?(?:前|后|腋|侧)?肋(?:骨)?(?:头|弓|腋段|后段|前段|前支|软骨)?"
)
_NECK = r"(?:i{1,3}[ab]?|iv|v[ab]?|vi|[1-7][ab]?)"
_LEVEL = (
    rf"levels? (?!\S{{1,4}} (?:axill|mediastin)){_NECK}"
    rf"(?:(?:, ?| ?(?:and|to|-|/) ?){_NECK}){{0,6}}(?![a-z\d])"
)
_STATION = (
    r"(?:stations? )?(?:[24][rl]|[5-9]|1[01][rl]?|3[ap])(?= (?:lymph )?nod)"
    r"|(?<=ln )(?:[2-9]|1[0-4])[rlap]?|stations? \d{1,2}[rl]?"
)
_ZONE = (
    r"(?:[ivx]{1,4}|\d{1,2})[ablrp]?"
    r"(?:(?:[-~、,及和/]|至)(?:[ivx]{1,4}|\d{1,2})[ablrp]?){0,8}(?:区|组)"
)
_PLAIN_VALUE = r"\d{1,2}\.\d{1,2}(?!\d|\.\d| ?[*x×~/-] ?\d| ?cm| ?mm| ?%)"
_ANY_NUMBER = (
    r"\d+(?:\.\d+)*(?: ?[*x×~/-] ?\d+(?:\.\d+)*){0,3}"
    r" ?(?:cm|mm|ml|hu|年|月|日|岁|分|天|%|/dl|mci|mbq)?"
)
SPECIAL = re.compile(
    rf"(?P<suv>{_SUV})|(?P<deauville>{_DEAUVILLE})|(?P<times>{_TIMES})|(?P<spine>{_SPINE})|(?P<rib>{_RIB})"
    rf"|(?P<level>{_LEVEL})|(?P<station>{_STATION})|(?P<zone>{_ZONE})"
    rf"|(?P<inflammation>[a-z]{{2,20}}itis(?![a-z]))|(?P<value>{_PLAIN_VALUE})"
    rf"|(?P<number>{_ANY_NUMBER})"
)
"""All of them; the name of the last group says which one it is."""
STARTS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789颈胸腰骶第一二三四五六七八九十两多")
"""Characters with which one may begin."""

PLACES = {
    "spine": Word(kind="O", organ="bone", part="spine"),
    "rib": Word(kind="O", organ="bone", part="rib"),
    "level": Word(kind="a", part="cervical", nodes="neck_nodes", organ="neck_nodes"),
    "station": Word(kind="a", part="mediastinal", nodes="thoracic_nodes", organ="thoracic_nodes"),
}
"""What a number names that stands for a place."""
