# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: it opens alone, says and asks for nothing, prints, and can be read by everybody."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import insert

from ssm.cli.main import main
from ssm.repository.database import Database
from ssm.repository.schema import DIRTY
from ssm.repository.session import Access
from tests.servers.chromium import Watched, opened
from tests.usage import CLOUDS, JOBS, SOURCES, STORAGE, Row, fill, jobs_row, machines_row, source_row, space_row

MAY, JUNE = 202405, 202406
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'><svg onload=alert(3)>",
    "</title></style></script><script>alert(4)</script>",
    "javascript:alert(5)",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "&lt;b&gt;&#60;script&#62;alert(6)&#60;/script&#62;",
    "<![CDATA[<script>alert(7)</script>]]>",
    "--><iframe src=http://127.0.0.1:1/></iframe><!--",
    "\u202egnp.exe",
)
PORTAL = "time,site,vo,number_of_jobs,raw_wc_time\n2024-05,SITE-A,demo,10,80\n2024-05,SITE-B,demo,20,80\n"


def report(folder: Path, rows: Mapping[str, Sequence[Row]], *words: str) -> Path:
    """Fill a database, and have the page made by the command."""
    spool = folder / "spool"
    spool.mkdir()
    url = f"sqlite:///{folder}/accounting.sqlite"
    fill(Access(url), rows)
    config = folder / "loader.cfg"
    config.write_text(f"[loader]\n[messaging]\npath: {spool}\n[database]\nurl: {url}\n")
    page = folder / "page.html"
    status = main(["report", "-c", str(config), "--from", "2024-05", "--until", "2024-06", "--html", str(page), *words])
    assert status in {0, 1}
    return page


def usual_rows() -> dict[str, list[Row]]:
    jobs = [
        jobs_row(
            number, f"SITE-{letter}", month, vo=vo, number_of_jobs=10 * number, cpu_duration=100_000 + 1000 * number
        )
        for month in (MAY, JUNE)
        for number, letter in enumerate("ABCDEFGHIJKLMNO", 1)
        for vo in ("demo", f"vo-{letter}")
    ]
    numbered = [{**row, "number": number} for number, row in enumerate(jobs)]
    space = [
        space_row(1, "SITE-A", MAY),
        space_row(2, "SITE-A", MAY, storage_media="tape"),
        space_row(3, "SITE-B", JUNE),
    ]
    return {
        JOBS: numbered,
        STORAGE: space,
        CLOUDS: [machines_row(1, "SITE-A", MAY)],
        SOURCES: [source_row("SITE-B", MAY)],
    }


def nothing_was_said_or_asked(watched: Watched, page: Path) -> None:
    assert watched.said == []
    assert watched.asked == [page.as_uri()]


@pytest.mark.usefixtures("chromium")
def test_the_page_opens_alone_with_its_charts_each_beside_its_figures(tmp_path: Path) -> None:
    page = report(tmp_path, usual_rows(), "--by", "site,vo,submit-host,user")
    with opened(page) as watched:
        nothing_was_said_or_asked(watched, page)
        figures = watched.page.locator("figure")
        assert figures.count() == 7
        for number in range(figures.count()):
            figure = figures.nth(number)
            picture = figure.locator("svg")
            assert picture.count() == 1
            assert picture.get_attribute("role") == "img"
            assert picture.locator(":scope > title").text_content()
            assert picture.locator(":scope > desc").text_content()
            assert figure.locator("table caption").count() == 1
            assert figure.locator("tbody tr").count() >= 2
            box = picture.bounding_box()
            assert box is not None
            assert box["width"] > 100
            assert box["height"] > 60
        words = watched.page.locator("main").inner_text()
        for title in ("By month", "By site", "By VO", "By submit host", "By user", "Storage", "Clouds", "Not counted"):
            assert title in words
        assert watched.page.evaluate("document.scrollingElement.scrollWidth") <= 1240, "nothing hangs out of the page"


@pytest.mark.usefixtures("chromium")
def test_bars_stand_in_line_with_their_figures(tmp_path: Path) -> None:
    page = report(tmp_path, usual_rows())
    with opened(page) as watched:
        figure = watched.page.locator("#site figure").first
        labels = figure.locator("svg text", has_text="SITE-")
        rows = figure.locator("tbody tr", has_text="SITE-")
        assert labels.count() == rows.count() == 11
        for number in range(labels.count()):
            label, row = labels.nth(number).bounding_box(), rows.nth(number).bounding_box()
            assert label is not None
            assert row is not None
            assert abs(label["y"] + label["height"] / 2 - row["y"] - row["height"] / 2) < 6


@pytest.mark.usefixtures("chromium")
def test_figures_are_whole_in_windows_of_any_usual_width(tmp_path: Path) -> None:
    hidden = "[...document.querySelectorAll('figure .scroll')].filter(one => one.scrollWidth > one.clientWidth).length"
    with opened(report(tmp_path, usual_rows())) as watched:
        for width in (700, 961, 1000, 1100, 1240, 1900):
            watched.page.set_viewport_size({"width": width, "height": 900})
            assert watched.page.evaluate(hidden) == 0, f"figures are cut off in a window of {width} pixels"


