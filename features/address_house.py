"""Whether the street lines name a door: too short, no house number, or honestly none.

Knows nothing of maps. What it calls missing is missing on the face of it: a street alone, or a
town alone. Villages, estates, companies and landmarks are found without a number, so a line that
names one is let be.
"""

from __future__ import annotations

import re

from ahocorasick_rs import AhoCorasick

_HAN = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]")
_SIGNS = re.compile(r"[^\W_]")
_LETTERS = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
LEAST_LETTERS = 4  # of a line without any digit
LEAST_SIGNS = 3  # of a line with digits and letters; a Chinese character counts as two


def too_short(lines: str) -> bool:
    """Whether both street lines together, folded, hold next to nothing, or only a number.

    >>> too_short("ab"), too_short("123"), too_short("1 elm"), too_short("8号")
    (True, True, False, False)
    """
    if len(lines) > 12:
        return False
    signs = len(_SIGNS.findall(lines)) + len(_HAN.findall(lines))
    if not _LETTERS.search(lines):
        return "-" not in lines  # 3-2-401 is a whole address within a Chinese estate
    return signs < (LEAST_SIGNS if _DIGIT.search(lines) else LEAST_LETTERS)


_NONE_SAID = re.compile(
    r"(?<![a-z\d])(?:s\s?[/\\]\s?n[or]?\b|s[.-]\s?n[.º]?(?![a-z])|sn(?=\W*$|\W*,)|"
    r"s/?nro?\b|sin num(?:ero|\.)?(?: oficial)?|sem num(?:ero|\.)?|snc\b|s\.n\.c\.?|"
    r"no tiene num(?:ero)?|nao tem num(?:ero)?|senza (?:numero|civico))"
)
_NONE_NEEDLES = AhoCorasick(["s/", "s /", "s\\", "s-n", "s.n", "s. n", "sn", "num", "civico"])


def number_declared_none(lines: str) -> tuple[int, int] | None:
    """Where a folded line says that the house has no number, or None.

    >>> number_declared_none("rua das flores, s/n")
    (16, 19)
    """
    if not _NONE_NEEDLES.find_matches_as_indexes(lines):
        return None
    found = _NONE_SAID.search(lines)
    return found.span() if found else None


