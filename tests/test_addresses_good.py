"""Good addresses, as people write them in sixteen countries, fire nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.addresses import KINDS, Defect, defects, mask

# country: phone, then rows of line1 | line2 | district | city | region | postcode. Streets and
# towns are public; no house number is anybody's that we know of.
GOOD = {
    "CN": (
        "13812345679",
        "建国路88号现代城5号楼1203室||朝阳区|北京市|北京市|100022",
        "翠苑新村一区90-7-860||西湖区|杭州市|浙江省|310012",
        "浙江省台州市天台县坦头镇五百村|||||",
        "凯旋广场营销中心||秀洲区|嘉兴市|浙江省|000000",
        "深南大道与科苑路交叉口大冲商务中心A座|3301|南山区|深圳市|广东省|518057",
        "罗龙镇红光村二社||南溪区|宜宾市|四川省|644100",
        "人民东路727号中侨大楼||越城区|绍兴市|浙江省|",
        "义乌市国际商贸城四区42182店面||||浙江省|",
    ),
    "US": (
        "(212) 736-5000",
        "350 Fifth Ave|Fl 33||New York|NY|10118-0110",
        "1234 N 5th St Apt 2B|||Philadelphia|PA|19122",
        "One Microsoft Way|||Redmond|WA|98052",
        "RR 2 Box 34|||Gackle|ND|58442",
        "Acme Fixtures Inc.|456 Oak Ridge Dr, Bldg C||Austin|TX|78704",
        "88-15 Queens Blvd #4F|||Elmhurst|NY|11373",
        "6210 FM 1960 W|Ste 100||Houston|TX|77069",
        "Calle Sol #45, Urb. Las Flores|||Ponce|PR|00730",
    ),
    "CA": (
        "+1 416-392-2489",
        "100 Queen St W|Unit 1204||Toronto|ON|M5H 2N2",
        "12-3456 Main Street|||Vancouver|BC|V5V3M6",
        "1055 rue du Marché Central|Bureau 200||Montréal|QC|H4N 1J8",
        "RR 3, 52147 Range Road 220|||Sherwood Park|AB|T8E 1G7",
        "B-21 Spring Garden Rd.|||Halifax|NS|b3j 3p1",
        "4510 50 Ave|||Red Deer|AB|T4N 3Z7",
    ),
    "MX": (
        "+52 55 5512 3456",
        "Av. Insurgentes Sur 1602|Int. 4B|Crédito Constructor|Benito Juárez|CDMX|03940",
        "Calle 60 #491 x 59 y 61|||Mérida|Yucatán|97000",
        "Calle 5 de Mayo 12, entre Hidalgo y Juárez||Centro|Puebla|Puebla|72000",
        "Mz 14 Lt 3, Calle Tulipanes||Las Flores|Ecatepec|Estado de México|C.P. 55120",
        "Domicilio conocido, Rancho El Mirador|||Tepatitlán|Jalisco|47600",
        "Carretera Federal km 14.5|Bodega 3||San Juan del Río|Querétaro|76800",
        "Privada Las Rosas 8, Fracc. Jardines|||León|Gto.|37160",
    ),
    "BR": (
        "(11) 91234-5678",
        "Rua das Flores, 123|Apto 45|Pinheiros|São Paulo|SP|05410-000",
        "Av. Paulista, 1578 - 7º andar||Bela Vista|São Paulo|SP|01310-200",
        "Rua XV de Novembro, 1050|Casa 2|Centro|Curitiba|PR|80060000",
        "QNM 34 Conjunto D Lote 12||Taguatinga|Brasília|DF|72145-340",
        "Sítio Boa Esperança, Zona Rural|||Ouro Fino|MG|37570-000",
        "Rodovia SC-401, km 5|Galpão 3|Saco Grande|Florianópolis|SC|88032-005",
        "Travessa do Sol nº 9, fundos||Mooca|São Paulo|SP|03101-010",
    ),
    "AR": (
        "11 4321-5678",
        "Av. Corrientes 1234|Piso 5 Dto B|San Nicolás|CABA|Buenos Aires|C1043AAZ",
        "9 de Julio 450|||Rosario|Santa Fe|2000",
        "Calle 13 e/ 45 y 46 N° 789|||La Plata|Buenos Aires|1900",
        "Mza 12 Casa 8, Barrio San Martín|||Mendoza|Mendoza|5500",
        "Av. San Martín 2345, 3ro C|||Córdoba|Córdoba|X5000",
        "Ruta 8 Km 50, Parque Industrial|||Pilar|Buenos Aires|1629",
    ),
    "CL": (
        "+56 9 8765 4321",
        "Av. Providencia 1234, Depto 506||Providencia|Santiago|RM|7500000",
        "Pasaje Los Aromos 0456|Villa El Sol|Maipú|Santiago|Región Metropolitana|",
        "Calle Prat 725|||Valparaíso|Valparaíso|2340000",
        "Parcela 14, Camino a Melipilla km 12|||Talagante|RM|0",
        "Los Carrera 1020 Of. 31|||Concepción|Biobío|4030000",
        "Av. Libertad 269 torre B dpto 1104|||Viña del Mar|Valparaíso|252-0000",
    ),
    "CO": (
        "300 123 4567",
        "Calle 45 # 12-34|Apto 501|Chapinero|Bogotá|Cundinamarca|110231",
        "Cra 7 No. 71-21 Torre B|||Bogotá D.C.||",
        "Carrera 43A #1 Sur-100|||Medellín|Antioquia|05001",
        "Transversal 5 Mz 3 Casa 12, B. Granada|||Cali|Valle del Cauca|760046",
        "Vereda El Salitre, Finca La Esperanza|||La Calera|Cundinamarca|251201",
        "Diagonal 61C Bis # 25-50|||Bogotá|Cundinamarca|111311",
    ),
    "ES": (
        "612 345 678",
        "Calle Mayor, 5|3º B||Madrid|Madrid|28013",
        "C/ Gran Vía 28 - 4 izda|||Madrid||28013",
        "Passeig de Gràcia 92|||Barcelona|Barcelona|8008",
        "Pol. Ind. El Pla, Nave 7|||Lliçà de Vall|Barcelona|08185",
        "Avda. de la Constitución 21, bajo|||Sevilla|Sevilla|41001",
        "Rúa do Vilar 12|||Santiago de Compostela|A Coruña|15705",
    ),
    "PT": (
        "+351 912 345 678",
        "Rua Augusta, 274, 2.º Esq.|||Lisboa|Lisboa|1100-053",
        "Av. da Liberdade 110|||Lisboa||1269-046",
        "Travessa da Fábrica n.º 5 r/c|||Porto|Porto|4050-247",
        "Quinta do Lago, Lote 14|||Almancil|Faro|8135-024",
        "Lugar da Igreja|||Ponte de Lima|Viana do Castelo|4990-350",
        "Rua 25 de Abril 33|||Setúbal|Setúbal|2900",
    ),
    "GB": (
        "+44 20 7946 0018",
        "221B Baker Street|||London||NW1 6XE",
        "Rose Cottage, Church Lane|||Little Snoring|Norfolk|NR21 0HG",
        "Flat 3, 17 King's Road|||Brighton|East Sussex|bn1 1nr",
        "The Old Vicarage|||Ambridge|Worcestershire|WR7 4AB",
        "Unit 12 Riverside Industrial Estate|||Leeds||LS101RT",
        "14/5 Marchmont Road|||Edinburgh||EH9 1HX",
        "Tŷ Gwyn|Heol y Parc||Llanelli||SA15 3AA",
    ),
    "DE": (
        "0151 23456789",
        "Hauptstraße 12a|||Berlin|Berlin|10827",
        "Am Schlosspark 5|c/o Meier||Wiesbaden||65203",
        "Musterhof GmbH, Industriestr. 44-46|||Köln|NRW|50735",
        "Straße des 17. Juni 135|||Berlin||10623",
        "Q 7, 24|||Mannheim||68161",
        "An der Alster 1|||Hamburg||D-20099",
    ),
    "FR": (
        "06 12 34 56 78",
        "12 bis rue de la Paix|||Paris||75002",
        "Résidence Les Lilas, Bât B, Apt 12|45 avenue Jean Jaurès||Lyon||69007",
        "Lieu-dit Le Bourg|||Saint-Cyr-la-Rivière||91690",
        "3, place de la République|||Bourg-en-Bresse|Ain|1000",
        "Château de Montcuq, route de Cahors|||Montcuq||46800",
        "18 allée des Tilleuls|||Mérignac||33700",
    ),
    "IT": (
        "312 345 6789",
        "Via Roma 25/A|||Torino|TO|10121",
        "Corso Buenos Aires, 33 - scala B int. 7|||Milano|MI|20124",
        "Località Pian del Lago|||Monteriggioni|SI|53035",
        "Piazza del Duomo 1|||Firenze|FI|50122",
        "Via XX Settembre 98|||Roma|RM|00187",
        "Fraz. Valtournenche 14|||Breuil-Cervinia|AO|11021",
    ),
    "IN": (
        "98765 43210",
        "Flat No. 302, Sai Residency, Plot 14|Sector 21, Near Shiv Mandir||Navi Mumbai|MH|400706",
        "H.No 5-9-12, Saifabad|||Hyderabad|Telangana|500004",
        "12/3 MG Road, 2nd Cross|Opp. City Mall||Bengaluru|Karnataka|560 001",
        "Village Rampur, Post Office Sikandra|||Agra|UP|282007",
        "S/O Ramesh Kumar, Ward 7, near Govt School|||Gaya|Bihar|823001",
        "B-44, Lajpat Nagar II|||New Delhi|Delhi|110024",
    ),
    "ID": (
        "0812-3456-7890",
        "Jl. Sudirman No. 45 RT 03/RW 05|||Jakarta Selatan|DKI Jakarta|12190",
        "Perum Griya Asri Blok C2 no 11|||Bekasi|Jawa Barat|17510",
        "Jalan Raya Ubud, depan Pasar Seni|||Gianyar|Bali|80571",
        "Gg. Cempaka 3, samping masjid Al-Hikmah|||Medan|Sumatera Utara|20112",
        "Dusun Krajan RT 1 RW 2 Desa Sukamaju|||Malang|Jawa Timur|65152",
        "toko buah bu nani, surya kencana, bogor tengah|||||",
        "Apartemen Kalibata City Tower Ebony lt 12 unit AB|||Jakarta||12750",
    ),
}
COLUMNS = ("line1", "line2", "district", "city", "region", "postcode")
NAMES = {
    "CN": "王小明",
    "IN": "Priya Sharma",
    "ID": "Siti Rahayu",
    "BR": "João Ana",
    "DE": "Anna Ott",
}
ROWS = [(country, phone, line) for country, (phone, *lines) in GOOD.items() for line in lines]


@pytest.mark.parametrize(("country", "phone", "line"), ROWS)
def test_a_good_address_has_no_defect(country: str, phone: str, line: str) -> None:
    """A defect that fires on good addresses is worse than none: nobody reads it twice."""
    row = dict(zip(COLUMNS, (part or None for part in line.split("|")), strict=True))
    row |= {"country": country, "phone": phone, "recipient": NAMES.get(country, "Ana Torres")}
    assert defects(row) == ()


def test_there_are_six_good_addresses_of_each_country_or_more() -> None:
    assert len(GOOD) == 16
    assert all(len(lines) > 6 for lines in GOOD.values())


@pytest.mark.parametrize(
    ("country", "line"),
    [
        ("ES", "Calle del Sol, s/n"),
        ("BR", "Rua da Paz, S/N - Zona Rural"),
        ("MX", "Calle Morelos sin número, Centro"),
        ("CL", "Camino El Alto S/N"),
        ("IT", "Via Garibaldi snc"),
        ("PT", "Rua Nova, s/nº"),
    ],
)
def test_an_honest_no_number_is_said_and_not_missed(country: str, line: str) -> None:
    """In these countries many houses have none: the courier asks, the buyer need not."""
    found = defects({"line1": line, "city": "Centro", "country": country})
    assert [defect.code for defect in found] == ["number_declared_none"]


def test_nothing_known_is_nothing_wrong() -> None:
    assert defects({}) == ()
    assert defects(dict.fromkeys(("line1", "city", "phone", "country"))) == ()
    assert defects({"line1": "  ", "postcode": "", "phone": 5}) == ()


def test_the_mask_tells_the_codes_in_their_fixed_order() -> None:
    found = (Defect("invalid_phone", "phone", 0, 5), Defect("too_short", "line1", 0, 2))
    assert mask(found) == 2**15 + 1
    assert mask(()) == 0


def test_the_page_for_people_lists_the_vocabulary_in_its_order() -> None:
    """Whoever adds a defect adds its line to docs/addresses.md."""
    page = (Path(__file__).parent.parent / "docs" / "addresses.md").read_text(encoding="utf-8")
    listed = [line.split(" | ")[:3] for line in page.splitlines() if line.startswith("| `")]
    assert listed[: len(KINDS)] == [
        [f"| `{kind.code}`", kind.meaning, kind.severity] for kind in KINDS
    ]
