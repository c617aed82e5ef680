"""put, get and verify: whole trees, what is skipped, what is reported, what comes back."""
import json
import os
import shutil
import signal
import socket
import threading
import time

from harness import PROGRAM, ToolCase, main, sha256

FILE_FIELDS = ["event", "path", "id", "version", "size", "sha256", "durable"]
# Around every limit between the ways in which bytes are kept.
SIZES = [0, 1, 16 << 10, (16 << 10) + 1, 1 << 20, (1 << 20) + 1, 8 << 20, (9 << 20) + 7]


class OneFile(ToolCase):
    def test_put_acknowledges_with_the_fields(self):
        path = self.write("f", b"hello")
        answer = self.spind("put", str(path), "s:/")
        self.assertEqual(len(answer.rows), 2)
        self.assertEqual(list(answer.rows[0]), FILE_FIELDS)
        self.assertEqual({**answer.rows[0], "id": 0},
                         {"event": "file", "path": "/f", "id": 0, "version": 1, "size": 5,
                          "sha256": sha256(b"hello"), "durable": True})
        self.assertEqual(answer.rows[1],
                         {"event": "done", "files": 1, "bytes": 5, "skipped": 0, "failed": 0})
        self.assertEqual(self.spind("stat", "s:/f").row["mtime_ns"], path.stat().st_mtime_ns)

    def test_put_to_a_name_a_folder_or_nowhere(self):
        path = str(self.write("f"))
        self.spind("mkdir", "s:/d")
        self.assertEqual(self.spind("put", path, "s:/d").files[0]["path"], "/d/f")
        self.assertEqual(self.spind("put", path, "s:/d/g").files[0]["path"], "/d/g")
        self.assertEqual(self.error("put", path, "s:/none/")["code"], "not_found")
        error = self.error("put", path, "s:/none/f")
        self.assertEqual((error["code"], error["path"]), ("not_found", "/none/f"))
        self.assertEqual(self.error("put", path, "s:/d/g/")["code"], "not_a_folder")
        self.assertEqual(self.error("put", str(self.local), "s:/d")["code"], "is_a_folder")
        error = self.error("put", path + "-none", "s:/d")
        self.assertEqual((error["code"], error["text"], error["path"]),
                         ("not_found", "no such file or folder", path + "-none"))

    def test_sizes_around_every_limit_come_back(self):
        for size in SIZES:
            with self.subTest(size=size):
                content = self.random.randbytes(size)
                path = self.write("f", content)
                put = self.spind("put", str(path), "s:/f").files[0]
                self.assertEqual((put["size"], put["sha256"]), (size, sha256(content)))
                target = self.folder / f"out{size}"
                got = self.spind("get", "s:/f", str(target)).files[0]
                self.assertEqual(target.read_bytes(), content)
                self.assertEqual(target.stat().st_mtime_ns, path.stat().st_mtime_ns)
                self.assertEqual((got["path"], got["local"]), ("/f", str(target)))
                self.assertEqual(self.spind("put", "-", "s:/piped", data=content)
                                 .files[0]["sha256"], sha256(content))
                self.assertEqual(self.run_tool("get", "s:/piped", "-").out, content)
        self.check_is_clean()

    def test_an_overwrite_keeps_the_earlier_version(self):
        path = self.write("f", b"first")
        os.utime(path, ns=(0, 1_234_567_890))
        self.spind("put", str(path), "s:/f")
        path.write_bytes(b"second")
        self.assertEqual(self.spind("put", str(path), "s:/f").files[0]["version"], 2)
        old = self.folder / "old"
        self.assertEqual(self.spind("get", "--version", "1", "s:/f", str(old)).files[0]["version"],
                         1)
        self.assertEqual(old.read_bytes(), b"first")
        self.assertEqual(old.stat().st_mtime_ns, 1_234_567_890)
        self.assertEqual(self.run_tool("cat", "s:/f").out, b"second")

    def test_get_writes_into_a_folder_or_as_a_name(self):
        self.spind("put", "-", "s:/f", data=b"x")
        self.spind("get", "s:/f", str(self.local))
        self.assertEqual((self.local / "f").read_bytes(), b"x")
        self.spind("get", "s:/f", cwd=self.folder)
        self.assertEqual((self.folder / "f").read_bytes(), b"x")
        self.assertEqual(self.error("get", "s:/f", str(self.folder / "none/f"))["code"],
                         "not_found")
        self.assertEqual(self.error("get", "s:/", str(self.local))["code"], "is_a_folder")