# A place that is found by its name: no number is asked of it.
_NAMED = re.compile(
    r"\b(?:edificio|edif|ed|predio|condominio|cond|residencial|residencia|conjunto|torre|bloco|"
    r"bloque|quadra|qd|lote|lt|manzana|mz|mza|casa|chalet|villa|vila|finca|rancho|hacienda|fazenda|"
    r"sitio|chacara|granja|quinta|monte|parcela|parque|poligono|pol|nave|local|lugar|aldeia|aldea|"
    r"caserio|vereda|corregimiento|ejido|rancheria|comunidad|localidad|barriada|paraje|fundo|estancia|"
    r"hotel|hostal|hospital|clinica|escuela|colegio|escola|universidad|universidade|faculdade|"
    r"facultad|iglesia|igreja|mercado|tienda|loja|centro comercial|cc|plaza comercial|shopping|"
    r"aeropuerto|aeroporto|estacion|estacao|terminal|farmacia|banco|ayuntamiento|prefeitura|"
    r"municipalidad|alcaldia|oficina|empresa|fabrica|taller|oficinas|restaurante?|"
    r"km|kilometro|esquina|esq|entre|frente|cruce|camino|estrada|rodovia|carretera|ruta|apto|apt|"
    r"building|bldg|tower|house|hall|court|cottage|farm|lodge|mill|barn|manor|vicarage|rectory|"
    r"school|college|university|church|station|airport|centre|center|mall|store|shop|inn|pub|"
    r"apartments?|flats?|society|complex|temple|mandir|masjid|near|opp|opposite|behind|beside|"
    r"corner|intersection|ranch|plaza|suite|office|clinic|bank|corp|inc|llc|ltd|gmbh|"
    r"residence|immeuble|batiment|bat|lieu.?dit|hameau|domaine|chateau|ferme|mairie|ecole|"
    r"localita|loc|frazione|fraz|contrada|cascina|palazzo|scala|angolo|presso|"
    r"bahnhof|schloss|hof|schule|klinik|krankenhaus|universitat|rathaus|kirche|ecke|"
    r"ruko|toko|warung|war|rumah|rmh|depan|dpn|samping|smpg|dekat|dkt|blkg|belakang|kantor|pasar|"
    r"mesjid|mushola|musholla|sekolah|sd|smp|sma|smk|pt|cv|komplek|kompleks|komp|"
    r"perum|perumahan|prm|perumnas|griya|graha|gedung|gd|kav|kavling|lantai|apartemen|kost?|kosan|blok|"
    r"bengkel|apotek|puskesmas|rs|rsud|polsek|polres|pondok|ponpes|pesantren|dusun|dsn|desa|ds|"
    r"kampung|kp|kmp|gang|gg|simpang|perempatan|pertigaan|masuk|seberang|sebrang|spbu|pom|jembatan|jmbtn|stasiun|kampus|dagang|puri|"
    r"bandara|pelabuhan|lapangan|waroeng|kios|salon|cafe|studio|butik|konter|counter|aksesoris|"
    r"accecoris|accessories|cell)\b"
)
_ORDINAL = re.compile(
    r"\b\d{1,3}(?:st|nd|rd|th)\b|"  # 5th Avenue
    r"\b(?:highway|hwy|us|route|rt|rte|county road|cr|state road|sr|fm|interstate)[ -]\d+\w?\b|"
    r"\b(?:apt|apartment|unit|ste|suite|fl|floor|rm|room)\.? ?#? ?\d+\w?\b"  # a flat, not a house
)
_DATE = re.compile(  # Calle 5 de Mayo, Rua 7 de Setembro, Via 25 Aprile, rue du 8 mai 1945
    r"\b\d{1,2}[oº°]? (?:de |of )?(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|"
    r"septiembre|setiembre|octubre|noviembre|diciembre|janeiro|fevereiro|marco|maio|junho|julho|"
    r"setembro|outubro|novembro|dezembro|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|"
    r"ottobre|novembre|dicembre|janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|"
    r"octobre|decembre)\b(?: (?:de )?1[89]\d\d)?"
)
_COLOMBIAN = re.compile(  # the street's own number and that of its crossing are no house number
    r"^\W*(?:calle|cll|cl|carrera|cra|kra|cr|kr|diagonal|dg|transversal|trans|tv|avenida|av|ak|ac)"
    r"\.? ?\d+ ?[a-z]?(?: ?bis)?(?: (?:sur|norte|este|oeste))?\W*$"
)
_LATIN_STREET = (
    r"(?:calle|c/|cl\.|avenida|avda\.?|av\.?|avd\.?|paseo|plaza|pza\.?|ronda|travesia|bulevar|"
    r"boulevard|blvd\.?|calzada|calz\.?|privada|priv\.?|prolongacion|prol\.?|andador|cerrada|"
    r"callejon|pasaje|pje\.?|carrera|cra\.?|kra\.?|diagonal|transversal)"
)
_PORTUGUESE_STREET = (
    r"(?:rua|r\.|avenida|av\.?|travessa|tv\.?|alameda|al\.|praca|pca\.?|largo|beco|ladeira|viela|"
    r"rotunda|calcada)"
)
_ENGLISH_END = (
    r"(?:street|st|avenue|ave?|road|rd|lane|ln|drive|dr|boulevard|blvd|way|terrace|place|pl|"
    r"crescent|cres|close|circle|cir|parkway|pkwy|highway|hwy|trail|trl|row|grove|gardens?)"
)
_STARTS = {
    **dict.fromkeys(("ES", "MX", "AR", "CL", "CO"), _LATIN_STREET),
    **dict.fromkeys(("BR", "PT"), _PORTUGUESE_STREET),
    "FR": r"(?:rue|avenue|av\.?|boulevard|bd\.?|bld\.?|quai|cours)",
    "IT": r"(?:via|viale|v\.le|corso|c\.so|vicolo|piazza|piazzale|largo)",
    "ID": r"(?:jalan|jln\.?|jl\.?)",
}
_STREETS = {country: re.compile(rf"\W*{start}[\s.]+\w") for country, start in _STARTS.items()}
_ENDS = {
    **dict.fromkeys(
        ("US", "CA"), rf"\b{_ENGLISH_END}\.?(?: (?:[nsew]|ne|nw|se|sw|north|south|east|west)\.?)?"
    ),
    "GB": rf"\b{_ENGLISH_END}\.?",
    "IN": r"\b(?:road|rd|street|st|marg|lane|main|cross)\.?",
    "DE": r"(?:stra(?:ß|ss)e|\bstr\.?|str\.|weg|allee|gasse|\bring|\bdamm|\bufer)",
}
_LAST = {country: re.compile(rf"[^\d,;\n]*{end}\W*") for country, end in _ENDS.items()}
# Numbers that belong to a street's name or to a flat: what they are replaced by, in what remains.
_STRIPPED: dict[str, tuple[re.Pattern[str], str]] = {
    **dict.fromkeys(("US", "CA"), (_ORDINAL, "")),
    **dict.fromkeys(_STARTS.keys() - {"ID"}, (_DATE, " x")),
}
_WORD_NUMBER = re.compile(r"\W*(?:one|two|three|four|five|six|seven|eight|nine|ten)\b")


# "By the shop" leads nowhere where streets have names; in India and Indonesia it is an address.
_VAGUE = re.compile(
    r"\W*(?:por|cerca de|al lado de|frente a|junto a|detras de|enfrente de|a la vuelta de|"
    r"perto d[aeo]|ao lado d[aeo]|atras d[aeo]|em frente a|near|next to|behind|opposite|close to)"
    r"l?(?: \w+){1,4}\W*"
)
_NUMBERED = frozenset(("US", "CA", "GB", "ES", "PT", "BR", "MX", "AR", "CL", "CO"))
STREET_WORDS = 3  # of a name like Old Mill Lane; in more, a mill or a church is the place itself


