"""Nothing outside the target, nothing half written, nothing acknowledged that nobody heard."""
import json
import os
import pty
import signal
import subprocess
import time

from harness import PROGRAM, ToolCase, main


class Targets(ToolCase):
    def setUp(self):
        super().setUp()
        self.outside = self.folder / "outside"
        self.outside.mkdir()
        (self.outside / "precious").write_bytes(b"precious")
        self.target = self.folder / "target"
        self.target.mkdir()

    def assert_outside_is_untouched(self):
        self.assertEqual([path.name for path in self.outside.iterdir()], ["precious"])
        self.assertEqual((self.outside / "precious").read_bytes(), b"precious")

    def test_get_does_not_go_through_a_linked_folder(self):
        self.write("d/e/f")
        self.write("g", b"g")
        self.spind("put", "-r", str(self.local), "s:/x")
        (self.target / "d").symlink_to(self.outside)
        answer = self.spind("get", "-r", "s:/x", str(self.target), expect=1)
        self.assertEqual([error["code"] for error in answer.errors], ["unsupported"])
        self.assert_outside_is_untouched()
        self.assertEqual((self.target / "g").read_bytes(), b"g")

    def test_get_without_a_place_does_not_go_through_a_link_of_the_folders_name(self):
        self.write("g", b"g")
        self.spind("put", "-r", str(self.local), "s:/x")
        (self.target / "x").symlink_to(self.outside)
        answer = self.spind("get", "-r", "s:/x", expect=1, cwd=self.target)
        self.assertEqual([error["code"] for error in answer.errors], ["unsupported"])
        self.assert_outside_is_untouched()
        (self.target / "x").unlink()
        self.spind("get", "-r", "s:/x", cwd=self.target)
        self.assertEqual((self.target / "x" / "g").read_bytes(), b"g")

    def test_get_replaces_a_link_and_leaves_what_it_points_to(self):
        self.write("precious", b"fetched")
        self.spind("put", "-r", str(self.local), "s:/x")
        (self.target / "precious").symlink_to(self.outside / "precious")
        self.spind("get", "-r", "s:/x", str(self.target))
        self.assert_outside_is_untouched()
        self.assertFalse((self.target / "precious").is_symlink())
        self.assertEqual((self.target / "precious").read_bytes(), b"fetched")
        (self.target / "one").symlink_to(self.outside / "precious")
        self.spind("get", "s:/x/precious", str(self.target / "one"))
        self.assert_outside_is_untouched()

    def test_get_does_not_put_a_file_in_a_folders_place(self):
        self.write("d", b"file")
        self.write("e", b"file")
        self.spind("put", "-r", str(self.local), "s:/x")
        (self.target / "d").mkdir()
        answer = self.spind("get", "-r", "s:/x", str(self.target), expect=1)
        self.assertEqual(len(answer.errors), 1)
        self.assertEqual((self.target / "e").read_bytes(), b"file")
        self.assertEqual(sorted(path.name for path in self.target.iterdir()), ["d", "e"])

    def test_put_does_not_follow_links_out_of_the_tree(self):
        (self.local / "folder").symlink_to(self.outside)
        (self.local / "file").symlink_to(self.outside / "precious")
        answer = self.spind("put", "-r", str(self.local), "s:/x", expect=1)
        self.assertEqual((answer.files, answer.row["failed"]), ([], 2))
        self.assertEqual(self.error("put", str(self.local / "file"), "s:/f")["code"],
                         "unsupported")

    def test_the_linked_folder_that_the_user_names_is_followed(self):
        (self.folder / "link").symlink_to(self.local)
        self.write("f")
        self.spind("put", "-r", str(self.folder / "link"), "s:/x")
        self.spind("get", "-r", "s:/x", str(self.folder / "link"))

    def test_a_killed_get_leaves_no_half_written_file(self):
        content = {f"f{i:03}": self.random.randbytes(300_000) for i in range(60)}
        for name, data in content.items():
            self.write(name, data)
        self.spind("put", "-r", str(self.local), "s:/x")
        process = self.start("get", "-r", "s:/x", str(self.target))
        deadline = time.monotonic() + 60
        while not any(self.target.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.001)
        process.kill()
        process.wait()
        for path in self.target.iterdir():
            if not path.name.startswith(".spind-"):
                self.assertEqual(path.read_bytes(), content[path.name])


