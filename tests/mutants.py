"""Plants each bug of mutants.txt in a built copy of the tree and runs the tests that it names.

    mutants.py TREE BUILD [NAME...]
    mutants.py --match TREE           only whether each still has its place, and its row in README.md
"""
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Mutant:
    name: str
    what: str = ""
    tests: list[str] = field(default_factory=list)
    file: str = ""
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


def read_mutants(path: Path) -> list[Mutant]:
    mutants = []
    for line in path.read_text().splitlines():
        if line.startswith("["):
            mutants.append(Mutant(line.strip("[]")))
        elif line.startswith("What: "):
            mutants[-1].what = line[6:]
        elif line.startswith("Tests: "):
            mutants[-1].tests = line[7:].split()
        elif line.startswith("File: "):
            mutants[-1].file = line[6:]
        elif line.startswith("- "):
            mutants[-1].old.append(line[2:])
        elif line.startswith("+ "):
            mutants[-1].new.append(line[2:])
        elif line.strip() and not line.startswith("#"):
            sys.exit(f"{path.name}: what is this? {line}")
    return mutants


class Bench:
    def __init__(self, tree: Path, build: Path):
        self.tree, self.build = tree, build
        self.environment = dict(os.environ, SPIND_EFFORT="fast", SPIND_REPORTS=f"{build}/reports",
                                SPIND_SEED=os.environ.get("SPIND_SEED", "1"))

    def red(self, tests: list[str]) -> list[str]:
        """Builds the programs of the tests, runs them, and answers which failed."""
        programs = [test.replace(".", "_", 1) + "_test" for test in tests]
        built = self.call("cmake", "--build", str(self.build), "--target", *programs)
        if built.returncode != 0:
            sys.exit("\n".join(built.stdout.splitlines()[-30:]) + "\ndoes not build")
        chosen = "^(" + "|".join(map(re.escape, tests)) + ")$"
        ran = self.call("ctest", "--test-dir", str(self.build), "-R", chosen, "--no-tests=error",
                        "--stop-on-failure")
        failed = re.findall(r"^\t +\d+ - (\S+) \(", ran.stdout, re.M)
        if ran.returncode != 0 and not failed:
            sys.exit(ran.stdout)
        return failed

    def call(self, *command: str) -> subprocess.CompletedProcess:
        return subprocess.run(command, env=self.environment, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def plant(self, mutant: Mutant) -> list[str]:
        """Answers which of the mutant's tests noticed it."""
        path = self.tree / mutant.file
        sound = path.read_text()
        old, new = "\n".join(mutant.old), "\n".join(mutant.new)
        if sound.count(old) != 1:
            sys.exit(f"{mutant.name}: {mutant.file} has {sound.count(old)} times: {old}")
        path.write_text(sound.replace(old, new))
        try:
            return self.red(mutant.tests)
        finally:
            path.write_text(sound)


def match(tree: Path) -> int:
    table = (tree / "tests/README.md").read_text()
    lost = []
    for mutant in read_mutants(tree / "tests/mutants.txt"):
        if (tree / mutant.file).read_text().count("\n".join(mutant.old)) != 1:
            lost.append(f"{mutant.name}: {mutant.file} does not have its text once")
        if f"| {mutant.name} |" not in table:
            lost.append(f"{mutant.name}: has no row in tests/README.md")
    print("\n".join(lost) or "each mutant has its place")
    return 1 if lost else 0


def main() -> int:
    if sys.argv[1] == "--match":
        return match(Path(sys.argv[2]))
    tree, build, *names = sys.argv[1:]
    mutants = [mutant for mutant in read_mutants(Path(__file__).with_name("mutants.txt"))
               if not names or mutant.name in names]
    bench = Bench(Path(tree), Path(build))
    red = bench.red(sorted({test for mutant in mutants for test in mutant.tests}))
    if red:
        print("red without a bug:", *red)
        return 1

    unnoticed = 0
    with open(Path(os.environ["SPIND_REPORTS"]) / "mutants.md", "w") as table:
        def row(*cells: str) -> None:
            for out in (sys.stdout, table):
                print("| " + " | ".join(cells) + " |", file=out, flush=True)
        row("mutant", "what", "noticed by")
        row("---", "---", "---")
        for mutant in mutants:
            noticed = bench.plant(mutant)
            unnoticed += not noticed
            row(mutant.name, mutant.what, " ".join(noticed) or "**nothing**")
    print(f"{len(mutants)} bugs planted, {unnoticed} unnoticed")
    return 1 if unnoticed or not mutants else 0


if __name__ == "__main__":
    sys.exit(main())
