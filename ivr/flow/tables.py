"""A table of the flows folder (`tables/*.csv`, `tables/*.yaml`): bytes in, rows and their index out. Pure.

CSV: UTF-8, a heading line, one row a line; separated by comma, semicolon or tab, whichever the heading has. YAML: a
list of mappings. A declared column type (`types: {due: date}`) is checked cell by cell; every fault has its line and
column. Rows are found by equality only, after texts were brought to one form (full-width, case, spaces).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ivr.flow.findings import Finding, FlowLoadError, did_you_mean
from ivr.flow.inputs import JsonValue
from ivr.flow.table_values import EXAMPLES, ColumnType, converted, one_form
from ivr.flow.yaml_source import Mark, read

MAX_BYTES = 5_000_000
MAX_ROWS = 50_000
MAX_COLUMNS = 100
MAX_CELL = 4000
MAX_FINDINGS = 20
"""Faults told of one table: the twentieth line with the same mistake says nothing new."""

Row = Mapping[str, JsonValue]
Key = tuple[JsonValue, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """rows: column -> value, every row with all columns. marks: where each row begins. many: a search gives all rows
    that fit, else the first."""

    file: str
    columns: tuple[str, ...]
    types: Mapping[str, ColumnType]
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...]
    many: bool = False
    _indexes: dict[tuple[str, ...], Mapping[Key, tuple[int, ...]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def find(self, by: Mapping[str, JsonValue]) -> tuple[Row, ...]:
        """The rows that have these values, in their order. by: columns of the table -> value.

        What is empty, or not of its column's type, finds nothing. The first search by other columns than the key's
        goes through all rows, the next ones do not.
        """
        key = tuple(sorted(by))
        wanted = _key_of(by, key, self.types)
        if None in wanted:
            return ()
        if key not in self._indexes:
            self._indexes[key] = self._index(key)
        return tuple(self.rows[at] for at in self._indexes[key].get(wanted, ()))

    def _index(self, key: tuple[str, ...]) -> Mapping[Key, tuple[int, ...]]:
        found: dict[Key, list[int]] = {}
        for at, row in enumerate(self.rows):
            found.setdefault(_key_of(row, key, self.types), []).append(at)
        return {values: tuple(rows) for values, rows in found.items()}

    def unfindable(self, key: Sequence[str]) -> list[Finding]:
        """The rows that a search by this key could never give, at most MAX_FINDINGS; then the key is ready for use."""
        columns = tuple(sorted(key))
        index = self._indexes[columns] = self._index(columns)
        lost: list[tuple[int, str, str]] = []
        for values, rows in index.items():
            if None in values:
                cause = f"`{columns[values.index(None)]}` is empty, so this row could never be found"
                lost += [(at, cause, "fill it in, or delete the row") for at in rows]
            elif not self.many:
                cause = f"the same {', '.join(key)} as in line {self.marks[rows[0]].line}"
                lost += [(at, cause, "delete one, or say `many: true`") for at in rows[1:]]
        return [_fault(self.file, self.marks[at], *told) for at, *told in sorted(lost)[:MAX_FINDINGS]]


def parse_table(
    name: str,
    source: bytes,
    types: Mapping[str, ColumnType] | None = None,
    key: Sequence[str] = (),
    *,
    many: bool = False,
) -> Table:
    """name: the file's, within the flows folder; `.yaml` is read as YAML, anything else as CSV.

    types: column -> type; in CSV any other column is text, in YAML it is as written. key: the columns by which rows
    are found: no row may lack them and, unless many, no two rows have the same. Raises FlowLoadError with every fault,
    up to MAX_FINDINGS.
    """
    types = types or {}
    if len(source) > MAX_BYTES:
        raise FlowLoadError([_fault(name, Mark(0, 0), f"{len(source)} bytes", f"{MAX_BYTES} at most")])
    columns, rows = _read_yaml(name, source) if name.endswith(".yaml") else _read_csv(name, source)
    faults = []
    for column in dict.fromkeys((*types, *key)):
        if column not in columns:
            cause = f"there is no column `{column}`"
            faults.append(_fault(name, Mark(1, 1), cause, did_you_mean(column, columns)))
        elif types.get(column, "text") not in EXAMPLES:
            cause = f"`{types[column]}` is no type of a column"
            faults.append(_fault(name, Mark(1, 1), cause, f"one of {', '.join(EXAMPLES)}"))
    if faults:
        raise FlowLoadError(faults)
    made: list[Row] = []
    marks: list[Mark] = []
    for row in rows:
        made.append({column: _cell(name, row, column, types, faults) for column in columns})
        marks.append(row.mark)
        if len(made) > MAX_ROWS:
            faults.append(_fault(name, row.mark, f"more than {MAX_ROWS} rows", "use a service behind `url`"))
        if len(faults) >= MAX_FINDINGS or len(made) > MAX_ROWS:
            break
    table = Table(name, columns, dict(types), tuple(made), tuple(marks), many)
    if key and not faults:
        faults += table.unfindable(key)
    if faults:
        raise FlowLoadError(faults)
    return table


# --- reading ---


@dataclass(frozen=True, slots=True)
class _Raw:
    """A row as it stands in the file. place: where a column's cell begins."""

    cells: Mapping[str, JsonValue]
    mark: Mark
    place: Callable[[str], Mark]


def _fault(file: str, mark: Mark, cause: str, suggestion: str) -> Finding:
    return Finding(file, mark.line, mark.column, "bad-table", cause, suggestion)