class Trees(ToolCase):
    def test_a_tree_goes_in_and_comes_back(self):
        tree = self.write_tree(300)
        for size in SIZES:
            tree[f"sizes/{size}"] = self.random.randbytes(size)
            self.write(f"sizes/{size}", tree[f"sizes/{size}"])
        (self.local / "empty" / "folder").mkdir(parents=True)
        answer = self.spind("put", "-r", str(self.local), "s:/x/y")
        self.assertEqual(answer.row, {"event": "done", "files": len(tree),
                                      "bytes": sum(map(len, tree.values())), "skipped": 0,
                                      "failed": 0})
        self.assertEqual({row["path"]: (row["size"], row["sha256"]) for row in answer.files},
                         {f"/x/y/{name}": (len(content), sha256(content))
                          for name, content in tree.items()})
        verified = self.spind("verify", str(self.local), "s:/x/y").row
        self.assertEqual(verified, {"same": len(tree), "different": 0, "missing": 0, "extra": 0,
                                    "differences": []})
        target = self.folder / "back"
        self.assertEqual(self.spind("get", "-r", "s:/x/y", str(target)).row["files"], len(tree))
        self.assert_same_trees(self.local, target)
        self.check_is_clean()

    def assert_same_trees(self, one, other):
        names = sorted(path.relative_to(one) for path in one.rglob("*"))
        self.assertEqual(names, sorted(path.relative_to(other) for path in other.rglob("*")))
        for name in names:
            if (one / name).is_file():
                self.assertEqual((one / name).read_bytes(), (other / name).read_bytes(), name)
            self.assertEqual((one / name).stat().st_mtime_ns, (other / name).stat().st_mtime_ns,
                             name)

    def test_a_second_run_stores_only_what_changed(self):
        tree = self.write_tree(60)
        self.spind("put", "-r", str(self.local), "s:/x")
        before = {row["path"]: row for row in self.spind("ls", "-r", "s:/x").rows}
        again = self.spind("put", "-r", str(self.local), "s:/x").row
        self.assertEqual(again, {"event": "done", "files": 0, "bytes": 0, "skipped": 60,
                                 "failed": 0})
        after = {row["path"]: row for row in self.spind("ls", "-r", "s:/x").rows}
        self.assertEqual(before, after)
        changed = next(iter(tree))
        (self.local / changed).write_bytes(b"changed")
        self.write("new", b"new")
        answer = self.spind("put", "-r", str(self.local), "s:/x")
        self.assertEqual([row["path"] for row in answer.files if row["path"] != "/x/new"],
                         [f"/x/{changed}"])
        self.assertEqual((answer.row["files"], answer.row["skipped"]), (2, 59))
        for path in self.local.rglob("d*"):
            if path.is_dir():
                stored = self.spind("stat", f"s:/x/{path.relative_to(self.local)}").row
                self.assertEqual(stored["mtime_ns"], path.stat().st_mtime_ns)
        all_again = self.spind("put", "-r", "-I", str(self.local), "s:/x").row
        self.assertEqual((all_again["files"], all_again["skipped"]), (61, 0))
        self.spind("verify", str(self.local), "s:/x")

    def test_a_second_get_fetches_only_what_changed(self):
        self.write_tree(20)
        self.spind("put", "-r", str(self.local), "s:/x")
        target = self.folder / "back"
        self.spind("get", "-r", "s:/x", str(target))
        spoilt = next(path for path in target.rglob("*") if path.is_file())
        spoilt.write_bytes(b"spoilt")
        answer = self.spind("get", "-r", "s:/x", str(target))
        self.assertEqual([row["local"] for row in answer.files], [str(spoilt)])
        self.assertEqual(answer.row["skipped"], 19)
        self.spind("verify", str(target), "s:/x")

    def test_what_cannot_be_stored_is_reported_and_the_rest_goes_on(self):
        self.write("good", b"good")
        self.write("sub/good", b"good")
        (self.local / "link").symlink_to("good")
        (self.local / "sub" / "folder-link").symlink_to("..")
        os.mkfifo(self.local / "pipe")
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.local / "socket"))
        self.write("bad\nname")
        with open(os.fsencode(self.local) + b"/broken-\xff", "wb") as file:
            file.write(b"x")
        answer = self.spind("put", "-r", str(self.local), "s:/x", expect=1)
        self.assertEqual(sorted(row["path"] for row in answer.files), ["/x/good", "/x/sub/good"])
        self.assertEqual(answer.row, {"event": "done", "files": 2, "bytes": 8, "skipped": 0,
                                      "failed": 6})
        reported = {error["path"].removeprefix(str(self.local)): error["code"]
                    for error in answer.errors}
        for name in ("/link", "/sub/folder-link", "/pipe", "/socket"):
            self.assertEqual(reported[name], "unsupported")
        self.assertEqual(len(reported), 6)
        self.assertEqual(sum(code == "invalid_argument" for code in reported.values()), 2)
        verified = self.spind("verify", str(self.local), "s:/x", expect=3).row
        self.assertEqual((verified["same"], verified["missing"]), (2, 6))
        (self.local / "bad\nname").unlink()
        os.unlink(os.fsencode(self.local) + b"/broken-\xff")
        self.spind("put", "-r", "--skip-special", str(self.local), "s:/x")
        self.spind("verify", "--skip-special", str(self.local), "s:/x")

    def test_an_unreadable_file_is_reported_and_the_rest_goes_on(self):
        self.write("a", b"a")
        self.write("secret", b"x").chmod(0)
        self.write("closed/b", b"b")
        (self.local / "closed").chmod(0)
        options = {}
        if os.geteuid() == 0:  # who may read everything: let it be done by somebody else
            program = shutil.copy(PROGRAM, self.folder)
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, 65_534, 65_534)
            options = {"executable": program, "user": 65_534, "group": 65_534, "cwd": self.folder}
        answer = self.spind("put", "-r", str(self.local), "s:/x", expect=1, **options)
        self.assertEqual([row["path"] for row in answer.files], ["/x/a"])
        self.assertEqual({(error["path"].removeprefix(str(self.local)), error["code"])
                          for error in answer.errors},
                         {("/secret", "permission_denied"), ("/closed", "permission_denied")})
        (self.local / "closed").chmod(0o755)

    def test_a_file_that_changes_while_it_is_read_is_not_stored(self):
        self.write("steady", b"steady")
        growing = self.write("growing", self.random.randbytes(48 << 20))
        stop = threading.Event()

        def grow():
            with open(growing, "ab", buffering=0) as file:
                while not stop.is_set():
                    file.write(b"x")
                    time.sleep(0.001)

        thread = threading.Thread(target=grow)
        thread.start()
        try:
            answer = self.spind("put", "-r", str(self.local), "s:/x", expect=1)
        finally:
            stop.set()
            thread.join()
        self.assertEqual([row["path"] for row in answer.files], ["/x/steady"])
        self.assertEqual([error["code"] for error in answer.errors], ["aborted"])
        self.assertTrue(answer.errors[0]["retryable"])
        self.assertEqual(self.error("stat", "s:/x/growing")["code"], "not_found")
        self.spind("put", "-r", str(self.local), "s:/x")
        self.spind("verify", str(self.local), "s:/x")

    def test_files_and_folders_in_each_others_place_are_reported(self):
        self.write("a/file")
        self.write("b")
        self.spind("mkdir", "-p", "s:/x/b")
        self.spind("put", "-", "s:/x/a", data=b"in the way")
        answer = self.spind("put", "-r", str(self.local), "s:/x", expect=1)
        self.assertEqual(sorted(error["code"] for error in answer.errors),
                         ["already_exists", "is_a_folder"])

    def test_put_r_of_one_file_puts_it(self):
        self.spind("put", "-r", str(self.write("f")), "s:/f")
        self.assertEqual(self.spind("stat", "s:/f").row["kind"], "file")

    def test_an_interrupted_put_goes_on_where_it_was(self):
        for i in range(4_000):
            self.write(f"d{i % 40}/f{i}", self.random.randbytes(3_000))
        process = self.start("put", "-r", "--json", str(self.local), "s:/x", stdout=-1)
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out = process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=100), 1)
        rows = [json.loads(line) for line in (first + out).splitlines()]
        self.assertEqual(rows[-1]["event"], "done")
        acknowledged = [row for row in rows if row.get("event") == "file"]
        self.assertEqual(rows[-1]["files"], len(acknowledged))
        self.assertLess(len(acknowledged), 4_000)
        codes = [row["error"]["code"] for row in rows if "error" in row]
        self.assertEqual(codes, ["cancelled"])
        again = self.spind("put", "-r", str(self.local), "s:/x").row
        self.assertGreaterEqual(again["skipped"], len(acknowledged))
        self.assertEqual(again["files"] + again["skipped"], 4_000)
        self.spind("verify", str(self.local), "s:/x")
        self.check_is_clean()


