"""Tables as spreadsheets of many countries save them."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphlab as gl
from graphlab.errors import DataError
from graphlab.handout.grading import _read_answers

ROWS = [[1.5, -2.0, 0.25], [3.0, 4e-3, 7.0], [0.0, 12.75, -1.0]]


def table(separator: str, comma: bool, names: str = "abc", quoted: bool = False, end: str = "\n") -> str:
    rows = [list(names)] * bool(names) + [
        [repr(x).replace(".", ",") if comma else repr(x) for x in row] for row in ROWS
    ]
    return "".join(separator.join(f'"{x}"' if quoted else x for x in row) + end for row in rows)


def read(folder: Path, text: str | bytes, more: str = "") -> list[list[float]]:
    (folder / "d.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    graph = gl.loads(f"graphlab: 1\ninputs: {{x: {{file: d.csv{more}}}}}", base=folder)
    return graph.first_value(graph["x"]).tolist()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\r\n  \r\n"])
@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("names", ["abc", ""])
@pytest.mark.parametrize(("separator", "comma"), [(",", False), (";", False), (";", True), ("\t", False), ("\t", True)])
def test_every_way_to_save_a_table_gives_the_same_numbers(
    tmp_path: Path, separator: str, comma: bool, names: str, quoted: bool, end: str
) -> None:
    text = table(separator, comma, names, quoted, end)
    assert read(tmp_path, text) == read(tmp_path, "\ufeff" + text) == ROWS
    if names:
        assert read(tmp_path, text, ", key: [c, a]") == [[row[2], row[0]] for row in ROWS]
        assert read(tmp_path, text, ", key: b, rows: '1:3'") == [row[1] for row in ROWS[1:]]


def test_commas_that_fit_are_separators_as_ever(tmp_path: Path) -> None:
    assert read(tmp_path, "1,5\n2,5\n") == [[1, 5], [2, 5]]
    assert read(tmp_path, "a;b,c\n1,2\n") == [[1, 2]]
    assert read(tmp_path, "1,5;2,25\n3;4\n") == [[1.5, 2.25], [3, 4]]
    assert read(tmp_path, "7\n8\n") == [[7], [8]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("h\n1,5\n2,5\n", "'d.csv', line 2: 2 cells, but the names above are 1; the columns are separated by a comma "
                          "(beside decimal commas it has to be a semicolon)"),
        ("a,b\n1,2\n3,4,5\n", "line 3: 3 cells, but the names above are 2; the columns are separated by a comma"),
        ("a;b\n1;2\n\n3;4;5\n", "line 4: 3 cells, but the names above are 2; the columns are separated by a semicolon"),
        ("1\t2\n3\n", "line 2: 1 cells, but the rows above have 2; the columns are separated by a tab"),
        ("a,b\n1,2\n3,\n", "line 3, column 2 (b): the cell is empty"),
        ("a;b\n;2\n", "line 2, column 1 (a): the cell is empty"),
        ("1;\n3;4\n", "line 1, column 2: the cell is empty"),
        ("a,b\n1,2\n3,n/a\n", "line 3, column 2 (b): 'n/a' is not a number"),
        ("a;b\n1,5;2 kg\n", "line 2, column 2 (b): '2 kg' is not a number"),
        ("a;b\n1.234,5;2\n", "line 2, column 1 (a): '1.234,5' is not a number"),
        ('"p","q"\n"3,5","2"\n', "column 1 (p): '3,5' is not a number; a decimal point is written ."),
        ("a;b\n3;−7\n", "column 2 (b): '−7' is not a number; the minus is written -"),
        ("a;b\n1.000;2,5\n", "line 2: a decimal point in 1.000 but a decimal comma in 2,5; use one"),
        ("4,5\t1\n2\t0.5\n", "line 2: a decimal point in 0.5 but a decimal comma in 4,5; use one"),
        ("a b\n1 2\n", "columns are separated by a comma, a semicolon or a tab"),
        ("a|b\n1|2\n", "columns are separated by a comma, a semicolon or a tab"),
        ("a,b\n1,2e999\n", "line 2, column 2 (b): 2e999 is too large for a float64"),
        ("a,b\n", "has no row of numbers"),
        ("", "has no row of numbers"),
        (b"\xff\xfea\x00", "is not UTF-8 text; save it as UTF-8"),
        (b"a,b\n1,\xb3\n", "is not UTF-8 text; save it as UTF-8"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_row_and_column(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("<text>:2:20: 'd.csv'")


def test_two_columns_of_one_name_are_not_told_apart_by_it(tmp_path: Path) -> None:
    assert read(tmp_path, "a,a\n1,2\n") == [[1, 2]]
    with pytest.raises(DataError, match="several columns 'a'"):
        read(tmp_path, "a,a\n1,2\n", ", key: a")


def test_whole_numbers_are_whole_to_their_last_digit(tmp_path: Path) -> None:
    graph_values = read(tmp_path, "n\n9007199254740993\n-9223372036854775808\n", ", key: n, dtype: int64")
    assert graph_values == [9007199254740993, -(2**63)]
    with pytest.raises(DataError, match="outside int64's range"):
        read(tmp_path, "n\n9223372036854775808\n", ", key: n, dtype: int64")


@pytest.mark.parametrize(("key", "meant"), [
    ("csv", "file"), ("path", "file"), ("columns", "key"), ("column", "key"), ("usecols", "key"), ("values", "value"),
    ("Shape", "shape"), ("fil", "file"),
])  # fmt: skip
def test_options_by_the_names_that_others_give_them(key: str, meant: str) -> None:
    with pytest.raises(gl.GraphlabError, match=rf"unknown option '{key}' \(did you mean '{meant}'\?\)"):
        gl.loads(f"graphlab: 1\ninputs: {{x: {{{key}: d.csv}}}}")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_answers_come_from_any_spreadsheet(tmp_path: Path, separator: str, bom: str) -> None:
    path = tmp_path / "answers.csv"
    rows = [["student", "variant", "blank", "answer"], ["Kim", "1", "2", '"0,5"'], ["Lee", "", "3", '"[1, 2]"']]
    path.write_bytes((bom + "\r\n".join(map(separator.join, rows))).encode())
    assert _read_answers(path) == {("Kim", 1): {2: "0,5"}, ("Lee", 0): {3: "[1, 2]"}}


def test_answers_without_their_columns_say_which_separators_there_are(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    for text in ("blank answer\n1 2\n", "blank|answer\n1|2\n", "nr;answer\n1;2\n", "", "\n"):
        path.write_text(text, "utf-8")
        with pytest.raises(DataError, match="must have blank and answer, with a comma, a semicolon or a tab"):
            _read_answers(path)
    path.write_text("blank;answer\n1,5;2\n", "utf-8")
    with pytest.raises(DataError, match="blank and variant are whole numbers; got '1,5'"):
        _read_answers(path)
