"""Makes tests.json out of what ctest wrote, and refuses what was skipped without a reason.

    report.py CTEST_XML TESTS_JSON LABEL...

Says nothing and exits with 0 if each LABEL ran a test and each skipped one stands in skips.txt.
"""
import json
import os
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def read_skips(path: Path) -> dict[str, str]:
    """Name of a test or test case -> why it may be skipped."""
    skips = {}
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.partition(" -- ")
            if not reason.strip():
                sys.exit(f"{path.name}: no reason after ' -- ': {line}")
            skips[name.strip()] = reason.strip()
    return skips


def label_of(case: xml.Element) -> str:
    for item in case.iter("property"):
        if item.get("name") == "cmake_labels":
            return item.get("value", "")
    return case.get("name", "").partition(".")[0]


def main() -> int:
    source, target, *labels = sys.argv[1:]
    skips = read_skips(Path(__file__).with_name("skips.txt"))
    rows = {
        label: {"label": label, "ran": 0, "failed": 0, "skipped": 0, "seconds": 0.0,
                "seed": int(os.environ["SPIND_SEED"])}
        for label in dict.fromkeys(labels)
    }
    skipped = []
    for case in xml.parse(source).getroot().iter("testcase"):
        row = rows[label_of(case)]
        row["seconds"] = round(row["seconds"] + float(case.get("time", 0)), 3)
        output = case.findtext("system-out") or ""
        status = case.get("status")
        if status not in ("run", "fail"):  # notrun, disabled
            row["skipped"] += 1
            skipped.append(case.get("name"))
            continue
        counts = re.findall(r"^spind-test: cases (\d+) failed (\d+) skipped (\d+)$", output, re.M)
        ran, failed, left_out = (sum(map(int, column)) for column in zip(*counts)) if counts \
            else (1, 0, 0)
        row["ran"] += ran
        row["failed"] += max(failed, 1) if status == "fail" else failed
        row["skipped"] += left_out
        skipped += re.findall(r"^spind-test: skipped (.*)$", output, re.M)
        if status == "run" and ran == 0:
            skipped.append(case.get("name"))

    Path(target).write_text(json.dumps(list(rows.values()), indent=1) + "\n")

    problems = [f"skipped, and not in tests/skips.txt: {name}" for name in skipped
                if name not in skips]
    problems += [f"no test ran under the label {row['label']}" for row in rows.values()
                 if row["ran"] + row["failed"] == 0]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
