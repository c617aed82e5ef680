"""What the tests of the command line tool share: a store in a fresh folder, running the tool, and
reading what it says.

    python3 commands.py PROGRAM [unittest arguments]

Ends with the line that the run's report counts: spind-test: cases N failed N skipped N.
"""
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
import uuid
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
SEED = int(os.environ.get("SPIND_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
EFFORT = os.environ.get("SPIND_EFFORT", "ci")
# Set: stores keep their bytes in the bucket that tests/s3/on_server.sh gives, each under a prefix.
IN_BUCKET = "SPIND_TEST_IN_BUCKET" in os.environ


class Answer:
    """What one run of the tool gave: its exit status, the objects, and the raw text."""

    def __init__(self, done: subprocess.CompletedProcess):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def rows(self) -> list[dict]:
        return [json.loads(line) for line in self.out.decode().splitlines()]

    @property
    def row(self) -> dict:
        return self.rows[-1]

    @property
    def errors(self) -> list[dict]:
        return [row["error"] for row in self.rows if "error" in row]

    @property
    def files(self) -> list[dict]:
        return [row for row in self.rows if row.get("event") == "file"]


class ToolCase(unittest.TestCase):
    """A fresh store with the space "s", and a folder for local files."""

    maxDiff = None

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="spind-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.store = self.folder / "store"
        self.local = self.folder / "local"
        self.local.mkdir()
        self.random = random.Random(SEED)
        self.place = {}
        if IN_BUCKET:
            self.place = {"SPIND_BLOBS": f"{os.environ['SPIND_TEST_S3']}/{uuid.uuid4().hex}",
                          "AWS_ENDPOINT_URL_S3": os.environ["SPIND_TEST_S3_ENDPOINT"],
                          "SPIND_ALLOW_UNFENCED": "1"}
        self.spind("init")
        self.spind("space", "create", "s")

    def environment(self, acting: str = "ada") -> dict:
        return {**os.environ, "SPIND_STORE": str(self.store), "SPIND_USER": acting,
                "TZ": "UTC", "LC_ALL": "C.UTF-8", **self.place}

    def run_tool(self, *words, acting: str = "ada", data: bytes = b"", **options) -> Answer:
        done = subprocess.run([PROGRAM, *words], input=data, capture_output=True, timeout=250,
                              env=self.environment(acting), **options)
        return Answer(done)

    def spind(self, *words, expect: int = 0, **options) -> Answer:
        """With --json; fails the test at another exit status than the expected one."""
        answer = self.run_tool(*words, "--json", **options)
        self.assertEqual(answer.status, expect, (words, answer.out[-2000:], answer.err[-2000:]))
        return answer

    def start(self, *words, **options) -> subprocess.Popen:
        return subprocess.Popen([PROGRAM, *words], env=self.environment(), **options)

    def error(self, *words, expect: int = 1, **options) -> dict:
        """The one error that a command answers."""
        answer = self.spind(*words, expect=expect, **options)
        self.assertEqual(len(answer.errors), 1, answer.out)
        error = answer.errors[0]
        self.assertEqual(list(error), ["code", "text", "path", "retryable"])
        return error

    def write(self, name: str, content: bytes = b"content") -> Path:
        path = self.local / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def write_tree(self, files: int, size_max: int = 40_000) -> dict[str, bytes]:
        """Files of many sizes in folders of several depths: name -> content."""
        tree = {}
        for i in range(files):
            depth = self.random.randrange(4)
            name = "/".join([f"d{self.random.randrange(5)}" for _ in range(depth)] + [f"f{i}"])
            tree[name] = self.random.randbytes(self.random.randrange(size_max))
            self.write(name, tree[name])
        return tree

    def check_is_clean(self):
        self.assertEqual(self.spind("check", "--content").row["findings"], 0)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main():
    print(f"spind-test: seed {SEED}", flush=True)
    program = unittest.main(argv=[sys.argv[0], *sys.argv[2:]], exit=False, verbosity=2)
    result = program.result
    failed = len(result.failures) + len(result.errors)
    for case, reason in result.skipped:
        print(f"spind-test: skipped {case.id()} ({reason})")
    print(f"spind-test: cases {result.testsRun} failed {failed} skipped {len(result.skipped)}")
    sys.exit(1 if failed else 0)
