"""National identification and tax numbers: how they look, what they are called, how to check.

Formats and check digits are those that the issuers publish. A check is the name of a module of
python-stdnum, or a function of `check_digits`, or empty where any number of the format is one.
"""

from typing import NamedTuple


class NationalId(NamedTuple):
    """One kind of number. In `shape` a `_` is a separator or nothing."""

    type: str
    shape: str
    check: str
    labels: tuple[str, ...]


def _n(digits: int) -> str:
    return r"\d" + rf"(?:_\d){{{digits - 1}}}"


_PAIRS = r"\d{2}_\d{2}_\d{2}"

NATIONAL_IDS = (
    # Europe
    NationalId(
        "uk_nino",
        r"[A-Z]{2}_\d{2}_\d{2}_\d{2}_[A-Z]",
        "",
        ("nino", "national insurance", "ni number", "n.i. number", "ni no", "nat ins"),
    ),
    NationalId("uk_utr", _n(10), "gb.utr", ("utr", "unique taxpayer reference", "tax reference")),
    NationalId(
        "ie_pps", r"\d{7}_[A-W][A-IW]?", "ie.pps", ("pps", "ppsn", "personal public service")
    ),
    NationalId(
        "de_tax_id",
        _n(11),
        "de.idnr",
        (
            *("steuer-id", "steuer id", "steueridentifikationsnummer", "steuerliche id"),
            *("steuer identifikationsnummer", "steuerliche identifikationsnummer", "idnr"),
            *("steuer identnummer", "identifikationsnummer", "steuernummer", "german tax id"),
        ),
    ),
    NationalId(
        "de_tax_number",
        r"\d{2,3}[/ ]\d{3}[/ ]\d{4,5}|\d{2}[/ ]\d{3}[/ ]\d{5}|\d{13}",
        "de.stnr",
        ("steuernummer", "steuer nr", "st nr", "st.-nr."),
    ),
    NationalId(
        "de_id_card",
        r"[CFGHJKLMNPRTVWXYZ][0-9CFGHJKLMNPRTVWXYZ]{8}_\d",
        "de_id_card",
        ("personalausweis", "personalausweisnummer", "ausweisnummer", "ausweis nr", "perso nr"),
    ),
    NationalId(
        "de_social_security",
        r"\d{2}_\d{6}_[A-Z]_\d{3}",
        "de_social_security",
        (
            *("sozialversicherungsnummer", "sv-nummer", "rentenversicherungsnummer", "rvnr"),
            *("versicherungsnummer", "sv nr"),
        ),
    ),
    NationalId(
        "at_social_security",
        _n(10),
        "at.vnr",
        ("sozialversicherungsnummer", "svnr", "sv-nummer", "versicherungsnummer", "sv nr"),
    ),
    NationalId("at_tax_number", r"\d{2}_\d{3}/?\d{4}", "at.tin", ("steuernummer", "abgabenkonto")),
    NationalId(
        "ch_ahv", r"756" + r"(?:_\d){10}", "ch.ssn", ("ahv", "avs", "ahv-nr", "no avs", "ahvn13")
    ),
    NationalId(
        "fr_nir",
        r"[1-478]" + r"(?:_\d){4}_\d_[\dAB](?:_\d){8}",
        "fr.nir",
        (
            *("nir", "securite sociale", "sécurité sociale", "n° secu", "insee"),
            *("carte vitale", "immatriculation", "french social security"),
        ),
    ),
    NationalId("fr_tax_id", r"[0-3]" + r"(?:_\d){12}", "fr.nif", ("numéro fiscal", "nif")),
    NationalId("es_nif", r"\d{8}_[A-Z]", "es.dni", ("dni", "nif", "d.n.i.", "n.i.f.", "documento")),
    NationalId("es_nie", r"[XYZ]_\d{7}_[A-Z]", "es.nie", ("nie", "n.i.e.", "nif", "extranjero")),
    NationalId("es_cif", r"[A-HJNP-SUVW]_\d{7}_[0-9A-J]", "es.cif", ("cif", "c.i.f.", "nif")),
    NationalId(
        "it_fiscal_code",
        r"[A-Z]{6}_[0-9L-V]{2}[A-Z][0-9L-V]{2}_[A-Z][0-9L-V]{3}[A-Z]",
        "it.codicefiscale",
        ("codice fiscale", "cod. fiscale", "cod fisc", "c.f.", "fiscal code"),
    ),
    NationalId("it_vat_id", _n(11), "it.iva", ("partita iva", "p.iva", "p. iva", "piva")),
    NationalId(
        "pt_nif", _n(9), "pt.nif", ("nif", "contribuinte", "n.i.f.", "identificação fiscal")
    ),
    NationalId(
        "pt_citizen_card",
        r"\d{8}_\d_[A-Z0-9]{2}\d",
        "pt.cc",
        ("cartão de cidadão", "cartao cidadao", "cartão do cidadão"),
    ),
    NationalId(
        "nl_bsn",
        _n(9),
        "nl.bsn",
        ("bsn", "burgerservicenummer", "burger service", "sofinummer", "sofi", "citizen service"),
    ),
    NationalId(
        "be_nn",
        _n(11),
        "be.nn",
        (
            *("rijksregisternummer", "rijksregister", "registre national", "numéro national"),
            *("national register", "national number", "niss", "insz", "rrn"),
        ),
    ),
    NationalId(
        "se_personnummer",
        r"(?:19|20)?\d{6}[-+ ]?\d{4}",
        "se.personnummer",
        ("personnummer", "personnr", "pers.nr", "person nr", "samordningsnummer", "pnr"),
    ),
    NationalId(
        "no_fodselsnummer",
        r"\d{6}_\d{5}",
        "no.fodselsnummer",
        ("fødselsnummer", "fodselsnummer", "personnummer", "fnr", "d-nummer", "fødselsnr"),
    ),
    NationalId(
        "dk_cpr", r"\d{6}[- ]?\d{4}", "dk_cpr", ("cpr", "cpr-nummer", "cpr nr", "personnummer")
    ),
    NationalId(
        "fi_hetu",
        r"\d{6}[-+ABCDEFUVWXY]\d{3}[0-9A-FHJ-NPR-Y]",
        "fi.hetu",
        ("henkilötunnus", "hetu", "henkilotunnus", "personbeteckning", "sotu"),
    ),
    NationalId("is_kennitala", r"\d{6}[- ]?\d{4}", "is_.kennitala", ("kennitala", "kt.")),
    NationalId("pl_pesel", _n(11), "pl.pesel", ("pesel",)),
    NationalId("pl_nip", _n(10), "pl.nip", ("nip", "numer identyfikacji podatkowej")),
    NationalId(
        "pl_id_card",
        r"[A-Z]{3}_\d{6}",
        "pl_id_card",
        ("dowód osobisty", "dowodu osobistego", "numer dowodu", "nr dowodu", "seria i numer"),
    ),
    NationalId(
        "cz_rodne_cislo",
        r"\d{6} ?/? ?\d{3,4}",
        "cz.rc",
        ("rodné číslo", "rodne cislo", "rodného čísla", "r.č.", "birth number"),
    ),
    NationalId("ro_cnp", _n(13), "ro.cnp", ("cnp", "cod numeric personal", "codul numeric")),
    NationalId("bg_egn", _n(10), "bg.egn", ("egn", "егн", "единен граждански номер")),
    NationalId("hr_oib", _n(11), "hr.oib", ("oib", "osobni identifikacijski broj")),
    NationalId("si_emso", _n(13), "si.emso", ("emšo", "emso", "matična številka")),
    NationalId("si_tax_number", _n(8), "si.ddv", ("davčna številka", "davcna stevilka")),
    NationalId(
        "jmbg", _n(13), "jmbg", ("jmbg", "матични број", "matični broj", "embg", "матичен број")
    ),
    NationalId("ee_isikukood", _n(11), "ee.ik", ("isikukood", "isikukoodi", "estonian id")),
    NationalId(
        "lt_asmens_kodas", _n(11), "lt.asmens", ("asmens kodas", "asmens kodo", "asm. kodas")
    ),
    NationalId(
        "lv_personas_kods",
        r"\d{6}[- ]?\d{5}",
        "lv_personal_code",
        ("personas kods", "personas kodu", "latvian id"),
    ),
    NationalId(
        "hu_tax_id", _n(10), "hu_tax_id", ("adóazonosító", "adoazonosito", "adóazonosító jel")
    ),
    NationalId("hu_taj", _n(9), "hu_taj", ("taj", "taj szám", "taj-szám", "társadalombiztosítási")),
    NationalId(
        "hu_personal_id",
        r"\d_\d{6}_\d{4}",
        "hu_personal_id",
        ("személyi szám", "személyi azonosító", "szemelyi szam"),
    ),
    NationalId("gr_amka", _n(11), "gr.amka", ("amka", "αμκα", "α.μ.κ.α.")),
    NationalId("gr_afm", _n(9), "gr.vat", ("afm", "αφμ", "α.φ.μ.")),
    NationalId(
        "tr_tckn",
        _n(11),
        "tr.tckimlik",
        (
            *("tckn", "tc kimlik", "t.c. kimlik", "tc no", "kimlik no", "kimlik numarası"),
            *("kimlik numaram", "tc kimlik numaram", "turkish id"),
        ),
    ),
    NationalId("ru_inn", r"\d{12}|\d{10}", "ru.inn", ("инн", "inn")),
    NationalId("ru_snils", r"\d{3}_\d{3}_\d{3}_\d{2}", "ru_snils", ("снилс", "snils")),
    NationalId(
        "ua_rnokpp", _n(10), "ua.rntrc", ("рнокпп", "іпн", "ідентифікаційний код", "rnokpp")
    ),
    # Americas
    NationalId(
        "ca_sin",
        _n(9),
        "ca.sin",
        ("sin", "s.i.n.", "social insurance", "assurance sociale", "nas"),
    ),
    NationalId("br_cpf", _n(11), "br.cpf", ("cpf", "c.p.f.", "cadastro de pessoa física", "cic")),
    NationalId("br_cnpj", r"\d{2}_\d{3}_\d{3}_\d{4}_\d{2}", "br.cnpj", ("cnpj", "c.n.p.j.")),
    NationalId("ar_dni", r"\d{1,2}\.?\d{3}\.?\d{3}", "ar.dni", ("dni", "d.n.i.", "documento")),
    NationalId("ar_cuit", r"\d{2}_\d{8}_\d", "ar.cuit", ("cuit", "cuil", "c.u.i.t.")),
    NationalId(
        "cl_rut",
        r"\d{1,2}_\d{3}_\d{3}_[\dK]",
        "cl.rut",
        (
            "rut",
            "r.u.t.",
            "rol único",
        ),
    ),
    NationalId(
        "co_cedula",
        r"\d{1,3}(?:[. ]?\d{3}){2,3}",
        "",
        ("cédula de ciudadanía", "cedula de ciudadania", "cédula", "cedula"),
    ),
    NationalId("co_nit", r"\d{3}_\d{3}_\d{3}_\d", "co.nit", ("nit", "n.i.t.")),
    NationalId("mx_curp", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d", "mx.curp", ("curp",)),
    NationalId("mx_rfc", r"[A-Z&]{3,4}_\d{6}_[A-Z0-9]{3}", "mx.rfc", ("rfc", "r.f.c.")),
    NationalId("mx_nss", _n(11), "luhn", ("nss", "seguridad social", "imss")),
    NationalId("ec_ci", _n(10), "ec.ci", ("cédula", "cedula", "cédula de identidad", "c.i.")),
    NationalId("pe_ruc", _n(11), "pe.ruc", ("ruc", "r.u.c.")),
    NationalId("do_cedula", r"\d{3}_\d{7}_\d", "do.cedula", ("cédula", "cedula")),
    NationalId("uy_rut", _n(12), "uy.rut", ("rut", "r.u.t.")),
    NationalId("ve_rif", r"[VEJPG]_\d{8}_\d", "ve.rif", ("rif", "r.i.f.")),
    # Asia, Africa, Oceania
    NationalId(
        "in_aadhaar", _n(12), "in_.aadhaar", ("aadhaar", "aadhar", "adhaar", "uidai", "आधार")
    ),
    NationalId(
        "in_pan", r"[A-Z]{5}_\d{4}_[A-Z]", "in_pan", ("pan", "permanent account", "pan card")
    ),
    NationalId("in_voter_id", r"[A-Z]{3}_\d{7}", "", ("voter id", "epic", "elector's photo")),
    NationalId("pk_cnic", r"\d{5}_\d{7}_\d", "pk.cnic", ("cnic", "nicop", "nadra")),
    NationalId("lk_nic", r"\d{9}_[VX]", "", ("nic", "sri lankan id")),
    NationalId(
        "cn_resident_id",
        r"\d{6}_\d{8}_\d{3}[\dX]",
        "cn_resident_id",
        ("身份证", "身份证号", "身份证号码", "公民身份", "resident identity", "chinese id"),
    ),
    NationalId(
        "hk_id_card",
        r"[A-Z]{1,2}_\d{6} ?\(?[0-9A]\)?",
        "hk_id_card",
        ("hkid", "hong kong id", "hong kong identity", "香港身份證", "身份證號碼", "身份證"),
    ),
    NationalId(
        "tw_id_card",
        r"[A-Z]_[1289]\d{8}",
        "tw_id_card",
        ("身分證", "身份證", "身分證字號", "統一編號", "taiwan id", "taiwanese id"),
    ),
    NationalId("sg_nric", r"[STFGM]_\d{7}_[A-Z]", "sg_nric", ("nric", "nric/fin", "singapore id")),
    NationalId(
        "kr_rrn",
        r"\d{6}_\d{7}",
        "kr_rrn",
        ("주민등록번호", "주민번호", "rrn", "resident registration", "korean id"),
    ),
    NationalId(
        "jp_my_number",
        _n(12),
        "jp.in_",
        ("マイナンバー", "個人番号", "my number", "mynumber", "individual number"),
    ),
    NationalId(
        "th_pin",
        _n(13),
        "th.pin",
        ("บัตรประชาชน", "เลขประจำตัวประชาชน", "ประจำตัวประชาชน", "thai id", "thai national"),
    ),
    NationalId(
        "my_nric",
        r"\d{6}_\d{2}_\d{4}",
        "my_nric",
        ("mykad", "nric", "ic no", "kad pengenalan", "no kp"),
    ),
    NationalId("id_nik", _n(16), "id_nik", ("nik", "nomor induk", "ktp", "kependudukan")),
    NationalId("vn_cccd", r"0\d{2}_\d{3}_\d{3}_\d{3}", "", ("cccd", "căn cước", "cmnd", "cmt")),
    NationalId("ph_sss", r"\d{2}_\d{7}_\d", "", ("sss", "gsis")),
    NationalId(
        "il_id", _n(9), "il.idnr", ("תעודת זהות", "ת.ז.", "teudat zehut", "israeli id", "israel id")
    ),
    NationalId(
        "ae_emirates_id",
        r"784_\d{4}_\d{7}_\d",
        "ae_emirates_id",
        ("emirates id", "الهوية الإماراتية"),
    ),
    NationalId("sa_id", _n(10), "sa_id", ("iqama", "saudi id", "رقم الهوية", "الهوية الوطنية")),
    NationalId("kz_iin", _n(12), "kz_iin", ("жсн", "иин", "iin")),
    NationalId(
        "za_id",
        _n(13),
        "za.idnr",
        ("south african id", "sa id", "rsa id", "id number", "identity number", "id no"),
    ),
    NationalId("ng_nin", _n(11), "", ("nin", "national identification", "bvn")),
    NationalId("ke_pin", r"[AP]\d{9}[A-Z]", "ke.pin", ("kra pin", "kra")),
    NationalId("au_tfn", _n(9), "au.tfn", ("tfn", "tax file")),
    NationalId("au_medicare", _n(10), "au_medicare", ("medicare", "medicare card")),
    NationalId("nz_ird", r"\d{2,3}_\d{3}_\d{3}", "nz.ird", ("ird", "inland revenue")),
)
