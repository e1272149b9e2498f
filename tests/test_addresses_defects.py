"""Each defect of an address: where it fires, with its evidence, and near misses where not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.address_phone import rings
from features.address_place import mismatch_belief, mismatched
from features.addresses import (
    DEFECTS,
    FIELDS,
    KINDS,
    MODEL_BITS,
    Defect,
    codes_of,
    country_of,
    defects,
    mask,
)


def found(code: str, country: str, **columns: str) -> list[tuple[str, str]]:
    """(field, offending part) of that code; a town is given unless the case says otherwise."""
    row: dict[str, Any] = {"country": country, "city": "Centro", **columns}
    return [
        (defect.field, row[defect.field][defect.start : defect.end])
        for defect in defects(row)
        if defect.code == code
    ]


# code, country, field, what it says, the part that is offending
FIRES = [
    ("too_short", "US", "line1", " ab ", "ab"),
    ("too_short", "BR", "line1", "123", "123"),
    ("too_short", "CN", "line1", "路", "路"),
    ("no_house_number", "US", "line1", "Maple St", "Maple St"),
    ("no_house_number", "US", "line1", "W 5th Ave, Apt 3", "W 5th Ave, Apt 3"),
    ("no_house_number", "CA", "line1", "Spring Garden Road", "Spring Garden Road"),
    ("no_house_number", "GB", "line1", "Church Lane", "Church Lane"),
    ("no_house_number", "MX", "line1", "Calle 5 de Mayo", "Calle 5 de Mayo"),
    ("no_house_number", "BR", "line1", "Rua 7 de Setembro", "Rua 7 de Setembro"),
    ("no_house_number", "AR", "line1", "Av. Corrientes", "Av. Corrientes"),
    ("no_house_number", "CL", "line1", "Pasaje Los Aromos", "Pasaje Los Aromos"),
    ("no_house_number", "CO", "line1", "Calle 45", "Calle 45"),
    ("no_house_number", "ES", "line1", "C/ Alcalá", "C/ Alcalá"),
    ("no_house_number", "CO", "line1", "por la tienda", "por la tienda"),
    ("no_house_number", "BR", "line1", "Perto do mercado", "Perto do mercado"),
    ("no_house_number", "PT", "line1", "Rua Augusta", "Rua Augusta"),
    ("no_house_number", "DE", "line1", "Hauptstraße", "Hauptstraße"),
    ("no_house_number", "FR", "line1", "rue du 8 mai 1945", "rue du 8 mai 1945"),
    ("no_house_number", "IT", "line1", "Via Garibaldi", "Via Garibaldi"),
    ("no_house_number", "IN", "line1", "MG Road", "MG Road"),
    ("no_house_number", "ID", "line1", "Jl. Sudirman", "Jl. Sudirman"),
    ("no_house_number", "CN", "line1", "苍南县环城东路", "苍南县环城东路"),
    ("no_house_number", "CN", "line1", "海宁市南塘镇", "海宁市南塘镇"),
    ("number_declared_none", "ES", "line1", "Calle Sol, S/N", "S/N"),
    ("number_declared_none", "MX", "line1", "Morelos sin número", "sin número"),
    ("number_declared_none", "BR", "line2", "s/nº", "s/nº"),
    ("number_declared_none", "IT", "line1", "Via Roma snc", "snc"),
    ("gibberish", "US", "line1", "asdf asdf", "asdf"),
    ("gibberish", "US", "line1", "Qwerty 0", "Qwerty"),
    ("gibberish", "BR", "line1", "rua rua rua", "rua rua rua"),
    ("gibberish", "MX", "line1", "calle calle", "calle calle"),
    ("gibberish", "MX", "line1", "jajaja", "jajaja"),
    ("gibberish", "ES", "line1", "aaaa", "aaaa"),
    ("gibberish", "CN", "line1", "啊啊啊啊", "啊啊啊啊"),
    ("gibberish", "CN", "line1", "111111", "111111"),
    ("gibberish", "US", "line1", "12 sdfghjkl", "sdfghjkl"),
    ("placeholder", "US", "line1", "Test", "Test"),
    ("placeholder", "GB", "line1", "same as above", "same as above"),
    ("placeholder", "CA", "line1", "N/A", "N/A"),
    ("placeholder", "ES", "line1", "La misma de siempre", "La misma de siempre"),
    ("placeholder", "MX", "line1", "No sé", "No sé"),
    ("placeholder", "BR", "line1", "não sei", "não sei"),
    ("placeholder", "PT", "line1", "endereço", "endereço"),
    ("placeholder", "CN", "line1", "测试地址", "测试地址"),
    ("placeholder", "CN", "line1", "哈哈哈不知道", "哈哈哈不知道"),
    ("placeholder", "CN", "line1", "人民路5号,老地址", "老地址"),
    ("placeholder", "ID", "line1", "alamat sama", "alamat sama"),
    ("placeholder", "US", "city", "xxx", "xxx"),
    ("too_many_symbols", "US", "line1", "12 Oak Ave $$$", "$$$"),
    ("too_many_symbols", "BR", "line1", "Rua A, 5 !!!!!!", "!!!!!!"),
    ("too_many_symbols", "CN", "line1", "人民路5号❤❤❤❤", "❤❤❤❤"),
    ("garbled_text", "ES", "line1", "Calle Espa?a 5", "?"),
    ("garbled_text", "BR", "city", "SÃ£o Paulo", "Ã£"),
    ("garbled_text", "CN", "line1", "鄞州区\ufffd岐镇4号", "\ufffd"),
    ("phone_in_address", "CN", "line1", "人民路5号 13812345678", "13812345678"),
    ("phone_in_address", "IN", "line2", "near temple, 98765 43210", "98765 43210"),
    ("phone_in_address", "ID", "line1", "jl melati 5 wa 0822-3394-8939", "0822-3394-8939"),
    ("phone_in_address", "AR", "line1", "Prat 5, tel: 4567-8901", "4567-8901"),
    ("phone_in_address", "GB", "line1", "5 Oak Rd, call +44 7400 123456", "+44 7400 123456"),
    ("email_in_address", "US", "line1", "5 Elm St ann@example.com", "ann@example.com"),
    ("po_box", "US", "line1", "P.O. Box 123", "P.O. Box"),
    ("po_box", "US", "line1", "General Delivery", "General Delivery"),
    ("po_box", "US", "line1", "PSC 802 Box 74", "PSC 802 Box 74"),
    ("po_box", "ES", "line1", "Apartado de Correos 1234", "Apartado de Correos 1234"),
    ("po_box", "MX", "line1", "Apdo. Postal 45", "Apdo. Postal 45"),
    ("po_box", "BR", "line1", "Caixa Postal 99", "Caixa Postal"),
    ("po_box", "CL", "line1", "Casilla 8-D", "Casilla 8"),
    ("po_box", "AR", "line1", "Casilla de Correo 12", "Casilla de Correo 12"),
    ("po_box", "DE", "line1", "Postfach 10 20 30", "Postfach"),
    ("po_box", "FR", "line1", "Boîte postale 5", "Boîte postale"),
    ("po_box", "IT", "line1", "Casella Postale 7", "Casella Postale"),
    ("po_box", "CN", "line1", "邮政信箱1431", "邮政信箱"),
    ("locker", "DE", "line1", "Packstation 145", "Packstation"),
    ("locker", "CN", "line1", "林森路5号门口丰巢快递柜", "丰巢"),
    ("locker", "CN", "line1", "人民路5号菜鸟驿站", "菜鸟驿站"),
    ("locker", "GB", "line1", "Amazon Locker Oak, 5 High St", "Amazon Locker"),
    ("locker", "GB", "line2", "InPost", "InPost"),
    ("locker", "ES", "line1", "Taquilla de paquetes, Calle Mayor, 5", "Taquilla"),
    ("locker", "CO", "line1", "Casillero de paquetes, Calle 45 # 3-01", "Casillero"),
    ("locker", "BR", "line1", "Armário de encomendas, Rua da Paz, 5", "Armário de"),
    ("invalid_postcode", "US", "postcode", "00000", "00000"),
    ("invalid_postcode", "US", "postcode", "12345", "12345"),
    ("invalid_postcode", "CA", "postcode", "K1A", "K1A"),
    ("invalid_postcode", "CA", "postcode", "D1A 0B1", "D1A 0B1"),
    ("invalid_postcode", "GB", "postcode", "SW1A", "SW1A"),
    ("invalid_postcode", "ES", "postcode", "53001", "53001"),
    ("invalid_postcode", "BR", "postcode", " 99999-999", "99999-999"),
    ("invalid_postcode", "CN", "postcode", "123456", "123456"),
    ("invalid_postcode", "IN", "postcode", "012345", "012345"),
    ("invalid_postcode", "ID", "postcode", "1234", "1234"),
    ("invalid_postcode", "DE", "postcode", "SW1A 1AA", "SW1A 1AA"),
    ("invalid_postcode", "PT", "postcode", "123", "123"),
    ("invalid_phone", "BR", "phone", "00000000", "00000000"),
    ("invalid_phone", "CN", "phone", "12345", "12345"),
    ("invalid_phone", "IN", "phone", "9999999999", "9999999999"),
    ("invalid_phone", "US", "phone", "1111111111", "1111111111"),
    ("invalid_phone", "CN", "phone", "1381234567", "1381234567"),
    ("invalid_phone", "ES", "phone", "no tengo", "no tengo"),
    ("invalid_phone", "", "phone", "12345", "12345"),
    ("dummy_recipient", "US", "recipient", "Test User", "Test User"),
    ("dummy_recipient", "CN", "recipient", "收货人", "收货人"),
    ("dummy_recipient", "BR", "recipient", "cliente", "cliente"),
    ("mixed_script", "US", "line1", "12 M\u0430ple St", "M\u0430ple"),
    ("foreign_script", "US", "line1", "12 Oak Ave 人民路", "人民路"),
    ("foreign_script", "ES", "line1", "улица Ленина 5", "улица Ленина"),
    ("two_regions", "CN", "line1", "广东省揭阳市浙江省柳市镇5号", "浙江省"),
    ("missing_locality", "ES", "city", "-", "-"),
]


@pytest.mark.parametrize(("code", "country", "field", "text", "part"), FIRES)
def test_a_defect_fires_on_the_offending_part(
    code: str, country: str, field: str, text: str, part: str
) -> None:
    """Ops leads trust a flag when they see what caused it."""
    assert (field, part) in found(code, country, **{field: text})


# code, country, field, what it says: close to a defect, and none
NEAR_MISSES = [
    ("too_short", "GB", "line1", "1 Elm"),
    ("too_short", "CN", "line1", "8号"),
    ("too_short", "CN", "line1", "3-2-401"),
    ("no_house_number", "US", "line1", "12 Maple St"),
    ("no_house_number", "US", "line1", "One Rector Street"),
    ("no_house_number", "US", "line1", "Union Station"),
    ("no_house_number", "US", "line1", "P.O. Box 5"),
    ("no_house_number", "GB", "line1", "Rose Cottage, Church Lane"),
    ("no_house_number", "GB", "line1", "Amazon Locker, Church Lane"),
    ("no_house_number", "FR", "line1", "Lieu-dit Le Bourg"),
    ("no_house_number", "ES", "line1", "Calle Sol s/n"),
    ("no_house_number", "BR", "line1", "Av. Paulista, Edifício Cetenco"),
    ("no_house_number", "CO", "line1", "Calle 45 # 12-15"),
    ("no_house_number", "ID", "line1", "Jl. Sudirman samping masjid"),
    ("no_house_number", "IN", "line1", "Near bus stand, Station Road"),
    ("no_house_number", "CN", "line1", "天台县坦头镇五百村"),
    ("no_house_number", "CN", "line1", "环城东路与人民路交叉口"),
    ("no_house_number", "CN", "line1", "高教园区"),
    ("no_house_number", "ID", "line1", "dekat masjid raya"),
    ("no_house_number", "ES", "line1", "Frente a la iglesia, Casa Blanca"),
    ("no_house_number", "NL", "line1", "Hoofdstraat"),
    ("no_house_number", "", "line1", "Maple St"),
    ("number_declared_none", "ES", "line1", "Calle San Nicolás 5"),
    ("number_declared_none", "BR", "line1", "Rua dos Sinos, 5"),
    ("gibberish", "US", "line1", "Liberty Property Co, 5 Powerty Rd"),
    ("gibberish", "US", "line1", "2222 Walla Walla Ave"),
    ("gibberish", "US", "line1", "AAAA Locksmith Ltd, 5 High St"),
    ("gibberish", "DE", "line1", "Rechtschreibstr. 5"),
    ("gibberish", "ID", "line1", "toko mas, trowulan trowulan trowulan"),
    ("gibberish", "CN", "line1", "AAA建材市场5号"),
    ("placeholder", "US", "line1", "12 Test Valley Rd"),
    ("placeholder", "US", "line1", "5 Homestead Ave"),
    ("placeholder", "US", "line2", "N/A"),
    ("placeholder", "US", "region", "N/A"),
    ("placeholder", "ES", "line1", "Calle Nada 5"),
    ("placeholder", "CN", "line1", "测试路5号"),
    ("too_many_symbols", "US", "line1", "#5-12, (Bldg. C) & Co.: Oak/Elm"),
    ("too_many_symbols", "CN", "line1", "浙江省_台州市_路桥区_徐翁村5号"),
    ("too_many_symbols", "CN", "line1", "浙江省********"),
    ("garbled_text", "BR", "line1", "Rua São João, 5"),
    ("garbled_text", "FR", "line1", "Âge d'Or, 5 rue A"),
    ("garbled_text", "US", "line1", "12 Oak Ave, blue door? ring twice"),
    ("phone_in_address", "CN", "line1", "汽车城立达市场401047"),
    ("phone_in_address", "CO", "line1", "Calle 45 # 12 - 34 5012"),
    ("phone_in_address", "US", "line1", "1234 5678 Range Rd 12"),
    ("email_in_address", "US", "line1", "Suite @ 5 Elm St"),
    ("po_box", "US", "line1", "RR 2 Box 34"),
    ("po_box", "US", "line1", "12 Boxwood Ave"),
    ("po_box", "IN", "line1", "Village Rampur, PO Sikandra"),
    ("po_box", "MX", "line1", "Rancho El Apartado"),
    ("po_box", "AR", "line1", "Barrio La Casilla, mz 4"),
    ("locker", "GB", "line1", "5 Lockerbie Road"),
    ("locker", "CN", "line1", "菜鸟金华产业园9栋"),
    ("invalid_postcode", "US", "postcode", "02139-4307"),
    ("invalid_postcode", "US", "postcode", "2139"),
    ("invalid_postcode", "US", "postcode", "'10001"),
    ("invalid_postcode", "CA", "postcode", "k1a0b1"),
    ("invalid_postcode", "ES", "postcode", "28001 Madrid"),
    ("invalid_postcode", "CN", "postcode", "000000"),
    ("invalid_postcode", "CL", "postcode", "0"),
    ("invalid_postcode", "FR", "postcode", "75008 CEDEX 08"),
    ("invalid_postcode", "NL", "postcode", "1012 AB"),
    ("invalid_postcode", "", "postcode", "00000"),
    ("invalid_phone", "CN", "phone", "138****5678"),
    ("invalid_phone", "CN", "phone", "18412345678-1234"),
    ("invalid_phone", "US", "phone", "+1 314-282-9402 ext. 12345"),
    ("invalid_phone", "US", "phone", "+44 20 7946 0018"),
    ("invalid_phone", "AR", "phone", "011 15-2345-6789"),
    ("invalid_phone", "AR", "phone", "4567-8901"),
    ("invalid_phone", "MX", "phone", "044 55 1234 5678"),
    ("invalid_phone", "IN", "phone", "98765 43210 / 91234 56789"),
    ("invalid_phone", "", "phone", "0912 345 678"),
    ("invalid_phone", "ES", "phone", "N/A"),
    ("phone_in_address", "BR", "line2", "CPF 119.876.543-21"),
    ("locker", "US", "line1", "Foot Locker, 12 Main St"),
    ("placeholder", "MX", "city", "Cobá"),
    ("dummy_recipient", "ES", "recipient", "Nil"),
    ("dummy_recipient", "US", "recipient", "Tess Tester"),
    ("dummy_recipient", "CN", "recipient", "李"),
    ("dummy_recipient", "ES", "recipient", "Ana Clientela"),
    ("mixed_script", "CN", "line1", "中控大楼A座136F北"),
    ("foreign_script", "CN", "line1", "人民路5号"),
    ("foreign_script", "IN", "line1", "गांधी मार्ग 12"),
    ("foreign_script", "BR", "line1", "Praça Antônio Prado 5º"),
    ("two_regions", "CN", "line1", "浙江省温州市浙江省温州市柳市镇5号"),
    ("two_regions", "CN", "line1", "浙江省奉化市后山东省村5号"),
    ("missing_locality", "US", "city", "29 Palms"),
]


@pytest.mark.parametrize(("code", "country", "field", "text"), NEAR_MISSES)
def test_what_only_looks_like_a_defect_is_none(
    code: str, country: str, field: str, text: str
) -> None:
    assert found(code, country, **{field: text}) == []


@pytest.mark.parametrize(
    ("country", "line1", "missing"),
    [
        ("ES", "Calle Mayor 5", True),
        ("US", "12 Oak Ave", True),
        ("CN", "九环路102号利华科技", True),
        ("ES", "Calle Mayor 5, 28013 Madrid", False),
        ("US", "12 Oak Ave, Reno NV 89501", False),
        ("CN", "桐乡市龙翔路141号", False),
        ("ID", "panj, 3 rt 9 rw 6", False),
    ],
)
def test_a_line_alone_must_say_the_town(country: str, line1: str, missing: bool) -> None:
    """Some channels send one line with everything in it; a street alone leads nowhere."""
    codes = [defect.code for defect in defects({"line1": line1, "country": country})]
    assert ("missing_locality" in codes) is missing


def test_a_house_number_in_the_second_line_counts() -> None:
    assert found("no_house_number", "US", line1="Maple St", line2="12") == []


def test_the_words_given_for_a_country_decide_which_checks_are_made() -> None:
    for name in ("US", "usa", "United States", "Estados Unidos", "EE.UU.", "美国", "EUA"):
        assert country_of(name) == "US"
    assert [country_of(name) for name in ("中国", "Brasil", "Deutschland", "Reino Unido")] == [
        "CN",
        "BR",
        "DE",
        "GB",
    ]
    assert [country_of(name) for name in ("", None, "Nowhere", "12")] == [None] * 4


def test_every_kind_of_the_vocabulary_is_tested_or_counted_elsewhere() -> None:
    tested = {case[0] for case in FIRES} & {case[0] for case in NEAR_MISSES}
    counted = {"postcode_region_mismatch", "postcode_city_mismatch"}
    assert tested | counted == set(DEFECTS)
    assert {kind.severity for kind in KINDS} == {"high", "medium", "low"}
    assert all(kind.meaning.endswith(".") for kind in KINDS)


def test_names_stay_out_of_the_model() -> None:
    """A name is a proxy for who somebody is; people see the filler, the model does not."""
    bits = mask((Defect("dummy_recipient", "recipient", 0, 4), Defect("po_box", "line1", 0, 6)))
    assert codes_of(bits & MODEL_BITS) == ("po_box",)
    assert "foreign_script" not in codes_of(MODEL_BITS)


def test_a_postcode_area_contradicts_only_regions_it_was_never_delivered_in() -> None:
    """Forty deliveries to one region speak; two, or one to this very region, do not."""
    pair = np.array([0, 0, 1, 0])
    area = np.array([40, 2, 40, 40])
    regions = np.array([1, 1, 2, 15])  # fifteen regions seen in forty orders: the next is likely
    assert mismatched(pair, area, regions).tolist() == [True, False, False, False]
    assert mismatched(pair, area).tolist() == [True, False, False, True]


def test_the_belief_in_a_mismatch_grows_with_what_was_delivered_elsewhere() -> None:
    area = np.array([0, 2, 8, 38, 98])
    belief = mismatch_belief(np.zeros(5, np.int64), area)
    assert belief.tolist() == pytest.approx([0.0, 0.5, 0.8, 0.95, 0.98])


TEXTS = st.text(max_size=60) | st.text(
    "aasdf 丰巢路5号s/n?!$@.,#-()Ãá\u0430\u0420\u041e1234567890\n", max_size=60
)
ROWS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(FIELDS, TEXTS),
        "country": st.sampled_from(["CN", "US", "BR", "MX", "GB", "ID", "IN", "", "Ä"]) | TEXTS,
    },
)


@given(ROWS)
def test_any_text_is_read_and_the_evidence_lies_inside_it(row: dict[str, str]) -> None:
    """Never raises; each code once a field, in the order of the vocabulary; same again."""
    told = defects(row)
    for defect in told:
        assert 0 <= defect.start < defect.end <= len(row[defect.field])
    places = [(DEFECTS.index(defect.code), FIELDS.index(defect.field)) for defect in told]
    assert places == sorted(set(places))
    assert defects(row) == told
    assert set(codes_of(mask(told))) == {defect.code for defect in told}


@given(st.from_regex(r"\+?[0-9 ()-]{6,18}", fullmatch=True), st.sampled_from(["US", "BR", "AR"]))
def test_the_quick_path_for_phones_says_yes_only_where_the_library_does(
    text: str, country: str
) -> None:
    import phonenumbers  # noqa: PLC0415 - the library is the truth of this test alone

    from features.address_phone import _made_up, _plan, _rings_quickly  # noqa: PLC0415 - the same

    digits = "".join(filter(str.isdigit, text))
    plan = _plan(country)
    assert plan is not None
    if _rings_quickly(digits, plan):
        numbers = (phonenumbers.parse(form, country) for form in (digits, f"+{digits[-13:]}"))
        code = digits.removeprefix("00").removeprefix(plan[1])
        bare = phonenumbers.parse(code.removeprefix(plan[2]) or "0", country)
        assert phonenumbers.is_valid_number(bare) or any(
            phonenumbers.is_valid_number(number) for number in numbers
        )
        assert not _made_up(digits)
        assert rings(text, country)


@pytest.mark.parametrize("text", ["a" * 500, "1 " * 250, "x/" * 250, "\ud800 foo", "-" * 500])
def test_no_text_takes_long_or_breaks(text: str) -> None:
    """A field of five hundred signs, or half a sign, is read like any other."""
    for country in ("US", "CN", "BR", "DE"):
        row = {**dict.fromkeys(FIELDS, text), "country": country}
        assert all(defect.code in DEFECTS for defect in defects(row))
