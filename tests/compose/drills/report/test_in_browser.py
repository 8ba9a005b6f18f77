"""The report in a real browser, opened as a file."""

import pytest
from playwright.async_api import expect

from compose.drills.report.write import HTML, write_report
from tests.compose.drills.report.test_write import HOSTILE
from tests.support.chromium import running_chromium
from tests.support.requirements import require
from tests.support.sample_run import Sample

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    require("browser")
    folder = tmp_path_factory.mktemp("runs") / "twins"
    Sample().write(folder)
    write_report(folder)
    return folder


@pytest.fixture
async def browser():
    require("browser")
    async with running_chromium() as chromium:
        yield chromium


async def opened(browser, folder, **options):
    """The page, with everything it asked for and everything it complained of."""
    context = await browser.new_context(**options)
    page = await context.new_page()
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("dialog", lambda dialog: page.complaints.append(dialog.message))
    await page.goto((folder / HTML).as_uri())
    return page


async def in_view(locator):
    """Is all of it inside the window, without anybody scrolling?"""
    box, size = await locator.bounding_box(), locator.page.viewport_size
    return box["x"] >= 0 and box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_it_asks_for_one_file_and_complains_of_nothing(browser, run, size, scheme):
    """The answer and its verdict stand above the fold, and nothing is wider than the window."""
    page = await opened(browser, run, viewport=size, color_scheme=scheme)
    assert page.asked == [(run / HTML).as_uri()]
    assert page.complaints == []
    assert await in_view(page.locator("#answer"))
    assert await in_view(page.locator(".hero .badge"))
    assert await page.evaluate("document.documentElement.scrollWidth") == size["width"]


async def test_what_scrolls_by_itself_never_widens_the_page(browser, run):
    """Not even by words that only screen readers get, in cells far to the right."""
    page = await opened(browser, run, viewport={"width": 300, "height": 700})
    assert await page.evaluate("document.documentElement.scrollWidth") == 300


async def test_light_and_dark_are_two_pages_to_the_eye(browser, run):
    """And text can be read against its ground in both."""
    grounds = set()
    for scheme in ("light", "dark"):
        page = await opened(browser, run, color_scheme=scheme)
        colours = await page.evaluate(
            "[document.body, document.querySelector('.quiet')].map(one => getComputedStyle(one).color)"
            ".concat(getComputedStyle(document.body).backgroundColor)"
        )
        grounds.add(colours[-1])
        assert all(contrast(colour, colours[-1]) >= 4.5 for colour in colours[:-1])
    assert len(grounds) == 2


def contrast(one, other):
    """As WCAG 2 has it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


async def test_a_piece_of_evidence_brings_its_operation_into_view(browser, run):
    """And says what it is; on a phone too, where the lanes are wider than the window."""
    for size in (DESK, PHONE):
        page = await opened(browser, run, viewport=size)
        link = page.locator(".evidence a[href^='#v0-op']").last
        target = await link.get_attribute("href")
        await link.click()
        await expect(page.locator("#hover")).to_contain_text(f"operation {target.removeprefix('#v0-op')}")
        await expect(page.locator(target)).to_be_in_viewport()
        assert page.complaints == []


async def test_without_javascript_all_of_it_is_there(browser, run):
    """Only the tools that need it are not."""
    page = await opened(browser, run, java_script_enabled=False)
    await expect(page.locator("#answer")).to_be_visible()
    await expect(page.locator(".tools")).to_be_hidden()
    await expect(page.locator("svg.lane").first).to_be_visible()
    await expect(page.locator(".evidence li").first).to_be_visible()
    await expect(page.locator(".life li").first).to_be_visible()
    assert await page.locator("#hover").is_hidden()
    assert "operation" in await page.locator("use.o > title").first.text_content()


async def test_one_person_can_be_picked_out(browser, run):
    page = await opened(browser, run, viewport=DESK)
    await page.get_by_label("Show one person").fill("user-000")
    await expect(page.locator(".bio:visible")).to_have_count(1)
    assert await page.locator(".lane .row.dim").count() > 10
    await expect(page.locator(".strip .p.hit")).to_have_count(2)
    await page.get_by_label("Show one person").fill("")
    await expect(page.locator(".row.dim")).to_have_count(0)


async def test_the_lanes_can_be_zoomed_and_walked_with_the_keyboard(browser, run):
    """A mark keeps its size, and what it is about is said aloud."""
    page = await opened(browser, run, viewport=DESK)
    lane, track = page.locator("svg.lane").first, page.locator(".track").first
    width = (await lane.bounding_box())["width"]
    await track.focus()
    await page.keyboard.press("+")
    assert (await lane.bounding_box())["width"] == pytest.approx(2 * width, rel=0.01)
    await page.keyboard.press("n")
    await expect(page.locator("#hover")).to_contain_text("operation 1")
    await page.keyboard.press("Escape")
    await expect(page.locator("#hover")).to_be_hidden()
    await page.get_by_role("button", name="Fit").click()
    assert (await lane.bounding_box())["width"] == pytest.approx(width, rel=0.01)


async def test_hovering_says_what_an_operation_was(browser, run):
    page = await opened(browser, run, viewport=DESK)
    await page.locator("use.o.stale").last.hover()
    await expect(page.locator("#hover")).to_contain_text("user-000: ")
    await expect(page.locator("#hover")).to_contain_text("wrongly let in")


async def test_the_keyboard_reaches_everything_and_the_skip_link_first(browser, run):
    page = await opened(browser, run, viewport=DESK)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await expect(page.locator(".skip")).to_be_in_viewport()
    regions = page.locator(".scroll")
    for index in range(await regions.count()):
        assert await regions.nth(index).get_attribute("tabindex") == "0"


async def test_who_wants_no_motion_gets_none(browser, run):
    page = await opened(browser, run, reduced_motion="reduce")
    assert await page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


async def test_it_prints_what_it_says_and_not_what_it_is_operated_with(browser, run):
    """Every verdict is opened, whole lanes fit on the paper."""
    page = await opened(browser, run, viewport=DESK)
    await page.emulate_media(media="print")
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    await expect(page.locator("nav")).to_be_hidden()
    await expect(page.locator(".tools")).to_be_hidden()
    await expect(page.locator("details.line:not([open])")).to_have_count(0)
    assert len(await page.pdf()) > 10_000


async def test_hostile_names_and_texts_do_nothing(browser, tmp_path):
    """Nobody's name runs, loads or breaks anything."""
    folder = tmp_path / "hostile"
    Sample(people=HOSTILE, title=HOSTILE[0], question=f"Who? {HOSTILE[1]} {HOSTILE[2]}").write(folder)
    write_report(folder)
    page = await opened(browser, folder, viewport=PHONE)
    await page.get_by_label("Show one person").fill("<script>")
    assert await page.evaluate("window.pwned") is None
    assert page.asked == [(folder / HTML).as_uri()]
    assert page.complaints == []
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


async def test_a_big_run_opens_fully(browser, tmp_path):
    """600 people: no complaint, no overflow, every section laid out."""
    folder = tmp_path / "big"
    Sample(people=[f"user-{number:03}" for number in range(600)], lasts_ms=60_000).write(folder)
    write_report(folder)
    page = await opened(browser, folder, viewport=PHONE)
    assert page.complaints == []
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    await expect(page.locator(".strip .p")).to_have_count(1200)