class Outputs(ToolCase):
    def shell(self, line: str) -> subprocess.CompletedProcess:
        return subprocess.run(["bash", "-c", line, "spind", PROGRAM, self.local],
                              capture_output=True, env=self.environment(), timeout=100)

    def test_a_closed_stdout_is_an_error_and_harms_no_file(self):
        self.write("f", b"x" * 100_000)
        for command in ('put -r "$2" s:/x', "ls s:/", "cat s:/x/f", "version", "--help"):
            done = self.shell(f'"$1" {command} >&-')
            self.assertEqual(done.returncode, 1, command)
            self.assertIn(b"standard output", done.stderr)
        self.shell('"$1" put -r "$2" s:/y >&- 2>&- <&-')
        self.check_is_clean()
        self.spind("verify", str(self.local), "s:/x")
        self.spind("verify", str(self.local), "s:/y")

    def test_a_closed_stdin_is_no_empty_file(self):
        done = self.shell('"$1" put - s:/f <&-')
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.error("stat", "s:/f")["code"], "not_found")

    def test_what_takes_long_shows_its_progress_on_a_terminal_only(self):
        terminal, end = pty.openpty()
        process = self.start("put", "-", "s:/f", stdin=-1, stdout=subprocess.DEVNULL, stderr=end)
        os.close(end)
        for _ in range(8):
            process.stdin.write(self.random.randbytes(2_000_000))
            process.stdin.flush()
            time.sleep(0.25)
        process.stdin.close()
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertRegex(os.read(terminal, 10_000), rb"storing: 0 files, [0-9.]+ MiB, ")
        os.close(terminal)
        process = self.start("put", "-", "s:/f", stdin=-1, stdout=-1, stderr=-1)
        process.stdin.write(b"x" * 2_000_000)
        process.stdin.flush()
        time.sleep(1.3)
        out, err = process.communicate(b"x" * 2_000_000, timeout=60)
        self.assertEqual(err, b"")

    def test_a_full_stdout_is_an_error(self):
        self.spind("put", "-", "s:/f", data=b"x" * 1_000_000)
        for command in ("ls s:/", "cat s:/f", "ls --json s:/", "metrics", "version"):
            done = self.shell(f'"$1" {command} >/dev/full')
            self.assertEqual(done.returncode, 1, command)
            self.assertIn(b"standard output", done.stderr)

    def test_a_reader_that_goes_away_ends_the_command_quietly(self):
        self.spind("put", "-", "s:/f", data=b"x" * 10_000_000)
        done = self.shell('"$1" cat s:/f | head -c 1; echo "${PIPESTATUS[0]}"')
        self.assertEqual((done.stdout, done.stderr), (b"x1\n", b""))

    def test_put_stops_when_nobody_hears_what_it_acknowledges(self):
        for i in range(8_000):
            self.write(f"d{i % 20}/f{i}", b"%d" % i)
        process = self.start("put", "-r", "--json", str(self.local), "s:/x", stdout=-1, stderr=-1)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=100), 1)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        stored = self.spind("space", "info", "s").row["files"]
        self.assertLess(stored, 8_000)
        self.check_is_clean()

    def test_a_second_interrupt_ends_the_tool_at_once(self):
        process = self.start("put", "-", "s:/f", stdin=-1, stdout=-1)
        process.stdin.write(b"x" * 3_000_000)
        process.stdin.flush()
        time.sleep(0.3)
        # It waits for its input and hears nothing until some comes.
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=20), 130)
        process.stdin.close()
        process.stdout.close()
        self.assertEqual(self.error("stat", "s:/f")["code"], "not_found")

    def test_names_cannot_steer_a_terminal(self):
        (self.local / "a\x1b[31mred").write_bytes(b"x")
        answer = self.run_tool("put", "-r", str(self.local), "s:/x")
        self.assertNotIn(b"\x1b", answer.err + answer.out)
        self.assertIn(b"\\x1b[31mred", answer.err)

    def test_names_that_are_no_utf8_leave_json_valid(self):
        with open(os.fsencode(self.local) + b"/broken-\xff\xfe", "wb") as file:
            file.write(b"x")
        answer = self.spind("put", "-r", str(self.local), "s:/x", expect=1)
        self.assertTrue(answer.errors[0]["path"].endswith("/broken-\ufffd\ufffd"))
        json.loads(answer.out.splitlines()[0])


if __name__ == "__main__":
    main()
