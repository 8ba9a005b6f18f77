"""The report files of whole runs, as people and programs open them later."""

import json
import re
import shutil
import sys

import pytest
from defusedxml.ElementTree import fromstring

from compose.drills.report.lanes import SHOWN_PEOPLE
from compose.drills.report.write import HTML, JSON, JUNIT, MARKDOWN, write_report, write_summary
from compose.drills.run_folder import RunFolder
from compose.drills.scenario.drill import ONLY
from shared.errors import EXIT_INTERRUPTED, OperatorError
from tests.support.html_page import HtmlPage
from tests.support.sample_run import Sample

FILES = (HTML, JUNIT, JSON, MARKDOWN)
HOSTILE = (
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "</title></style></svg><svg onload=window.pwned=1>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.pwned=1",
    "a|b`c`[d](http://example.com) @everyone",
    "control \x01\x1b[31m",
    "$x^2$ \\alpha #v0-op1 url(#x)",
    "\u202egnitirw ,ىرخأ 用户",
)


def written(folder, sample):
    sample.write(folder)
    write_report(folder)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return written(tmp_path_factory.mktemp("runs") / "twins", Sample())


def page_of(folder):
    return HtmlPage.read(folder / HTML)


def test_the_page_opens_with_question_answer_and_verdict(run):
    """Before anything else, and the title of the tab has the verdict too."""
    html = (run / HTML).read_text()
    places = [
        html.index(f">{text}") for text in ("An admin resets a stolen password", "14 min 40 s (policy) on node-2")
    ]
    assert places == sorted(places)
    assert places[-1] < html.index("<nav")
    assert "<title>PASS: Stolen password, one node deaf</title>" in html
    assert "What it teaches" in html[: html.index("<nav")]


def test_the_page_asks_nobody_for_anything(run):
    """No resource, no address of another host, and a policy that forbids both."""
    page = page_of(run)
    assert page.fetched == []
    assert {link.partition(":")[0] for link in page.links if not link.startswith("#")} <= {"data"}
    assert not re.search(r"@import|url\((?!#)", (run / HTML).read_text())
    policy = next(meta["content"] for meta in page.named("meta") if meta.get("http-equiv"))
    assert policy.startswith("default-src 'none'")


def test_every_link_leads_somewhere_and_no_id_is_there_twice(run):
    page = page_of(run)
    assert sorted({name for name in page.ids if page.ids.count(name) > 1}) == []
    assert {link[1:] for link in page.links if link.startswith("#")} - set(page.ids) == set()


def test_each_piece_of_evidence_leads_to_the_operation_and_to_the_biography(run):
    page = page_of(run)
    html = (run / HTML).read_text()
    evidence = re.search(r'<ul class="evidence">(.*?)</ul>', html, re.DOTALL).group(1)
    anchors = re.findall(r'href="#(v0-op\d+)"', evidence)
    assert anchors
    marks = {use["id"] for use in page.of_class("o")}
    assert set(anchors) <= marks
    assert 'href="#bio-0" aria-label="biography of user-000">biography' in evidence


def test_all_sections_are_there_and_each_has_a_heading(run):
    page = page_of(run)
    sections = {attributes.get("aria-labelledby") for attributes in page.named("section")}
    wanted = {"verdicts", "people", "divergence", "lanes", "messages", "biographies", "heat", "charts", "conditions"}
    assert wanted <= sections
    assert sections <= set(page.ids)
    assert len(page.named("caption")) == len(page.named("table"))


def test_every_number_of_the_conditions_says_its_clock(run):
    """And what is simulated is said: processes, how many jumps, how much policy time was skipped."""
    text = " ".join(page_of(run).text.split())
    assert "a real process of its own" in text
    assert "Policy time was moved in 2 jumps over 14 min 40 s (policy)" in text
    assert "crowd gate both" in text
    assert "dcsim drill run stolen-password --seed 4711" in text
    assert "p(95)<200" in text


