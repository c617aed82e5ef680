"""The completion scripts, as the shells read them."""
import subprocess

from harness import ToolCase, main


class Completion(ToolCase):
    def offered(self, *words: str) -> set[str]:
        """What bash offers for the last of `words`."""
        line = ('source /dev/stdin; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _spind; '
                'printf "%s\\n" "${COMPREPLY[@]}"')
        script = self.run_tool("completion", "bash").out
        done = subprocess.run(["bash", "-c", line, "bash", "spind", *words], input=script,
                              capture_output=True, timeout=20, cwd=self.local, check=True)
        self.assertEqual(done.stderr, b"")
        return set(done.stdout.decode().split())

    def test_bash_offers_commands_subcommands_options_and_files(self):
        self.assertLessEqual({"put", "get", "space", "--store"}, self.offered(""))
        self.assertEqual(self.offered("ver"), {"verify", "version", "versions"})
        self.assertLessEqual({"create", "list", "info", "set"}, self.offered("space", ""))
        self.assertLessEqual({"add", "rm", "list"}, self.offered("favourite", ""))
        self.assertLessEqual({"pin", "thin"}, self.offered("versions", ""))
        self.assertEqual(self.offered("put", "--rec"), {"--recursive"})
        self.assertEqual(self.offered("--json", "get", "--ver"), {"--version"})
        self.assertEqual(self.offered("completion", "z"), {"zsh"})
        self.write("photo.jpg")
        self.assertEqual(self.offered("put", "pho"), {"photo.jpg"})

    def test_fish_offers_the_same(self):
        script = self.folder / "completion.fish"
        script.write_bytes(self.run_tool("completion", "fish").out)
        for line, words in (("ver", {"verify", "version", "versions"}),
                            ("space cr", {"create"}), ("put --rec", {"--recursive"}),
                            ("trash s: em", {"empty"}), ("completion z", {"zsh"})):
            done = subprocess.run(["fish", "-c", f"source {script}; complete -C 'spind {line}'"],
                                  capture_output=True, timeout=20, cwd=self.local, check=True)
            offered = {row.split("\t")[0] for row in done.stdout.decode().splitlines()}
            self.assertEqual(offered, words, line)

    def test_every_script_is_valid(self):
        for shell, check in (("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]),
                             ("fish", ["fish", "--no-execute"])):
            script = self.folder / f"completion.{shell}"
            script.write_bytes(self.run_tool("completion", shell).out)
            self.assertGreater(script.stat().st_size, 1_000)
            done = subprocess.run([*check, script], capture_output=True, timeout=20)
            self.assertEqual((done.returncode, done.stderr), (0, b""))


if __name__ == "__main__":
    main()
