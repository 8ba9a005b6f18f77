"""The page about drills lists the words there are."""

from compose.drills.vocabulary import BEGIN, PAGE, vocabulary_text


def test_the_page_is_up_to_date():
    """Its second half is what `dcsim drill words` prints."""
    assert PAGE.read_text().partition(BEGIN)[2] == f"\n## The words\n\n{vocabulary_text()}"


def test_every_word_has_a_meaning():
    """No cell of a table is empty but for settings there are none of."""
    rows = [line for line in vocabulary_text().splitlines() if line.startswith("| `")]
    assert len(rows) > 80
    assert all(row.rpartition("| ")[2].strip(" |") or row.count("|") == 4 for row in rows)
