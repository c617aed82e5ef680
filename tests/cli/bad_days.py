"""Bad input and bad days, as the user of the tool meets them."""
import resource
import subprocess
import unicodedata

from harness import PROGRAM, ToolCase, main


class Names(ToolCase):
    def test_names_that_no_node_can_have_are_refused(self):
        for path in ("s:/a/../b", "s:/.", "s:/a\nb", "s:/\x7f", "s:/" + "x" * 256):
            with self.subTest(path=path):
                code = self.error("put", "-", path, data=b"x")["code"]
                self.assertIn(code, ("invalid_argument", "name_too_long"))
        self.assertEqual(self.spind("ls", "-r", "s:/").rows, [])

    def test_a_name_of_255_bytes_is_stored_and_comes_back(self):
        name = "ü" * 127 + "x"
        self.write(name, b"x")
        self.spind("put", "-r", str(self.local), "s:/x")
        self.spind("get", "-r", "s:/x", str(self.folder / "back"))
        self.assertEqual((self.folder / "back" / name).read_bytes(), b"x")

    def test_normal_forms_are_kept_as_given(self):
        names = [unicodedata.normalize(form, "Übung ﬁ") for form in ("NFC", "NFD")]
        for name in names:
            self.write(name, name.encode())
        self.spind("put", "-r", str(self.local), "s:/x")
        paths = {row["path"] for row in self.spind("ls", "s:/x").rows}
        self.assertEqual(paths, {f"/x/{name}" for name in names})

    def test_a_folding_space_refuses_the_second_of_two_alike(self):
        self.spind("space", "create", "t", "--names", "folded")
        self.write("Readme")
        self.write("README")
        answer = self.spind("put", "-r", str(self.local), "t:/x", expect=1)
        self.assertEqual(len(answer.files), 1)
        self.assertEqual([error["code"] for error in answer.errors], ["already_exists"])

    def test_odd_but_valid_names_are_stored_and_come_back(self):
        for name in ("-rf", "--json", "a b", "'", '"', "\\", "$(x)", "*", "...", "!42", "a:b", " "):
            self.write(f"odd/{name}", name.encode())
        self.spind("put", "-r", str(self.local), "s:/x")
        self.spind("verify", str(self.local), "s:/x")
        self.spind("get", "-r", "s:/x", str(self.folder / "back"))
        self.spind("verify", str(self.folder / "back"), "s:/x")
        self.assertEqual(self.run_tool("cat", "s:/x/odd/!42").out, b"!42")


class Stores(ToolCase):
    def test_a_store_that_is_open_elsewhere_is_busy_and_names_the_holder(self):
        process = self.start("put", "-", "s:/f", stdin=-1, stdout=-1)
        process.stdin.write(b"x" * 3_000_000)
        process.stdin.flush()
        try:
            for _ in range(200):
                answer = self.run_tool("ls", "s:/", "--json")
                if answer.status != 0:
                    break
            error = answer.errors[0]
            self.assertEqual((error["code"], error["retryable"]), ("busy", True))
            self.assertIn(str(process.pid), error["text"])
        finally:
            process.stdin.close()
            process.stdout.read()
            process.stdout.close()
            self.assertEqual(process.wait(timeout=50), 0)
        self.assertEqual(self.spind("stat", "s:/f").row["size"], 3_000_000)

    def test_a_folder_that_is_no_store_is_left_alone(self):
        self.write("f")
        self.assertIn(self.error("ls", "s:/", "--store", str(self.local))["code"],
                      ("not_found", "invalid_argument"))
        self.assertEqual([path.name for path in self.local.iterdir()], ["f"])

    def test_a_store_whose_file_is_damaged_says_corruption(self):
        self.spind("put", "-", "s:/f", data=self.random.randbytes(3_000_000))
        blobs = [path for path in self.store.rglob("*")
                 if path.is_file() and path.stat().st_size > 2_900_000]
        self.assertTrue(blobs)
        for path in blobs:
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(bytes(content))
        answer = self.run_tool("get", "s:/f", str(self.local / "f"), "--json")
        self.assertEqual(answer.status, 1)
        self.assertEqual(answer.errors[0]["code"], "corruption")
        self.assertEqual(list(self.local.iterdir()), [])
        row = self.spind("check", "--content", expect=3).row
        self.assertGreater(row["findings"], 0)
        self.assertEqual(list(row["details"][0]), ["kind", "space", "node", "text"])

    def test_a_memory_budget_that_is_too_small_is_refused(self):
        self.assertEqual(self.run_tool("ls", "s:/", "--memory", "1M").status, 2)

    def test_the_smallest_memory_budget_works(self):
        self.write_tree(50)
        self.spind("put", "-r", str(self.local), "s:/x", "--memory", "32M")
        self.spind("verify", str(self.local), "s:/x", "--memory", "32M")


class Resources(ToolCase):
    def limited(self, descriptors: int):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        return limit

    def test_too_few_descriptors_are_an_error_and_lose_nothing(self):
        tree = self.write_tree(100)
        seen = set()
        for descriptors in (8, 16, 24, 32, 48, 64, 128):
            answer = self.run_tool("put", "-r", str(self.local), "s:/x", "--json",
                                   preexec_fn=self.limited(descriptors))
            seen.add(answer.status)
            self.assertIn(answer.status, (0, 1))
            if answer.status == 1:
                self.assertGreater(len(answer.errors), 0)
            stored = self.spind("ls", "-r", "s:/").rows
            paths = {row["path"] for row in stored}
            for row in answer.files:
                self.assertIn(row["path"], paths)
        self.assertEqual(seen, {0, 1})
        self.spind("put", "-r", str(self.local), "s:/x")
        self.assertEqual(self.spind("verify", str(self.local), "s:/x").row["same"], len(tree))
        self.check_is_clean()

    def test_a_file_size_limit_while_getting_leaves_no_half_file(self):
        self.spind("put", "-", "s:/f", data=b"x" * 5_000_000)
        command = [str(PROGRAM), "get", "s:/f", str(self.local / "f")]
        done = subprocess.run(
            ["bash", "-c", 'trap "" XFSZ; ulimit -f 2000; exec "$0" "$@"', *command],
            capture_output=True, env=self.environment(), timeout=60)
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(list(self.local.iterdir()), [])


if __name__ == "__main__":
    main()