class Moves(ToolCase):
    def test_bytes_move_elsewhere_and_come_back(self):
        tree = self.write_tree(120)
        tree["large"] = self.random.randbytes((9 << 20) + 7)
        self.write("large", tree["large"])
        self.spind("put", "-r", str(self.local), "s:/")
        first = dict(self.place)
        here = first.get("SPIND_BLOBS", "folder")
        if here == "folder":
            there = str(self.folder / "elsewhere")
            second = {"SPIND_BLOBS": there}
        else:
            there, second = "folder", {k: v for k, v in first.items() if k != "SPIND_BLOBS"}
        for target, place in ((there, second), (here, first)) * 2:
            # An empty place is asked for, so nothing of the first move is left when the third begins.
            moved = self.spind("blobs", "move", target).row
            self.assertEqual((moved["backend"], moved["damaged"], moved["old_place_emptied"]),
                             (target, 0, True))
            self.assertGreater(moved["bytes"], len(tree["large"]))
            self.assertIn(self.error("ls", "s:")["code"], ("invalid_argument", "conflict"))
            self.place = place
            self.assertEqual(self.spind("blobs", "status").row["backend"], target)
            same = self.spind("verify", str(self.local), "s:/").row
            self.assertEqual((same["same"], same["different"], same["missing"]), (len(tree), 0, 0))
            self.check_is_clean()
            self.spind("put", "-", "s:/after", data=self.random.randbytes(50_000))
            self.spind("rm", "s:/after")