def test_twins_stand_side_by_side_and_the_first_difference_is_named(run):
    text = " ".join(page_of(run).text.split())
    assert re.search(r"user-000, operation \d+\. before: wrongly let in; after: thrown out", text)


def test_guards_that_held_share_one_line_and_one_that_did_not_stands_alone(run, tmp_path):
    held = " ".join(page_of(run).text.split())
    assert "1 guard held: history-complete" in held
    cut = " ".join(page_of(written(tmp_path / "cut", Sample(interrupted_at_ms=9_000))).text.split())
    assert "guard held" not in cut
    assert "history-complete the history was cut off" in cut


def test_what_an_interrupted_run_came_to_is_its_headline(tmp_path):
    """On the page, in a review, and among other runs."""
    run = Sample(interrupted_at_ms=9_000).write(tmp_path / "run")
    run.write_facts(run.facts().model_copy(update={"exit_code": EXIT_INTERRUPTED}))
    write_report(run.path)
    html = (run.path / HTML).read_text()
    assert "<title>INTERRUPTED, UNKNOWN SO FAR: " in html
    assert "</svg>interrupted, unknown so far</span>" in html
    assert (run.path / MARKDOWN).read_text().startswith("## interrupted, 🔶 unknown so far: ")
    assert "| interrupted, 🔶 unknown so far | " in write_summary([run.path], tmp_path / "all").markdown


def test_a_drill_without_variants_does_not_speak_of_them(tmp_path):
    html = (written(tmp_path / "run", Sample(variants={ONLY: "9.11"})) / HTML).read_text()
    assert ">this run<" in html
    assert ">only<" not in html
    assert "Where the twins part" not in html


def test_the_same_folder_gives_the_same_bytes(run, tmp_path):
    """In another process's memory or this one's: nothing of the moment is in it."""
    first = {name: (run / name).read_bytes() for name in FILES}
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    for name in FILES:
        (copy / name).unlink()
    write_report(copy)
    assert {name: (copy / name).read_bytes() for name in FILES} == first


def test_a_report_leaves_no_draft_behind(run):
    assert not [path.name for path in run.iterdir() if path.name.startswith(".")]


def test_a_big_run_stays_below_three_megabytes_and_says_what_it_left_out(tmp_path):
    """600 people and 12,000 operations in each of two variants; those not shown share a row and are counted."""
    people = [f"user-{number:03}" for number in range(600)]
    folder = written(tmp_path / "big", Sample(people=people, lasts_ms=60_000))
    assert (folder / HTML).stat().st_size <= 3 * 1024 * 1024
    result = json.loads((folder / JSON).read_text())
    assert all(variant["requests"]["offered"] > 12_000 for variant in result["variants"])
    text = " ".join(page_of(folder).text.split())
    assert (
        f"The {SHOWN_PEOPLE} people worst off have rows of their own; the other {600 - SHOWN_PEOPLE} share one" in text
    )
    assert text.count("too many people for a row each") == 1


def test_one_person_with_very_many_requests_stays_below_three_megabytes(tmp_path):
    """Ordinary requests are then ticks on a grid."""
    folder = written(tmp_path / "busy", Sample(people=["alice"], per_person=12_000, lasts_ms=60_000))
    assert (folder / HTML).stat().st_size <= 3 * 1024 * 1024


def test_names_and_texts_are_shown_as_they_are_and_do_nothing(tmp_path):
    """In the page, in JUnit and in Markdown."""
    sample = Sample(people=HOSTILE, title=HOSTILE[0], question=f"Who? {HOSTILE[1]} {HOSTILE[2]}")
    folder = written(tmp_path / "hostile", sample)
    page = page_of(folder)
    assert len(page.named("script")) == 1
    assert page.named("img") == []
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert not [link for link in page.links if link.startswith("javascript")]
    for name in HOSTILE[:5]:
        assert name in page.text
    assert sorted({name for name in page.ids if page.ids.count(name) > 1}) == []
    fromstring((folder / JUNIT).read_text())
    markdown = (folder / MARKDOWN).read_text()
    assert re.search(r"(?<!\\)<", markdown.replace("> \\", "")) is None
    assert json.loads((folder / JSON).read_text())["title"] == HOSTILE[0]


