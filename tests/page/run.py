#!/usr/bin/env python3
"""The report's page in Chromium: it is what its script makes, shows every number of the records, under filters, too, asks nobody for anything,
can be worked by keys, holds hostile texts, and follows a run that goes on.

    run.py [--template FILE] [--node-modules DIR] [--output DIR] [--test GLOB]

What is shown is compared with what Python makes of the records (expected_page.py). Packages of npm come by `npm ci` into a folder of the build.
Exit status 77 when this machine has no node, npm or Chromium (WHEREFROM_CHROMIUM names one that stands elsewhere).

Threads: one; the server of a report that is live has one beside it.
"""
import argparse
import fnmatch
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]
import expected_page  # noqa: E402
import hostile_data  # noqa: E402
import made_records  # noqa: E402
import report_model  # noqa: E402
from black_box import Report, scratch  # noqa: E402
from expected_page import Filter  # noqa: E402
from live_server import LiveServer  # noqa: E402
from page_bench import NPM_FILES, PAGE, PATIENCE_S, Bench, install, missing  # noqa: E402

STEP_S, RECORDS = 1800, 20000
START_S = made_records.START_S
WIDTHS, SCHEMES = (1440, 390), ("light", "dark")
TEMPLATE_MAX, PAGE_MAX, PICTURE_MAX = 2_000_000, 4_000_000, 200_000
FACTS = made_records.FACTS
FILTERS = {
    "country": Filter(countries=("DE",)),
    "two countries, one not known": Filter(countries=("GB", "")),
    "verdict": Filter(verdicts=("spoofed-leftmost",)),
    "verdict of the user's own": Filter(verdicts=("behind the office proxy", "xff-missing")),
    "status": Filter(statuses=(4,)),
    "time": Filter(begin=START_S + 3600 * 6, end=START_S + 3600 * 18),
    "from on": Filter(begin=START_S + 3600 * 30),
    "all together": Filter(("DE", "CN", "US"), ("ok", "spoofed-leftmost"), (2, 4), START_S + 3600 * 29, START_S + 3600 * 34),
}