@pytest.mark.usefixtures("chromium")
def test_axe_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    file = tmp_path / "portal.csv"
    file.write_text(PORTAL)
    page = report(tmp_path, usual_rows(), "--compare", str(file))
    with opened(page) as watched:
        # The page's own policy forbids scripts, also those of axe, so it is looked at without the policy.
        text = page.read_text(encoding="utf-8")
        policy = text[text.index("<meta http-equiv") : text.index("<meta name")]
        plain = page.with_name("plain.html")
        plain.write_text(text.replace(policy, ""), encoding="utf-8")
        watched.page.goto(plain.as_uri())
        found = Axe().run(watched.page)
        assert found.response["violations"] == [], found.generate_report()
        assert len(found.response["passes"]) > 15, "it has looked"


@pytest.mark.usefixtures("chromium")
def test_the_page_prints_on_a_few_sheets_without_cutting_charts(tmp_path: Path) -> None:
    page = report(tmp_path, usual_rows())
    with opened(page) as watched:
        printed = watched.page.pdf(prefer_css_page_size=True)
        assert printed.startswith(b"%PDF-")
        assert 2 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 12
        watched.page.emulate_media(media="print")
        # As wide as the paper leaves it.
        watched.page.set_viewport_size({"width": 680, "height": 960})
        assert watched.page.locator("nav").is_hidden()
        assert watched.page.evaluate("document.scrollingElement.scrollWidth") <= 680
        breaks = watched.page.evaluate(
            "[...document.querySelectorAll('figure')].map(one => getComputedStyle(one).breakInside)"
        )
        assert set(breaks) == {"avoid"}


@pytest.mark.usefixtures("chromium")
def test_names_that_are_attacks_are_shown_as_names(tmp_path: Path) -> None:
    rows = [
        jobs_row(number, attack, MAY, vo=attack, submit_host=attack, global_user_name=attack)
        for number, attack in enumerate(ATTACKS)
    ]
    space = [
        space_row(number, attack, MAY, group=attack, storage_media=attack) for number, attack in enumerate(ATTACKS)
    ]
    clouds = [machines_row(number, attack, MAY, vo=attack) for number, attack in enumerate(ATTACKS)]
    left_out = [source_row(attack, MAY, part=attack, source=attack[:50]) for attack in ATTACKS]
    file = tmp_path / "portal.csv"
    file.write_text(PORTAL + '2024-05,"<script>alert(8)</script>",<b>x</b>,1,1\n')
    page = report(
        tmp_path, {JOBS: rows, STORAGE: space, CLOUDS: clouds, SOURCES: left_out},
        *("--by", "site,vo,submit-host,user", "--compare", str(file), "--site", ATTACKS[0], "--site", ATTACKS[1]),
        *(word for attack in ATTACKS[2:] for word in ("--site", attack)),
    )  # fmt: skip
    with opened(page) as watched:
        nothing_was_said_or_asked(watched, page)
        # Were the policy the only wall, an attack would have made elements; it must not have.
        for name in (
            "script",
            "img",
            "iframe",
            "object",
            "embed",
            "link",
            "base",
            "form",
            "foreignObject",
            "image",
            "use",
        ):
            assert watched.page.locator(name).count() == 0, name
        names = watched.page.evaluate("[...document.querySelectorAll('*')].flatMap(one => one.getAttributeNames())")
        assert {
            one for one in names if one.startswith("on") or one in {"src", "srcset", "xlink:href", "style"}
        } == set()
        links = watched.page.evaluate("[...document.querySelectorAll('[href]')].map(one => one.getAttribute('href'))")
        assert all(one.startswith("#") for one in links)
        assert watched.page.title() == "Usage, May to June 2024"
        words = watched.page.locator("body").inner_text()
        for attack in ATTACKS[:-1]:
            assert attack in words, "it can be read as what it is"
        assert "\u202e" not in words


@pytest.mark.usefixtures("chromium")
def test_a_month_without_usage_makes_a_page_that_says_so(tmp_path: Path) -> None:
    page = report(tmp_path, {})
    with opened(page) as watched:
        nothing_was_said_or_asked(watched, page)
        assert "Nothing was used in this time" in watched.page.locator("main").inner_text()
        assert watched.page.locator("figure").count() == 0


@pytest.mark.usefixtures("chromium")
def test_the_page_warns_of_sums_that_are_older_than_their_records(tmp_path: Path) -> None:
    report(tmp_path, usual_rows())
    database = Database(Access(f"sqlite:///{tmp_path}/accounting.sqlite"))
    with database.connect() as connection:
        connection.execute(
            insert(DIRTY), [{"site": "SITE-A", "month": MAY, "kind": "job", "message": at} for at in (1, 2)]
        )
        connection.commit()
    database.close()
    page = tmp_path / "again.html"
    words = ["report", "-c", str(tmp_path / "loader.cfg"), "--from", "2024-05", "--html", str(page)]
    assert main(words) == 0
    with opened(page) as watched:
        assert "1 month of sites changed since" in watched.page.locator("main").inner_text()


def test_the_same_rows_make_the_same_page(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    rows = usual_rows()
    turned = {table: some[::-1] for table, some in rows.items()}
    assert report(tmp_path / "a", rows).read_bytes() == report(tmp_path / "b", turned).read_bytes()