class Verify(ToolCase):
    def setUp(self):
        super().setUp()
        self.tree = {"a": b"a" * 100, "d/b": self.random.randbytes(2_000_000), "d/c": b"",
                     "d/e/f": b"f"}
        for name, content in self.tree.items():
            self.write(name, content)
        self.spind("put", "-r", str(self.local), "s:/x")

    def differences(self) -> dict:
        row = self.spind("verify", str(self.local), "s:/x", expect=3).row
        found = {one["path"]: one["what"] for one in row["differences"]}
        for what in ("different", "missing", "extra"):
            self.assertEqual(row[what], sum(value == what for value in found.values()))
        return found

    def test_one_changed_byte_is_found(self):
        content = bytearray(self.tree["d/b"])
        content[-1] ^= 1
        self.write("d/b", bytes(content))
        self.assertEqual(self.differences(), {"/x/d/b": "different"})

    def test_another_length_is_found(self):
        self.write("d/c", b"x")
        self.write("a", b"a" * 99)
        self.assertEqual(self.differences(), {"/x/d/c": "different", "/x/a": "different"})

    def test_what_only_one_side_has_is_found(self):
        (self.local / "a").unlink()
        self.write("d/aa")
        self.write("zz/deep")
        self.assertEqual(self.differences(),
                         {"/x/a": "extra", "/x/d/aa": "missing", "/x/zz": "missing"})

    def test_a_file_for_a_folder_is_found(self):
        (self.local / "d" / "e" / "f").unlink()
        (self.local / "d" / "e").rmdir()
        self.write("d/e", b"")
        self.assertEqual(self.differences(), {"/x/d/e": "different"})

    def test_people_see_each_difference(self):
        self.write("a", b"A" * 100)
        answer = self.run_tool("verify", str(self.local), "s:/x")
        self.assertEqual((answer.status, answer.out.decode()),
                         (3, "different /x/a\n3 same, 1 different, 0 missing, 0 extra\n"))

    def test_one_file_is_compared_too(self):
        row = self.spind("verify", str(self.local / "a"), "s:/x/a").row
        self.assertEqual(row["same"], 1)
        self.write("a", b"b")
        self.spind("verify", str(self.local / "a"), "s:/x/a", expect=3)
        self.assertEqual(self.error("verify", str(self.local / "a"), "s:/x")["code"],
                         "is_a_folder")

    def test_damage_is_a_difference(self):
        # Every stored byte string outside the metadata, spoilt.
        spoilt = 0
        for path in self.store.rglob("*"):
            content = path.read_bytes() if path.is_file() else b""
            at = content.find(self.tree["d/b"][:100])
            if at >= 0:
                path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:])
                spoilt += 1
        self.assertGreater(spoilt, 0)
        answer = self.spind("verify", str(self.local), "s:/x", expect=3)
        self.assertEqual([error["code"] for error in answer.errors], ["corruption"])
        self.assertEqual(answer.row["different"], 1)
        self.spind("check", "--content", expect=3)


if __name__ == "__main__":
    main()