def nothing_left(seen):
    """A filter that no record passes, made of two that some pass."""
    busy = {one.moment // STEP_S for one in seen if one.country == "FJ"}
    bucket = next(number for number in range(START_S // STEP_S, START_S // STEP_S + 96) if number not in busy)
    return Filter(countries=("FJ",), begin=bucket * STEP_S, end=(bucket + 1) * STEP_S)


def unordered(rows):
    return sorted(map(repr, rows))


def number_in(text):
    return int(text.split("\u00a0")[0].split(" ")[0].replace(",", ""))


def descending(numbers):
    return all(before >= after for before, after in zip(numbers, numbers[1:]))


def bar_heights(path):
    """Heights of the bars of a path `Mx,lowVhighHxVlowZ...`, from the left."""
    bars = []
    for part in path.split("Z")[:-1]:
        begin, rest = part[1:].split("V", 1)
        bars.append(float(begin.split(",")[1]) - float(rest.split("H")[0]))
    return bars


class Compared:
    """What the browser read against what there must be, under one filter."""

    def __init__(self, bench, name, found, wanted):
        self.bench, self.name, self.found, self.wanted = bench, name, found, wanted

    def equal(self, found, what):
        self.bench.equal(found, self.wanted[what], f"{self.name}: {what}")

    def rows(self, found, what, column):
        """Order counts by the number in `column`; those that are equal may stand either way."""
        self.bench.equal(unordered(found), unordered(self.wanted[what]), f"{self.name}: {what}")
        self.bench.check(descending([number_in(row[column]) for row in found]), f"{self.name}: {what} is not in order: {found!r:.300}")

    def table(self, which, columns=slice(None)):
        table = self.found["tables"][which]
        return [row[columns] for row in table["rows"]]

    def all(self):
        found, bench, whole = self.found, self.bench, self.wanted["figures"][0][1] != "0"
        self.equal(found["figures"], "figures")
        bench.check(found["summary"].endswith(self.wanted["summary"]), f"{self.name}: {found['summary']}")
        self.equal(found["about"]["map"], "map")
        self.rows([[bar["label"], bar["value"]] for bar in found["bars"]["countries"]], "country list", 1)
        self.rows(self.table("countries"), "country table", 2)
        self.rows([[bar["label"], bar["value"]] for bar in found["bars"]["networks"]], "network list", 1)
        self.rows(self.table("networks"), "network table", 2)
        verdicts = [[bar["value"].split("\u00b7 ")[1], "\u00a0".join(bar["label"].split("\u00a0", 1)).split("%")[0] + "%",
                     bar["value"].split("\u00a0")[0]] for bar in found["bars"]["verdicts"]]
        self.rows(verdicts, "verdict list", 2)
        self.rows([[row[0], *row[3:]] for row in self.table("verdicts")], "verdict table", 1)
        self.equal([[text.split(" ")[0].replace("no", "none"), text.split(": ")[1]] for text in found["statuses"]], "statuses")
        self.equal(self.table("time"), "time table")
        places = [[row[0], set(row[1].split(", ")), *row[2:]] for row in self.table("map")]
        bench.equal(unordered(key(places)), unordered(key(self.wanted["place table"])), f"{self.name}: place table")
        self.bench.equal(sorted(found["matrix"]), sorted(self.wanted["matrix"]), f"{self.name}: matrix")
        self.equal(found["about"]["residency"], "residency")
        self.rows(self.table("residency"), "residency table", 3)
        self.equal([row[3] for row in found["talkers"]], "talker numbers")
        clients = {row[0]: [set(row[1].split(", ")), *row[2:]] for row in self.table("talkers")}
        bench.equal(clients, self.wanted["client table"], f"{self.name}: client table")
        bench.check(all(row[3:] == clients[row[0]][2:3] + clients[row[0]][4:7] for row in found["talkers"]), f"{self.name}: talkers are not as their table")
        if whole:
            self.pictures()

    def pictures(self):
        """Lengths and areas say what the numbers say."""
        found, bench = self.found, self.bench
        for which, bars in found["bars"].items():
            most = max(number_in(bar["value"]) for bar in bars)
            bench.check(all(abs(bar["width"] - 100 * number_in(bar["value"]) / most) < 0.01 for bar in bars), f"{self.name}: bars of {which}")
        points, wanted = sorted(found["points"]), self.wanted["points"]
        bench.equal(len(points), len(wanted), f"{self.name}: points")
        if points:
            scale = points[-1] / wanted[-1] ** 0.5
            bench.check(all(abs(radius - max(points[0], scale * count ** 0.5)) < 0.02 for radius, count in zip(points, wanted)),
                        f"{self.name}: the area of a point is not its requests: {points[-5:]}, {wanted[-5:]}")
        columns = {"bar-none": 2, "bar-1xx": 3, "bar-2xx": 4, "bar-3xx": 5, "bar-4xx": 6, "bar-5xx": 7}
        heights = {name: bar_heights(found["chart"][name]) for name in columns}
        counts = {name: [n for n in (number_in(row[column]) for row in self.wanted["time table"]) if n] for name, column in columns.items()}
        scales = [height / n for name in columns for height, n in zip(heights[name], counts[name])]
        bench.equal({name: len(one) for name, one in heights.items()}, {name: len(one) for name, one in counts.items()}, f"{self.name}: bars over time")
        largest = max(n for one in counts.values() for n in one)
        scale = next(h / n for name in columns for h, n in zip(heights[name], counts[name]) if n == largest)
        bench.check(all(abs(height - scale * n) < 0.021 for name in columns for height, n in zip(heights[name], counts[name])),
                    f"{self.name}: heights over time: {scales[:5]}")


def key(places):
    return [[row[0], sorted(row[1]), *row[2:]] for row in places]


def made(bench):
    """(lines as the oracle counts them, the data object)"""
    lines = made_records.lines(RECORDS)
    return [expected_page.Seen(line) for line in lines], report_model.model(lines, STEP_S, FACTS)


def test_template(bench):
    """It is what the script makes of what npm brings, anew."""
    work = bench.work / "page"
    shutil.rmtree(work, ignore_errors=True)
    install(PAGE, work)
    shutil.copytree(PAGE, work, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", *NPM_FILES))
    run = subprocess.run(["node", "build.mjs", "--check"], cwd=work, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    bench.equal((run.returncode, run.stderr), (0, ""), "build.mjs --check")
    size = len(bench.template.encode())
    bench.check(size < TEMPLATE_MAX, f"{size} bytes")
    print(f"       the page without data: {size:,} bytes")


def test_numbers(bench):
    """Every number, of all and under filters, is the one of the records."""
    seen, data = made(bench)
    filters = {**FILTERS, "nothing is left": nothing_left(seen), "all, after clearing": Filter()}
    found = bench.browse({"do": "read", "url": bench.page(data).as_uri(), "filters": [one.steps() for one in list(filters.values())[:-1]]})[0]
    for (name, filtered), read in zip(filters.items(), found):
        Compared(bench, name, read, expected_page.reading(seen, filtered, STEP_S, FACTS)).all()
        steps = filtered.steps()
        bench.equal({bar["label"] for bar in read["bars"]["countries"] if bar["pressed"] == "true"}, set(steps["countries"]), f"{name}: chosen countries")
        bench.equal(len(read["pressedStatuses"]), len(steps["statuses"]), f"{name}: chosen statuses")
        chips = [f"Country: {one}" for one in steps["countries"]] + [f"Verdict: {one}" for one in steps["verdicts"]]
        bench.equal([chip for chip in read["chips"] if not chip.startswith(("Status", "Time"))], chips, f"{name}: filters that are on")
        bench.check(set(read["chosenShapes"]) <= set(filtered.countries), f"{name}: shapes {read['chosenShapes']}")
    facts = " ".join(found[-1]["facts"])
    for text in ("12 files, 1 stream, 10.7\u00a0MB read.", "too-few-fields: 128", "and 11 more", "made on 20 Oct 2025",
                 "Warning: 43 days older", "20,137 lines read: 20,000 are in this report, 131 rejected, 6 skipped.", "made on 24 Nov 2025"):
        bench.check(text in facts, f"{text!r} is missing: {facts}")
    bench.equal(facts.count("Warning"), 1, "warnings")
    bench.check("IP Geolocation by DB-IP" in found[-1]["footer"], found[-1]["footer"])


def test_map(bench):
    seen, data = made(bench)
    found = bench.browse({"do": "map", "url": bench.page(data).as_uri(), "places": 5, "shape": "FR"})[0]
    wanted = expected_page.reading(seen, Filter(), STEP_S, FACTS)["place table"]
    most = sorted((row for row in wanted if row[0][0].isdigit()), key=lambda row: -number_in(row[2]))
    zooms = {name: state["zoom"] for name, state in found.items() if isinstance(state, dict)}
    bench.equal(zooms["begin"], 1, "zoom at first")
    bench.check(zooms["wheel"] > 1.3 and found["wheel"]["scroll"] == found["drag"]["scroll"], f"the wheel: {found['wheel']}")
    bench.check(found["wheel"]["radius"] < found["begin"]["radius"], "points keep about their size on the screen")
    bench.check(found["drag"]["transform"] != found["wheel"]["transform"] and zooms["drag"] == zooms["wheel"], f"dragging: {found['drag']}")
    bench.equal((zooms["reset"], zooms["button"], zooms["buttonOut"]), (1, 1.6, 1), "zoom by buttons")
    bench.equal((zooms["key +"], zooms["key -"], zooms["key 0"]), (2.56, 1.6, 1), "zoom by keys")
    bench.check(found["key ArrowRight"]["transform"] != found["key +"]["transform"] != found["key ArrowDown"]["transform"], "arrows")
    for text, row in zip(found["places"], most):
        _, count, countries = text.split("\n")
        bench.equal(number_in(count), number_in(row[2]), f"{text!r}: requests")
        same = [other for other in most if other[2] == row[2]]
        bench.check(any(text.startswith(f"About {other[0]}\n") and set(countries.split(", ")) == set(other[1]) for other in same), f"{text!r}, {same}")
    bench.equal(found["back"], found["places"][-2], "the place before")
    dominant = found["back"].split("\n")[2].split(", ")[0]
    bench.equal(found["enter"]["chips"], [f"Country: {dominant}"], "Enter on a place")
    bench.equal(found["enterAgain"]["chips"], [], "Enter again")
    bench.equal(found["shape"]["chips"], ["Country: France"], "a click on France")
    bench.equal(found["point"]["chips"], [], "a click on a place in France")


def test_time(bench):
    seen, data = made(bench)
    shares = (0.1, 0.5, 0.635, 0.9)
    drag = (10.04 / 96, 31.97 / 96)  # the ends need not be met exactly
    found = bench.browse({"do": "time", "url": bench.page(data).as_uri(), "shares": shares, "drag": drag})[0]
    table = expected_page.time_table(seen, Filter(), STEP_S)
    for share, text in zip(shares, found["tooltips"]):
        row, lines = table[int(share * 96)], text.split("\n")
        counts = [f"{name}: {n}" for name, n in zip(report_model.STATUSES, row[2:8]) if n != "0"]
        bench.equal(lines[1:], [expected_page.requests(number_in(row[8])), *counts, row[9]], f"what is said at {share}")
        begin = START_S + int(share * 96) * STEP_S
        bench.equal(lines[0], f"{expected_page.span(begin, begin + STEP_S)} UTC", "its time")
    dragged = Filter(begin=START_S + 10 * STEP_S, end=START_S + 32 * STEP_S)
    Compared(bench, "dragged", found["dragged"], expected_page.reading(seen, dragged, STEP_S, FACTS)).all()
    bench.equal(found["dragged"]["chips"], [f"Time: {expected_page.span(dragged.begin, dragged.end)}"], "the range that was dragged")
    bench.equal(found["clicked"], [], "a click takes the range away")


def test_keyboard(bench):
    _, data = made(bench)
    found = bench.browse({"do": "keyboard", "url": bench.page(data).as_uri(), "country": "Germany"})[0]
    bench.check(found["wanted"] > 40, f"{found['wanted']} things to work")
    bench.equal(found["missed"], [], "what Tab does not reach")
    bench.equal(found["faint"], [], "where the focus cannot be seen")
    chips = ["Country: Germany", "Verdict: spoofed-leftmost", "Status: 4xx"]
    for count, name in enumerate(("country", "verdict", "status"), 1):
        bench.equal(found[name]["chips"], chips[:count], f"{name} by key")
        bench.check('aria-pressed="true"' in found[name]["focus"], f"the focus stays: {found[name]['focus']}")
    bench.equal(found["from"]["chips"][3:], [f"Time: {expected_page.span(START_S, START_S + 2 * 86400)}"], "from, by key")
    bench.equal(found["to"]["chips"][3:], [f"Time: {expected_page.span(START_S, START_S + STEP_S)}"], "to, by key")
    bench.equal(found["chip"]["chips"][:1], ["Verdict: spoofed-leftmost"], "a filter taken off")
    bench.check('class="chip"' in found["chip"]["focus"], f"the focus goes to the next one: {found['chip']['focus']}")
    bench.equal(found["clear"]["chips"], [], "all taken off")
    bench.check("time-from" in found["clear"]["focus"], f"the focus is not lost: {found['clear']['focus']}")
    bench.equal(found["networks"], 36, "all networks")
    bench.equal(found["tableRows"], 96, "rows of a table that was opened by key")
    bench.equal(found["skip"], "main", "skipping to the report")


def test_accessible(bench):
    _, data = made(bench)
    page = bench.page(data).as_uri()
    looks = [(width, scheme) for width in WIDTHS for scheme in SCHEMES]
    pages = [{"do": "axe", "url": url, "width": width, "scheme": scheme, "bypass": True}
             for url in (page, bench.page(None, "empty.html").as_uri()) for width, scheme in looks]
    for step, found in zip(pages, bench.browse(*pages)):
        what = f"{pathlib.Path(step['url']).name}, {step['width']} pixels, {step['scheme']}"
        bench.check(found["passes"] > 15, f"{what}: {found['passes']} rules were looked at")
        bench.equal([one for one in found["violations"] if one["impact"] in ("serious", "critical")], [], what)
        bench.equal([one["id"] for one in found["violations"]], [], f"{what}: lesser ones")
        bench.equal(found["sideways"], 0, f"{what}: pixels that stand out")


def test_pictures(bench):
    _, data = made(bench)
    url = bench.page(data).as_uri()
    bench.output.mkdir(parents=True, exist_ok=True)
    steps = [{"do": "picture", "url": url, "width": width, "scheme": scheme, "full": True, "to": str(bench.output / f"page-{width}-{scheme}.png")}
             for width in WIDTHS for scheme in SCHEMES]
    steps.append({"do": "picture", "url": url, "width": 1200, "height": 720, "to": str(bench.output / "page-readme.jpg")})
    bench.equal(bench.browse(*steps), [0] * 5, "pixels that stand out at the side")
    for step in steps:
        bench.check(pathlib.Path(step["to"]).stat().st_size > 10000, f"{step['to']} is empty")
    size = (bench.output / "page-readme.jpg").stat().st_size
    bench.check(size < PICTURE_MAX, f"the picture for the README has {size} bytes")
    print(f"       pictures are in {bench.output}")


def test_csv(bench):
    """All rows, bare numbers, quoted as RFC 4180 has it, and nothing that a spreadsheet takes for a formula."""
    data = hostile_data.benign()
    data["verdicts"][0]["name"] = '=HYPERLINK("x"),\r\n+1'
    data["clients"][0].update(address="@SUM(1)", error=12)
    url = bench.page(data).as_uri()
    verdicts, clients = bench.browse({"do": "csv", "url": url, "section": "verdicts"}, {"do": "csv", "url": url, "section": "talkers"})
    bench.equal(len(set(verdicts["copied"])), 1, "the same with and without a clipboard")
    bench.equal(len(verdicts["copied"]), 2, "copies")
    bench.equal(verdicts["said"], "Copied 2 rows.", "what is said")
    bench.check('"\'=HYPERLINK(""x""),\\u000d\\u000a+1",' in verdicts["copied"][0], f"a formula: {verdicts['copied'][0]!r}")
    bench.check(verdicts["copied"][0].startswith("Verdict,Meaning,Client known,Requests,Share (%)\r\n"), f"{verdicts['copied'][0]!r:.200}")
    bench.check("\r\n'@SUM(1)," in clients["copied"][0] and ",1200,1212," in clients["copied"][0], f"{clients['copied'][0]!r:.300}")


def test_bounds(bench):
    """What is not certain is said to be not certain, and what is not told apart has a row of its own."""
    data = hostile_data.benign()
    data["networks"] = data["networks"][:1]
    data["networks_all"] = 5
    read = bench.browse({"do": "read", "url": bench.page(data).as_uri()})[0][-1]
    bench.equal([row[3] for row in read["talkers"]], ["1,200", "7 to 11"], "requests of clients")
    bench.equal([row[3:5] + row[8:] for row in read["tables"]["talkers"]["rows"]], [["1,200", "1,200", "yes"], ["7", "11", "no"]], "bounds of clients")
    bench.check("for certain" in read["about"]["talkers"], read["about"]["talkers"])
    bench.equal([[bar["label"], bar["value"].split("\u00a0")[0], bar["note"][:14]] for bar in read["bars"]["networks"]],
                [["one (AS64500)", "1,230", "1,230 to 1,233"], ["All others", "7", ""]], "networks")
    bench.check("The 1 largest of 5 counts" in read["about"]["networks"], read["about"]["networks"])
    bench.check(read["figures"][1] == ["Clients, about", "2", "in the whole report, give or take 1.6\u00a0%"], f"{read['figures'][1]}")
    bench.equal(read["figures"][3][1], "4.6\u00a0EB", "more bytes than a double can count")


def test_hostile(bench):
    """Whatever texts say, they are texts."""
    plain, nasty, huge = hostile_data.benign(), hostile_data.hostile(), hostile_data.huge()
    urls = [bench.page(data, f"{name}.html").as_uri() for name, data in (("plain", plain), ("nasty", nasty), ("huge", huge))]
    before, found, much = (read[-1] for read in bench.browse(*({"do": "read", "url": url} for url in urls)))
    for name, read in (("nasty", found), ("huge", much)):
        bench.equal((read["hacked"], read["odd"], read["scripts"]), (None, 0, 2), f"{name}: what must not run")
        bench.equal(read["elements"], before["elements"], f"{name}: elements")
    text = repr([found["bars"], found["tables"], found["facts"], found["talkers"], found["matrix"], found["summary"], found["footer"]])
    for string in hostile_data.strings_of(nasty):
        bench.check(repr(hostile_data.shown(string))[1:-1] in text or repr(hostile_data.shown(string))[1:-1] in text.replace("\\'", "'"),
                    f"it is not shown as it is: {string!r:.200}")
    bench.check(all(len(row[0]) < 400 for table in much["tables"].values() if table for row in table["rows"]), "a text of a megabyte is shown cut")
    bench.check("(1,048,576 characters)" in repr(much["facts"]), "and it is said how long it is")
    # should the escaping ever fail, the policy of the page still holds
    raw = bench.template.replace(">null</script>", ">null</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>", 1)
    (bench.directory / "raw.html").write_text(raw, encoding="utf-8")
    url = (bench.directory / "raw.html").as_uri()
    read = bench.browse({"do": "read", "url": url, "served": True})[0][-1]
    bench.equal((read["hacked"], read["scripts"], read["odd"]), (None, 3, 1), "a script that got in")


def test_empty(bench):
    _, nothing = [], {**report_model.model([], STEP_S, {}), "records": {"read": 7, "written": 0, "rejected": 7, "skipped": 0}}
    found = bench.browse(*({"do": "read", "url": bench.page(data, f"empty{i}.html").as_uri()} for i, data in enumerate((None, nothing))))
    for read in found:
        bench.equal((read[-1]["empty"], read[-1]["figures"]), (True, []), "an empty page")
    bench.check(any("7 lines read: 0 are in this report, 7 rejected" in text for text in found[1][-1]["facts"]), f"{found[1][-1]['facts']}")


def test_large(bench):
    """As many cells as a report may have."""
    data = hostile_data.large()
    cells = sum(len(row["cells"]) // 2 for table in ("groups", "tiles", "networks", "clients", "residency") for row in data[table])
    bench.check(290_000 <= cells <= 300_000, f"{cells} cells")
    path = bench.page(data)
    size = path.stat().st_size
    bench.check(size < PAGE_MAX, f"{size} bytes")
    found = bench.browse({"do": "opening", "url": path.as_uri()})[0]
    bench.equal(found["chips"], 1, "a filter")
    print(f"       {data['records']['written']:,} records, {cells:,} cells: {size:,} bytes; loaded after {found['loaded']:.0f} ms, first painted after "
          f"{found['painted'] or 0:.0f} ms, ready after {found['now']:.0f} ms; a filter takes {found['filtered']:.0f} ms")


def test_live(bench):
    """New data comes in, filters and the rest stay; a server that does not answer, and the end, are said."""
    lines = made_records.lines(3000)
    early, late, final = (report_model.model(lines[:count], step, {**FACTS, "live": True, "ended": ended})
                          for count, step, ended in ((1000, 1800, False), (2000, 1800, False), (3000, 3600, True)))
    with LiveServer(report_model.fill(bench.template, early), [early, late, late, None, None, final]) as server:
        found = bench.browse({"do": "live", "url": server.url, "served": True, "country": "Germany"})[0]
    german = [sum(expected_page.Seen(line).country == "DE" for line in lines[:count]) for count in (1000, 2000, 3000)]
    for name, count in zip(("begin", "changed", "ended"), german):
        bench.equal(found[name]["figures"][0].startswith(f"Requests{count:,}"), True, f"{name}: {found[name]['figures']}, {count}")
    for name, state in found.items():
        bench.equal(state["chips"], ["Country: Germany"], f"{name}: the filter")
        bench.equal(state["zoom"], "1.600", f"{name}: the zoom")
        bench.check(state["focus"].startswith("Germany"), f"{name}: the focus is on {state['focus']!r:.80}")
    bench.equal((found["begin"]["rows"], found["ended"]["rows"]), (96, 48), "rows of the table that is open")
    bench.check(found["changed"]["status"].startswith("Live, updated "), found["changed"]["status"])
    bench.check(found["lost"]["status"].startswith("No answer since "), found["lost"]["status"])
    bench.equal(server.asked, 6, "nobody asks when the run has ended")
    bench.equal(set(server.paths), {"/", "/data.json"}, "what is asked for")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("--wherefrom", "--generate", "--shared"):
        parser.add_argument(name, help=argparse.SUPPRESS)  # all runners are called alike; this one needs none of these
    parser.add_argument("--template", "--page", type=pathlib.Path, default=PAGE / "report.html", help="the page without data")
    parser.add_argument("--node-modules", type=pathlib.Path, metavar="DIR", help="folder whose node_modules has playwright-core and axe-core")
    parser.add_argument("--work", type=pathlib.Path, metavar="DIR", help="where packages of npm are put (default: beside the program, or a scratch folder)")
    parser.add_argument("--output", type=pathlib.Path, metavar="DIR", help="where pictures go (default: in the work folder)")
    parser.add_argument("--test", action="append", metavar="GLOB", help="only the groups of this name; may be repeated")
    options = parser.parse_args()
    lacks = missing()
    if lacks is not None:
        print(f"left out: this machine has no {lacks}")
        return 77
    report = Report()
    with scratch() as rest:
        if options.work is None:
            options.work = pathlib.Path(options.wherefrom).resolve().parent / "page-tests" if options.wherefrom else pathlib.Path(rest)
        options.output = (options.output or options.work / "pictures").resolve()
        if options.node_modules is None:
            options.node_modules = options.work.resolve() / "browser"
            install(HERE, options.node_modules)
        for name, function in [(name.removeprefix("test_"), one) for name, one in globals().items() if name.startswith("test_")]:
            if any(fnmatch.fnmatch(name, glob) for glob in options.test or ["*"]):
                with scratch() as directory, report.group(name):
                    function(Bench(options, report, pathlib.Path(directory)))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
