import pytest

from mssh_mmpose.markdown import markdown_table


def test_alignment_and_cells_of_any_kind():
    table = markdown_table(['', 'G', 'by'], [('a', 1.5, 'us'), ['b', 2, None]], 'lrl')
    assert table.splitlines() == [
        '|  | G | by |',
        '| --- | ---: | --- |',
        '| a | 1.5 | us |',
        '| b | 2 | None |',
    ]


def test_rows_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"expected rows of 2 cells, got \['hip'\]"):
        markdown_table(['joint', 'PCK'], [['hip']])
