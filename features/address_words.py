"""Words in an address that say what it is not: PO boxes, lockers, fillers and dummy names.

Knows nothing of streets. One Aho-Corasick pass over a folded line finds the needles; only a line
that holds one is put to the patterns, which know the words around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from features.address_fold import Folded

_NO = r"(?:no|nr|nro|num|numero|number|n)?[.:°#\s-]{0,3}"  # "No. " before a number
_BOX = (
    r"\bp\.?\s?o\.?\s?b(?:ox|\.|x)(?:es)?(?![a-z])|\bpost\s?(?:office\s)?box\b|\bpostal box\b|"
    r"\bpost bag\b|^\W*kotak pos\b|\bgeneral delivery\b|\bpost(?:e)? restante\b|\bposta restante\b|"
    r"\blista de correos\b|\bfermo\s?posta\b|\bpostlagernd\b|"
    r"\b(?:apartado|apdo|aptdo)\b\.?(?:\s(?:postal|de correos|correos|aereo))?\s?"
    rf"{_NO}\d+|\bapartado (?:postal|de correos|aereo)\b|"
    r"\b(?:caixa|cx)\.? postal\b|\bpostfach\b|"
    rf"\bcasilla\b(?: (?:postal|de correos?))?\s?{_NO}\d+|\bcasella postale\b|"
    r"\b(?:boite|case) postale\b|"
    r"\b(?:psc|cmr|unit) \d+\W+box \d+|\b[afd]po,? (?:a[aep]|\d{5})\b|\bbfpo\b|"
    r"(?:邮政|专用|号)信箱|信箱\d+"
)
_LOCKER = (
    r"\b(?:parcel|package|amazon|post|smart|delivery|shopee|inpost|click\s?(?:and|&)\s?collect) "
    r"lockers?\b|"
    r"(?<!foot )\blocker(?=\W*(?:no|n|#|id|\d|$))|\bamazon hub\b|\bpackstation\b|\bpostfiliale\b|"
    r"\bpaketshop\b|\binpost\b|\bpaczkomat|\bcitypaq\b|\bpunto (?:pack|de recogida|de retiro)\b|"
    r"\bpick\s?-?up (?:point|station)\b|\bmondial relay\b|\b(?:point|relais) (?:relais|colis)\b|"
    r"\bfermopoint\b|\bpunto poste\b|\btaquillas?\b|\bcasilleros?\b|"
    r"\bponto de (?:retirada|coleta)\b|"
    r"\barmario (?:de|inteligente)\b|\bparcelshop\b|\bpopstation\b|\bpopbox\b|\bpaxel ?box\b|"
    r"丰巢|豐巢|菜鸟(?:驿站|裹裹|柜)|快递柜|自提柜|自提点|代收点|速递易|兔喜|妈妈驿站|云柜|智能柜|"
    r"快递超市|取件柜|格格货栈|近邻宝"
)
_POST_NEEDLES = (
    "box,p.o,po b,bag,pob,kotak,delivery,restante,lista de,fermo,postlagernd,apartado,apdo,"
)
_POST_NEEDLES += "aptdo,postal,postfach,casilla,apo,fpo,dpo,信箱"
_LOCKER_NEEDLES = (
    "locker,hub,station,filiale,paketshop,inpost,paczkomat,citypaq,punto,pick,mondial,"
)
_LOCKER_NEEDLES += (
    "relais,fermopoint,taquilla,casillero,ponto,armario,parcelshop,popbox,paxel,丰巢,"
)
_LOCKER_NEEDLES += "豐巢,菜鸟,快递,自提,代收,速递易,兔喜,驿站,云柜,智能柜,取件柜,格格货栈,近邻宝"

# The whole of a field, folded: it says "there is no address here", in the languages served.
_FILLERS = (
    "test(?:e|ing|o|s|ando)?(?: ?(?:test(?:e|ing|o)?|address|order|only|\\d{1,3}))*|"
    "prueba(?: \\w{1,8})?|coba coba|tes(?: tes)*|xx+(?: x+)*|"
    "n ?/ ?a|n\\.a\\.?|na|nil|none|null|nan|unknown|undefined|tb[acd]|to be (?:confirmed|advised)|"
    "address|my address|home|my (?:home|house)|street|street address|dummy|sample|example|"
    "no address|not known|do ?n.?t know|idk|whatever|anything|something|blah(?: blah)*|"
    "same|same as (?:above|before|billing|last time)(?: address)?|as above|see above|"
    "ver (?:arriba|mensaje|chat|nota)|"
    "direccion|mi (?:casa|direccion)|sin (?:direccion|calle|domicilio)|no (?:se|hay|tiene|aplica)|"
    "ninguna?|nada|desconocid[oa]|por (?:confirmar|definir)|(?:la )?misma(?: de siempre)?|"
    "(?:el )?mismo(?: de siempre)?|la misma direccion(?: de siempre)?|"
    "endereco|meu endereco|minha casa|sem endereco|nao (?:sei|tem|ha|informado|se aplica)|nenhum|"
    "o mesmo(?: de sempre)?|o de sempre|mesmo endereco|a (?:combinar|confirmar)|"
    "alamat|rumah(?: saya)?|alamat (?:sama|rumah|saya)|tidak (?:tahu|ada)|(?:gak|ga|nggak) tau|"
    "(?:sama )?seperti (?:biasa|di atas)|(?:lihat|cek|sesuai) (?:chat|note|catatan)|"
    "(?:siehe|wie) oben|unbekannt|keine?|adresse|idem|inconnu|aucune?|sconosciuto|stesso|"
    "测试(?:地址|订单|\\d{0,3})*|无|没有|沒有|不知道|不详|未知|地址|我家|家|同上|老地址|原地址|老地方|"
    "随便|隨便|随便写的?|暂无|待定|不清楚|哈哈哈*不知道"
)
# Inside a longer line, too, these say the same.
_SAYS_SO = (
    r"\b(?:same (?:address )?as (?:above|before|billing|last time|always)|"
    r"(?:la |el )?mism[oa] (?:direccion )?de siempre|misma direccion|mesmo endereco|"
    r"(?:o )?mesmo de sempre|test (?:order|address)|do not ship|don.?t ship|nao enviar|no enviar|"
    r"direccion de prueba|endereco de teste|alamat (?:sama|sesuai|lihat|seperti)|lorem ipsum|"
    r"(?:will|to) (?:send|confirm|give) (?:the )?(?:address|later))\b|"
    r"不知道|随便写|隨便寫|随便填|测试订单|测试地址|请勿发货|不要发货|老地址|同上次|地址同上"
)
_SAYS_NEEDLES = (
    "same,mism,mesmo,test,do not,ship,enviar,prueba,alamat,lorem,later,will,confirm,不知道,"
)
_SAYS_NEEDLES += "随便,隨便,测试,发货,老地址,同上"
_NAMES = (
    "test(?:e|er|ing)?(?: ?(?:test(?:e|er|ing)?|user|order|\\d{1,3}))*|prueba|x{2,}(?: x+)*|a{3,}|"
    "n ?/ ?a|none|null|unknown|undefined|name|my name|full name|"
    "first ?name(?: last ?name)?|"
    "customer|buyer|recipient|client|guest|user|admin|nobody|anonymous|john doe|jane doe|"
    "asdf\\w*|qwe(?:rty?)?|abc(?:d\\w*)?|foo ?bar|dummy|"
    "cliente|comprador|nombre|usuario|anonimo|fulano(?: de tal)?|nome|destinatario|sin nombre|"
    "nama|pembeli|penerima|testing|tes|"
    "测试\\d*|姓名|收货人|收件人|买家|顾客|客户|匿名|无名|无|某某某?|张三|李四|不知道|\\d+|[\\W_]+"
)


@dataclass(frozen=True)
class Family:
    """What one code is found by.

    Attributes:
        code: of the vocabulary.
        needles: at least one is in any line that the pattern finds something in.
        pattern: what is searched in such a line.

    """

    code: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]


_FAMILIES = (
    Family("po_box", tuple(_POST_NEEDLES.split(",")), re.compile(_BOX)),
    Family("locker", tuple(_LOCKER_NEEDLES.split(",")), re.compile(_LOCKER)),
    Family("placeholder", tuple(_SAYS_NEEDLES.split(",")), re.compile(_SAYS_SO)),
    Family("email_in_address", ("@",), re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")),
)
_OWNERS = [family for family in _FAMILIES for _ in family.needles]
_NEEDLES = AhoCorasick([needle for family in _FAMILIES for needle in family.needles])
_FILLER = re.compile(f"(?:{_FILLERS})[.!]*")
_DUMMY = re.compile(f"(?:{_NAMES})[.!]*")


def may_say(text: str) -> bool:
    """Whether `words` may find anything in any line of a folded text."""
    return bool(_NEEDLES.find_matches_as_indexes(text))


def words(line: Folded) -> Iterator[tuple[str, int, int]]:
    """Codes with their spans in the line as received; each code at most once."""
    hits = _NEEDLES.find_matches_as_indexes(line.text, overlapping=True)
    if not hits:
        return
    for family in {id(_OWNERS[hit[0]]): _OWNERS[hit[0]] for hit in hits}.values():
        found = family.pattern.search(line.text)
        if found:
            yield (family.code, *line.span(found.start(), found.end()))


def is_filler(line: Folded) -> bool:
    """Whether the field as a whole stands for an address that was not given."""
    return len(line.text) < 60 and bool(_FILLER.fullmatch(line.text.strip()))


def is_dummy_name(name: Folded) -> bool:
    """Whether the name as a whole is a filler."""
    return len(name.text) < 60 and bool(_DUMMY.fullmatch(name.text.strip()))