def _read_csv(name: str, source: bytes) -> tuple[tuple[str, ...], Iterator[_Raw]]:
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start]
        mark = Mark(before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1)
        mend = "save it as `CSV UTF-8`"
        raise FlowLoadError(
            [Finding(name, mark.line, mark.column, "not-utf-8", "the file is not UTF-8", mend)]
        ) from error
    lines = list(io.StringIO(text, newline=""))
    heading = lines[0] if lines else ""
    delimiter = max(",;\t", key=heading.count)
    records = _records(name, lines, delimiter)
    first = next(records, None)
    if first is None:
        raise FlowLoadError([_fault(name, Mark(1, 1), "an empty table", "begin with a line of headings")])
    columns = tuple(" ".join(cell.split()) for cell in first[1])
    _check_columns(name, columns, lambda at: _csv_place(first[2], 1, delimiter, at))
    return columns, _csv_rows(name, columns, records, delimiter)


def _records(
    name: str, lines: Sequence[str], delimiter: str
) -> Iterator[tuple[int, list[str], Sequence[str]]]:
    """(first line, cells, lines) of each record that is not blank."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    start = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start + 1, cells, lines[start : reader.line_num]
            start = reader.line_num
    except csv.Error as error:
        mark = Mark(start + 1, 1)
        mend = 'a text with a comma, a quote or a new line in it is written "..."'
        raise FlowLoadError([_fault(name, mark, f"this is not CSV: {error}", mend)]) from error


def _csv_rows(
    name: str,
    columns: tuple[str, ...],
    records: Iterator[tuple[int, list[str], Sequence[str]]],
    delimiter: str,
) -> Iterator[_Raw]:
    for line, cells, lines in records:
        if len(cells) != len(columns):
            more = "a text with a comma in it is written in quotes" if len(cells) > len(columns) else ""
            cause = f"{len(cells)} cells, but {len(columns)} headings"
            raise FlowLoadError([_fault(name, Mark(line, 1), cause, more)])

        def place(column: str, line: int = line, lines: Sequence[str] = lines) -> Mark:
            return _csv_place(lines, line, delimiter, columns.index(column))

        yield _Raw(dict(zip(columns, cells, strict=True)), Mark(line, 1), place)


def _csv_place(lines: Sequence[str], first: int, delimiter: str, index: int) -> Mark:
    """Where the cell with this index begins."""
    quoted = False
    cell = 0
    for at, line in enumerate(lines):
        for column, character in enumerate(line):
            if cell == index:
                return Mark(first + at, column + 1)
            if character == '"':
                quoted = not quoted
            elif character == delimiter and not quoted:
                cell += 1
    return Mark(first, 1)


def _read_yaml(name: str, source: bytes) -> tuple[tuple[str, ...], Iterator[_Raw]]:
    document = read(name, source)
    data = document.data
    if not isinstance(data, list) or not data or not all(isinstance(row, dict) for row in data):
        place = next(
            (
                document.place((at,))
                for at, row in enumerate(data if isinstance(data, list) else ())
                if not isinstance(row, dict)
            ),
            Mark(1, 1),
        )
        cause = "a table is a list of mappings"
        raise FlowLoadError([_fault(name, place, cause, "- {district: 江岸区, phone: '82731234'}")])
    rows = [row for row in data if isinstance(row, dict)]
    columns = tuple(dict.fromkeys(column for row in rows for column in row))
    _check_columns(name, columns, lambda at: document.place((0,)))

    def raws() -> Iterator[_Raw]:
        for at, row in enumerate(rows):
            yield _Raw(row, document.place((at,)), lambda column, at=at: document.place((at, column)))  # type: ignore[misc]

    return columns, raws()


def _check_columns(name: str, columns: Sequence[str], place: Callable[[int], Mark]) -> None:
    if len(columns) > MAX_COLUMNS:
        cause = f"{len(columns)} columns"
        raise FlowLoadError([_fault(name, Mark(1, 1), cause, f"{MAX_COLUMNS} at most")])
    for at, column in enumerate(columns):
        if not column or len(column) > 60:
            raise FlowLoadError([_fault(name, place(at), "a column without a short heading", "name it")])
        if column in columns[:at]:
            raise FlowLoadError([_fault(name, place(at), f"two columns are called `{column}`", "rename one")])


def _cell(
    name: str, row: _Raw, column: str, types: Mapping[str, ColumnType], faults: list[Finding]
) -> JsonValue:
    value = row.cells.get(column)
    if isinstance(value, str) and len(value) > MAX_CELL:
        faults.append(
            _fault(name, row.place(column), f"a text of {len(value)} characters", f"{MAX_CELL} at most")
        )
        return None
    if isinstance(value, str) and "\0" in value:
        faults.append(_fault(name, row.place(column), "a character that is none (NUL)", "delete it"))
        return None
    wanted = types.get(column)
    if wanted is None:
        return value.strip() if isinstance(value, str) else value
    try:
        return converted(value, wanted)
    except ValueError:
        shown = str(value)[:40]
        faults.append(_fault(name, row.place(column), f"`{shown}` is no {wanted}", EXAMPLES[wanted]))
        return None


def _key_of(values: Mapping[str, JsonValue], key: Sequence[str], types: Mapping[str, ColumnType]) -> Key:
    return tuple(one_form(values.get(column), types.get(column)) for column in key)
