"""Countries as people and platforms write them, folded to ISO 3166 alpha-2.

Knows nothing of what a country's addresses look like.
"""

from __future__ import annotations

from functools import lru_cache

from phonenumbers import SUPPORTED_REGIONS

from features.identity import plain

# Names in English, Spanish, Portuguese, Chinese and the country's own language, as `plain` folds
# them, and ISO 3166 alpha-3. Alpha-2 codes need no line here.
_NAMES = {
    "AE": "are|united arab emirates|emiratos arabes unidos|emirados arabes unidos|uae|阿联酋",
    "AR": "arg|argentina|republica argentina|argentine|argentinien|阿根廷",
    "AT": "aut|austria|osterreich|autriche|奥地利",
    "AU": "aus|australia|australie|澳大利亚|澳洲",
    "BE": "bel|belgium|belgica|belgien|belgique|belgie|比利时",
    "BO": "bol|bolivia|玻利维亚",
    "BR": "bra|brazil|brasil|brasilien|bresil|brasile|巴西",
    "CA": "can|canada|kanada|加拿大",
    "CH": "che|switzerland|suiza|suica|schweiz|suisse|svizzera|瑞士",
    "CL": "chl|chile|republica de chile|智利",
    "CN": "chn|china|pr china|p r china|prc|people s republic of china|mainland china|"
    "china continental|cina|chine|tiongkok|中国|中國|中国大陆|中国内地|中华人民共和国",
    "CO": "col|colombia|republica de colombia|kolumbien|colombie|哥伦比亚",
    "CR": "cri|costa rica|哥斯达黎加",
    "CZ": "cze|czechia|czech republic|republica checa|tschechien|捷克",
    "DE": "deu|ger|germany|alemania|alemanha|deutschland|allemagne|germania|jerman|德国",
    "DK": "dnk|denmark|dinamarca|danmark|丹麦",
    "EC": "ecu|ecuador|equador|厄瓜多尔",
    "ES": "esp|spain|espana|espanha|spanien|espagne|spagna|spanyol|西班牙",
    "FI": "fin|finland|finlandia|suomi|芬兰",
    "FR": "fra|france|francia|franca|frankreich|prancis|法国",
    "GB": "uk|gbr|united kingdom|great britain|britain|england|scotland|wales|northern ireland|"
    "reino unido|gran bretana|gra bretanha|inglaterra|escocia|grossbritannien|"
    "vereinigtes konigreich|royaume uni|regno unito|inggris|英国|u k",
    "GR": "el|grc|greece|grecia|griechenland|希腊",
    "GT": "gtm|guatemala|危地马拉",
    "HK": "hkg|hong kong|hongkong|香港|中国香港",
    "ID": "idn|indonesia|indonesien|indonesie|印度尼西亚|印尼",
    "IE": "irl|ireland|irlanda|irland|eire|爱尔兰",
    "IN": "ind|india|bharat|indien|inde|भारत|印度",
    "IT": "ita|italy|italia|italien|italie|意大利",
    "JP": "jpn|japan|japon|japao|nippon|日本",
    "KR": "kor|south korea|korea|republic of korea|corea del sur|coreia do sul|韩国|대한민국",
    "MO": "mac|macau|macao|澳门",
    "MX": "mex|mexico|estados unidos mexicanos|mejico|mexiko|mexique|messico|meksiko|墨西哥",
    "MY": "mys|malaysia|malasia|马来西亚",
    "NL": "nld|netherlands|the netherlands|holland|paises bajos|paises baixos|nederland|荷兰",
    "NO": "nor|norway|noruega|norge|挪威",
    "NZ": "nzl|new zealand|nueva zelanda|新西兰",
    "PE": "per|peru|秘鲁",
    "PH": "phl|philippines|filipinas|菲律宾",
    "PL": "pol|poland|polonia|polska|polen|波兰",
    "PT": "prt|portugal|portogallo|葡萄牙",
    "PY": "pry|paraguay|paraguai|巴拉圭",
    "RU": "rus|russia|rusia|russian federation|россия|俄罗斯",
    "SA": "sau|saudi arabia|arabia saudita|沙特阿拉伯",
    "SE": "swe|sweden|suecia|sverige|schweden|瑞典",
    "SG": "sgp|singapore|singapur|singapura|新加坡",
    "TH": "tha|thailand|tailandia|泰国",
    "TR": "tur|turkey|turkiye|turquia|土耳其",
    "TW": "twn|taiwan|台湾|臺灣|中国台湾",
    "UA": "ukr|ukraine|ucrania|україна|乌克兰",
    "US": "usa|united states|united states of america|the united states|u s a|u s|america|"
    "estados unidos|estados unidos de america|ee uu|eeuu|e e u u|eua|estados unidos da america|"
    "vereinigte staaten|etats unis|stati uniti|amerika serikat|美国|美國",
    "UY": "ury|uruguay|uruguai|乌拉圭",
    "VE": "ven|venezuela|委内瑞拉",
    "VN": "vnm|vietnam|viet nam|越南",
    "ZA": "zaf|south africa|sudafrica|africa do sul|南非",
}
_CODES = {name: code for code, names in _NAMES.items() for name in names.split("|")}


@lru_cache(maxsize=1 << 12)
def country_of(text: str | None) -> str | None:
    """ISO 3166 alpha-2 code of a country as written, or None where it is none that we know.

    >>> country_of("España"), country_of("美国"), country_of(" br "), country_of("UK")
    ('ES', 'US', 'BR', 'GB')
    >>> country_of("Atlantis") is None
    True
    """
    name = plain(text)
    if name is None:
        return None
    code = name.upper()
    return code if code in SUPPORTED_REGIONS else _CODES.get(name)
