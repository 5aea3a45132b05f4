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
_DEAUVILLE = (
    r"(?:deauville|d-?5ps|5-?ps)(?: ?(?:score|评分|分级|标准|5分法|五分法|category|scale|ds))?"
    r"(?: of|:|为|=)? ?(?P<score>[1-5])(?:分|级)?"
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
_LEVEL = rf"levels? {_NECK}(?:(?:, ?| ?(?:and|to|-|/) ?){_NECK}){{0,6}}(?![a-z\d])"
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
    rf"(?P<suv>{_SUV})|(?P<deauville>{_DEAUVILLE})|(?P<spine>{_SPINE})|(?P<rib>{_RIB})"
    rf"|(?P<level>{_LEVEL})|(?P<station>{_STATION})|(?P<zone>{_ZONE})"
    rf"|(?P<inflammation>[a-z]{{2,20}}itis(?![a-z]))|(?P<value>{_PLAIN_VALUE})"
    rf"|(?P<number>{_ANY_NUMBER})"
)
"""All of them; the name of the last group says which one it is."""
STARTS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789颈胸腰骶第一二三四五六七八九十")
"""Characters with which one may begin."""

PLACES = {
    "spine": Word(kind="O", organ="bone", part="spine"),
    "rib": Word(kind="O", organ="bone", part="rib"),
    "level": Word(kind="a", part="cervical", nodes="neck_nodes", organ="neck_nodes"),
    "station": Word(kind="a", part="mediastinal", nodes="thoracic_nodes", organ="thoracic_nodes"),
}
"""What a number names that stands for a place."""