def bare_street(lines: str, country: str) -> bool:
    """Whether the street lines, folded and joined, are a street without a number or a name.

    Only for countries other than China.

    >>> bare_street("maple st, apt 4b", "US"), bare_street("calle 5 de mayo", "MX")
    (True, True)
    >>> bare_street("calle 5 de mayo 12", "MX"), bare_street("rose cottage, church lane", "GB")
    (False, False)
    """
    if country == "CO" and _COLOMBIAN.match(lines):
        return True
    if _DIGIT.search(lines):
        numbered, instead = _STRIPPED.get(country, (_DIGIT, "0"))  # else nothing changes
        lines = numbered.sub(instead, lines)
    if _DIGIT.search(lines):
        return False
    if country in _NUMBERED and _VAGUE.fullmatch(lines):
        return True
    if country in _STREETS:
        return bool(_STREETS[country].match(lines)) and not _names_a_place(lines, country)
    return country in _LAST and _ends_as_street(lines, _LAST[country])


def _ends_as_street(lines: str, ending: re.Pattern[str]) -> bool:
    if _WORD_NUMBER.match(lines):
        return False
    if len(lines.split()) > STREET_WORDS and _NAMED.search(lines):
        return False
    return bool(ending.fullmatch(lines.rstrip(" ,;.#")))


def _names_a_place(lines: str, country: str) -> bool:
    if number_declared_none(lines):
        return True
    street = _STREETS[country].match(lines)
    return bool(_NAMED.search(lines, street.end() - 1 if street else 0))


_NUMBER_LAST = re.compile(r"[^,;\n]*?(?:\b\d{1,4} ?[a-z]?|s/n|snc)\W*")
_NUMBER_FIRST = re.compile(rf"\W*\d+[a-z]?(?: \w+\.?){{1,4}}? {_ENGLISH_END}\.?\W*")
_GERMAN = re.compile(r"\W*[^\d\W]+(?:stra(?:ß|ss)e|str\.|weg|allee|gasse) ?\d+ ?[a-z]?\W*")
_CHINESE_STREET = re.compile(
    r"[\u3400-\u9fff]{1,3}(?:路|街|大道|巷)[东西南北中]?\d+[号弄][^省市区县镇乡村]*"
)
MOST_WORDS = 5  # of a street with its number; more may hold the town


def only_street(lines: str, country: str) -> bool:
    """Whether street lines, folded, are one street with its number and nothing that names a town.

    >>> only_street("calle mayor 5", "ES"), only_street("calle mayor 5, 28013 madrid", "ES")
    (True, False)
    """
    if country == "CN":
        return bool(_CHINESE_STREET.fullmatch(lines))
    if len(lines.split()) > MOST_WORDS:
        return False
    if country in _STREETS:
        return bool(_STREETS[country].match(lines) and _NUMBER_LAST.fullmatch(lines))
    if country in {"US", "CA", "GB"}:
        return bool(_NUMBER_FIRST.fullmatch(lines))
    return country == "DE" and bool(_GERMAN.fullmatch(lines))


_CHINESE_NUMBER = re.compile(
    r"[\d\u3007零一二两三四五六七八九十百]+(?:号|弄|室|栋|幢|楼|单元|层|组|队|社|村|期|区|门|座|户)|\d|"
    r"村(?![镇乡路街])"
)
_CHINESE_END = re.compile(
    r"(?:(?<![步商食小老古特服美一情业行吃市])街|(?<![铁管频隧通渠])道|路|巷|胡同|镇|乡|县|"
    r"(?<![超城夜店菜花门集股上早])市|(?<![小园社校厂库景发业新住宿舍院辖工矿林片械东南西北中\d一二三四五六七八九十a-z])区)"
    r"[\s,.。)]*$"
)


_CHINESE_NAMED = re.compile(  # found by its name; but 学院路 is a road
    r"(?:市场|公司|大学|学院|医院|学校|中学|小学|委员会|委会|中心|广场|大厦|公寓|酒店|宾馆|小区|花园|"
    r"家园|超市|工厂|银行|车站|机场|政府|派出所|服务站|售楼部|工地)(?![路街巷城大])"
)
_CHINESE_ENDS = frozenset("街道路巷同镇乡县市区")


def bare_chinese(line: str) -> bool:
    """Whether a Chinese address ends at a road or a town, with no number anywhere.

    >>> bare_chinese("浙江省温州市苍南县环城东路"), bare_chinese("环城东路5号")
    (True, False)
    >>> bare_chinese("浙江省台州市天台县坦头镇五百村"), bare_chinese("凯旋广场营销中心")
    (False, False)
    """
    tail = line.rstrip(" ,.。)")
    if not tail or tail[-1] not in _CHINESE_ENDS:
        return False
    if not _CHINESE_END.search(tail):
        return False
    return not (_CHINESE_NUMBER.search(line) or _CHINESE_NAMED.search(line))


def without_house(lines: str, country: str) -> bool:
    """Whether the street lines, folded and joined, lead to no door in that country."""
    if country == "CN":
        return bare_chinese(lines)
    return bare_street(lines, country)