@pytest.mark.parametrize(
    "sample",
    [
        pytest.param(Sample(interrupted_at_ms=12_000), id="interrupted"),
        pytest.param(Sample(interrupted_at_ms=1), id="interrupted at once"),
        pytest.param(Sample(people=["alice"], per_person=5, lasts_ms=2_000), id="one person"),
        pytest.param(Sample(people=[], invalidate=False, crash=False), id="nobody"),
        pytest.param(Sample(invalidate=False), id="no invalidation"),
        pytest.param(Sample(variants={"only": "9.11"}), id="one variant"),
        pytest.param(Sample(variants={f"v{n}": "9.11" for n in range(5)}, per_person=5), id="five variants"),
    ],
)
def test_any_run_has_a_whole_report(tmp_path, sample):
    """Every section says something, if only that there is nothing."""
    folder = written(tmp_path / "run", sample)
    page = page_of(folder)
    assert {"verdicts", "people", "lanes", "messages", "biographies", "heat", "charts", "conditions"} <= set(page.ids)
    assert {link[1:] for link in page.links if link.startswith("#")} - set(page.ids) == set()
    fromstring((folder / JUNIT).read_text())
    json.loads((folder / JSON).read_text())
    assert (folder / MARKDOWN).read_text().startswith("## ")


def test_a_run_cut_off_in_the_middle_of_a_line_says_when(tmp_path):
    """And is never shown as passed by what was judged before."""
    folder = written(tmp_path / "cut", Sample(interrupted_at_ms=12_000))
    history = RunFolder(folder).history_file("before")
    history.write_text(history.read_text()[:-40])
    write_report(folder)
    text = " ".join(page_of(folder).text.split())
    assert re.search(
        r"Variant before: its history has no end\. It was cut off 1[12]\.\d s \(real\) after it began", text
    )
    assert json.loads((folder / JSON).read_text())["variants"][0]["complete"] is False


def test_a_run_that_was_never_judged_is_unknown_and_shows_what_was_seen(tmp_path):
    folder = tmp_path / "unjudged"
    run = Sample().write(folder)
    run.judgement_file.unlink()
    run.history_file("after").write_text("")
    write_report(folder)
    result = json.loads((folder / JSON).read_text())
    assert (result["verdict"], [variant["people"] is None for variant in result["variants"]]) == (
        "unknown",
        [False, True],
    )
    text = " ".join(page_of(folder).text.split())
    assert "This run was not judged" in text
    assert "Variant after: its history is empty" in text
    assert fromstring((folder / JUNIT).read_text()).get("errors") == "2"


def test_a_folder_that_is_no_run_is_refused_in_one_sentence(tmp_path):
    """So are files that are no longer what a run writes."""
    with pytest.raises(OperatorError, match=r"is no folder of a drill's run: it has no readable run\.json"):
        write_report(tmp_path)
    run = Sample(people=["alice"]).write(tmp_path / "run")
    run.judgement_file.write_text('{"verdict": "perhaps"}')
    with pytest.raises(OperatorError, match=r"cannot be read as a judgement: "):
        write_report(run.path)
    run.facts_file.write_text("{}")
    with pytest.raises(OperatorError, match=r"does not say what was run: run: "):
        write_report(run.path)


def test_matplotlib_is_imported_only_when_a_report_is_drawn(program_imports):
    """Commands that draw nothing stay fast."""
    assert "matplotlib" not in program_imports("compose.drills.report.write")


@pytest.fixture
def program_imports():
    import subprocess

    def imports(module):
        code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
        return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()

    return imports
