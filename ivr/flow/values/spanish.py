"""The lexicon of Spanish numbers (`words.Lexicon`), without accents."""

from __future__ import annotations

from ivr.flow.values.pieces import CORRECTION, DOUBT, FILLER, LETTER_X, VAGUE, Piece
from ivr.flow.values.words import Lexicon

_ONES = (
    "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete "
    "veintiocho veintinueve"
)
_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa"
_HUNDREDS = (
    "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
)
_ORDINALS = "primero segundo tercero cuarto quinto sexto septimo octavo noveno decimo"
_FILLERS = (
    "mi,el,la,los,las,numero,numeros,es,son,eh,este,pues,bueno,ah,por favor,gracias,muchas gracias,y,guion,espacio,"
    "telefono,celular,movil,codigo,codigo de area,codigo postal,de,del,area,luego,despues,tarjeta,folio,caso,si,claro,"
    "a ver,un momento,un segundo,un minuto,un momentito,el que,hola,buenos dias,seria,en,al,mas,por ciento,yo,tengo"
)

SPANISH = Lexicon(
    small={word: value for value, word in enumerate(_ONES.split(), 1)}
    | {word: 10 * value for value, word in enumerate(_TENS.split(), 3)}
    | {"veintiun": 21, "veintiuna": 21},
    ordinals={word: value for value, word in enumerate(_ORDINALS.split(), 1)}
    | {word[:-1] + "a": value for value, word in enumerate(_ORDINALS.split(), 1)}
    | {"primer": 1, "tercer": 3},
    zero=frozenset({"cero"}),
    weak_zero=frozenset(),
    hundreds={word: 100 * value for value, word in enumerate(_HUNDREDS.split(), 1)}
    | {word[:-2] + "as": 100 * value for value, word in enumerate(_HUNDREDS.split(), 1) if value > 1}
    | {"cien": 100},
    hundred=frozenset(),
    scales={"docena": 12, "docenas": 12, "mil": 1000, "millon": 10**6, "millones": 10**6},
    and_=frozenset({"y", "con"}),
    and_in_tens=True,
    one=frozenset({"un", "una"}),
    repeats={"doble": 2, "triple": 3, "cuadruple": 4},
    point=frozenset({"punto", "coma"}),
    minus=frozenset({"menos"}),
    half=frozenset({"medio", "media"}),
    half_after=(("y", "medio"), ("y", "media")),
    coin=frozenset(["dolar", "dolares", "euro", "euros", "peso", "pesos"]),
    cent=frozenset(["centavo", "centavos", "centimo", "centimos"]),
    words={tuple(words.split()): FILLER for words in _FILLERS.split(",")}
    | {
        tuple(words.split()): VAGUE
        for words in [
            "varios",
            "varias",
            "algunos",
            "algunas",
            "unos",
            "unas",
            "decenas",
            "cientos",
            "miles",
            "y pico",
            "pico",
        ]
    }
    | {
        tuple(words.split()): CORRECTION
        for words in [
            "no perdon",
            "quiero decir",
            "mejor dicho",
            "me equivoque",
            "corrijo",
            "digo",
            "espere",
            "espera",
        ]
    }
    | {(word,): DOUBT for word in ["no", "perdon"]}
    | {(word,): LETTER_X for word in ("x", "equis")}
    | {(word,): Piece("mark", "#") for word in ["#", "almohadilla", "gato", "numeral"]}
    | {(word,): Piece("mark", "*") for word in ["*", "asterisco", "estrella"]}
    | {(word,): Piece("number", "", 1) for word in ("un", "una")}
    | {("media", "docena"): Piece("number", "6", 6)},
)
