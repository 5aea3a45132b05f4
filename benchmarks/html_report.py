"""Time, memory and size of the HTML report of a large run: 565 cases of 1,300 characters.

``python benchmarks/html_report.py [CASES]`` prints one line; with playwright and a Chromium it
also says how long the page takes until its case list can be used.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.run.report_page.command import report_html
from pytest_pet2rep.run.runfiles import CaseText, RunData
from pytest_pet2rep.types import Kind, Language, Outcome, Record

LETTERS = 1300
SENTENCES = {
    "normal": "{organ}形态正常，FDG摄取未见异常。",
    "increased": "{organ}见结节影，大小约1.{number}cm，FDG摄取增高，SUVmax约6.{number}。",
    "absent": "{organ}见囊状低密度灶，FDG摄取缺失。",
}


def main() -> None:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 565
    run = synthetic_run(cases)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.html")
        begun, busy = time.perf_counter(), time.process_time()
        path.write_text(report_html(run, path=path), encoding="utf-8")
        seconds, busy = time.perf_counter() - begun, time.process_time() - busy
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size = path.stat().st_size / 1e6
        print(
            f"{cases} cases: {seconds:.1f} s ({busy:.1f} s of CPU), peak {peak:.0f} MiB, "
            f"page {size:.1f} MB"
        )
        opening(path)


def synthetic_run(cases: int) -> RunData:
    """Return a run whose reports differ from each other and from their references."""
    profile = load_profile("pet2rep19")
    records, texts = [], {}
    for number in range(cases):
        case = f"SYN-{number:04d}"
        reference, generated = [], []
        for at, organ in enumerate(profile.organs):
            expected = "increased" if (number + at) % 9 == 0 else "normal"
            said = "absent" if (number * 7 + at) % 13 == 0 else expected
            for side, state in ((reference, expected), (generated, said)):
                side.append(SENTENCES[state].format(organ=organ.zh, number=(number + at) % 10))
            records.append(_record(case, organ.id, expected, said))
        pair = [_filled("".join(side), number) for side in (reference, generated)]
        texts[case, 0] = CaseText(
            case=case, language=Language.ZH, sex="F", age=60, reference=pair[0], generated=pair[1]
        )
    return RunData(
        run_id="0" * 32,
        card={"model": {"spec": "synthetic"}, "cohort": {"name": "synthetic"}},
        profile=profile,
        planned=(),
        holes=(),
        records=tuple(records),
        texts=texts,
        verdict="pass",
        exit={"code": 0, "reason": ""},
    )


def _record(case: str, organ: str, expected: str, said: str) -> Record:
    missed = expected != said
    wrong = Kind.WRONG_STATE if expected != "normal" else Kind.FALSE_ALARM
    return Record(
        cohort="synthetic",
        case=case,
        check="uptake",
        organ=organ,
        outcome=Outcome.MISS if missed else Outcome.HIT,
        kind=wrong if missed else Kind.NONE,
        failed=missed,
        expected=(expected,),
        generated=(said,),
        source="extracted",
    )


def _filled(text: str, number: int) -> str:
    filler = f"影像所见：第{number}例。" + text
    while len(filler) < LETTERS:
        filler += "余所见各层面未见异常密度影，骨质结构完整，FDG摄取未见异常。"
    return filler[:LETTERS]


def opening(path: Path) -> None:
    """Say how long a browser needs to show the page, and one case of it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        browser = None
    if browser is None:
        print("no browser here: opening is not measured")
        return
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page()
        page.goto(path.as_uri(), wait_until="load")
        loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        painted = page.evaluate(
            "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"
        )
        case = page.evaluate(
            "() => { const begun = performance.now();"
            " showCase(allRows[0]); return performance.now() - begun; }"
        )
        filtering = page.evaluate(
            "() => { document.getElementById('filter-organ').value = 'liver';"
            " const begun = performance.now(); filter(); return performance.now() - begun; }"
        )
        chromium.close()
    print(
        f"first paint {painted:.0f} ms, loaded {loaded:.0f} ms, a case {case:.0f} ms, "
        f"a filter {filtering:.0f} ms"
    )


if __name__ == "__main__":
    main()
