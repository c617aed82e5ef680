"""Runs the quickstart on a small folder, with the build that the tests use, and looks at its rows.

Its report, quickstart.json, is the quickstart's own.
"""
import json
import os
import subprocess
import tempfile
from pathlib import Path

from harness import PROGRAM, ToolCase, main

ROOT = Path(__file__).resolve().parents[2]
STEPS = ["folder", "packages", "build", "init", "space create", "put", "ls", "verify", "get",
         "overwrite", "earlier version", "versions", "trash", "feed", "rewind", "kill",
         "check after kill", "acknowledged", "checkpoint", "scrub", "times"]


class Quickstart(ToolCase):
    def test_it_passes_on_a_small_folder(self):
        self.write_tree(400)
        (self.local / "link").symlink_to("nowhere")
        reports = Path(os.environ.get("SPIND_REPORTS", self.folder / "reports"))
        before = set(Path(tempfile.gettempdir()).glob("spind-quickstart-*"))
        done = subprocess.run(
            ["bash", ROOT / "examples/quickstart.sh", self.local], cwd=self.folder, timeout=800,
            env={**os.environ, "SPIND_REPORTS": str(reports),
                 "SPIND_BUILD": str(PROGRAM.parents[1])}, capture_output=True)
        print(done.stdout.decode(), flush=True)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        rows = json.loads((reports / "quickstart.json").read_text())
        self.assertEqual([row["step"] for row in rows], STEPS)
        for row in rows:
            self.assertEqual(list(row), ["step", "ok", "seconds"])
            self.assertTrue(row["ok"])
        self.assertEqual(set(Path(tempfile.gettempdir()).glob("spind-quickstart-*")), before)

    def test_it_fails_loudly(self):
        done = subprocess.run(["bash", ROOT / "examples/quickstart.sh", self.local / "none"],
                              capture_output=True, timeout=100,
                              env={**os.environ, "SPIND_REPORTS": str(self.folder / "reports"),
                                   "SPIND_BUILD": str(PROGRAM.parents[1])})
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"FAILED", done.stderr)
        rows = json.loads((self.folder / "reports" / "quickstart.json").read_text())
        self.assertFalse(rows[-1]["ok"])


if __name__ == "__main__":
    main()
