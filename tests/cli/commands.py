"""Every command, its fields with --json, its exit status."""
import datetime
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import unittest

from harness import PROGRAM, ToolCase, main, sha256

NODE_FIELDS = ["id", "path", "kind", "size", "mtime_ns", "etag", "version", "sha256", "state"]
SPACE_FIELDS = ["id", "alias", "kind", "tenant", "name", "description", "owner", "creator", "names",
                "created_ns", "bytes", "version_bytes", "trash_bytes", "files", "folders", "entry",
                "visible", "floor", "keep_ns", "keep_entries", "state", "image", "readme",
                "trash_keep_ns", "versions", "versions_min", "versions_keep_ns", "versions_max",
                "pieces", "vault", "locked"]
FOREVER = 2**63 - 1
COMMANDS = ["init", "space create", "space list", "space info", "space set", "space disable",
            "space restore", "space purge", "prop get", "prop set", "prop rm", "tag add", "tag rm", "tag list",
            "favourite add", "favourite rm", "favourite list",
            "put", "get", "ls", "tree", "stat", "cat", "mkdir", "mv", "cp", "rm", "du", "versions",
            "trash", "changes", "rewind", "upload", "check", "scrub", "collect", "checkpoint", "doctor",
            "blobs flush", "key new", "vault list", "vault rotate", "vault encrypt", "vault reseal",
            "vault rewrap", "vault destroy", "blobs status", "blobs move",
            "blobs empty", "metrics",
            "verify", "version", "completion"]


class Cloud(http.server.ThreadingHTTPServer):
    """Gives a machine and a token the credentials of their roles, and refuses all else, or takes what it
    is sent and lists nothing, noting what it was asked and with which access keys."""

    ROLES = "/latest/meta-data/iam/security-credentials/"
    EXPIRES = "2100-01-01T00:00:00Z"

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            asked = self.rfile.read(int(self.headers.get("content-length", 0)))
            used = re.search(r"Credential=(\w+)/", self.headers.get("authorization", ""))
            if used:
                self.server.keys.add(used.group(1))
                self.server.asked.append((self.command, self.path, self.headers))
            if used and self.server.takes:
                status, body = 200, ("<ListBucketResult><IsTruncated>false</IsTruncated>"
                                     "</ListBucketResult>")
            elif used:
                status, body = 403, "<Error><Code>AccessDenied</Code></Error>"
            else:
                status, body = self.server.of_role(self.command, self.path, asked.decode())
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body.encode())

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.keys, self.asked, self.takes = set(), [], False
        self.url = f"http://127.0.0.1:{self.server_port}"

    def of_role(self, method: str, path: str, asked: str) -> tuple[int, str]:
        if method == "PUT":
            return 200, "session-token"
        if path == self.ROLES:
            return 200, "school"
        if path == self.ROLES + "school":
            return 200, json.dumps({"Code": "Success", "AccessKeyId": "OFINSTANCE",
                                    "SecretAccessKey": "s", "Token": "t",
                                    "Expiration": self.EXPIRES})
        if "a.web.token" in path + asked:
            return 200, ("<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>"
                         "<Credentials><AccessKeyId>OFROLE</AccessKeyId><SecretAccessKey>s"
                         "</SecretAccessKey><SessionToken>t</SessionToken><Expiration>"
                         f"{self.EXPIRES}</Expiration></Credentials>"
                         "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>")
        return 404, ""

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Words(ToolCase):
    def test_help_names_every_command_and_each_has_examples(self):
        overview = self.run_tool("--help").out.decode()
        for command in COMMANDS:
            self.assertRegex(overview, rf"(?m)^  {command} ")
            help_text = self.run_tool(*command.split(), "--help")
            self.assertEqual(help_text.status, 0)
            self.assertRegex(help_text.out.decode(), rf"(?m)^spind {command}")
            self.assertRegex(help_text.out.decode(), r"(?m)^Examples\n  .*spind ")
            self.assertEqual(self.run_tool("help", *command.split()).out, help_text.out)

    def test_wrong_usage_exits_with_2_and_says_why(self):
        for words in [[], ["nonsense"], ["space"], ["space", "nonsense"], ["ls"], ["ls", "a", "b"],
                      ["ls", "--nonsense", "s:/"], ["--nonsense"], ["put", "x", "no-place"],
                      ["get", "s:/x", "--version", "two"],
                      ["ls", "s:/", "--memory", "lots"], ["ls", "s:/", "--memory="],
                      ["put", "-w", "0", "x", "s:/x", "-r"],
                      ["ls", "no-place"], ["stat", "s:!x"], ["changes", "s:/folder"], ["completion", "tcsh"],
                      ["favourite", "add"], ["favourite", "add", "no-place"],
                      ["favourite", "list", "s:"],
                      ["space", "create", "x", "--kind", "other"], ["space", "set", "s"],
                      ["ls", "s:/", "--at", "yesterday"], ["rewind", "s:"],
                      ["rewind", "s:", "--to", "yesterday"], ["rewind", "s:/x", "--to", "1"],
                      ["mkdir", "s:/x", "--at", "1"],
                      ["space", "create", "a:b"], ["versions", "s:/x", "other"],
                      ["trash", "s:", "other"], ["trash", "s:", "restore"],
                      ["trash", "s:", "purge", "x"], ["trash", "s:", "list", "1"],
                      ["trash", "s:", "restore", "1", "--on-conflict", "x"],
                      ["versions", "s:/x", "restore"], ["versions", "s:/x", "pin", "one"],
                      ["space", "set", "s", "--keep", "a week"],
                      ["space", "create", "x", "--keep", "9999999999"],
                      ["space", "set", "s", "--trash", "a week"],
                      ["space", "set", "s", "--versions", "some"],
                      ["space", "set", "s", "--versions", "ladder", "--versions-max", "3"],
                      ["space", "create", "x", "--versions-keep", "long"],
                      ["space", "create", "x", "--pieces", "small"],
                      ["space", "set", "s", "--pieces", ""],
                      ["versions", "s:", "thin", "1"],
                      ["upload", "s:", "other"], ["upload", "s:", "start", "/x"],
                      ["upload", "s:", "start", "/x", "much"], ["upload", "s:", "finish", "x"],
                      ["upload", "s:", "list", "1"], ["collect", "--grace", "-1"], ["scrub", "--rate", "0"],
                      ["scrub", "--rate", "fast"], ["checkpoint"],
                      ["checkpoint", "a", "b"]]:
            with self.subTest(words=words):
                answer = self.run_tool(*words)
                self.assertEqual(answer.status, 2, answer.err)
                self.assertRegex(answer.err.decode(), r"^spind: \w+: .+")
                self.assertEqual(answer.out, b"")
                error = self.error(*words, expect=2)
                self.assertEqual((error["code"], error["retryable"]), ("invalid_argument", False))

    def test_no_store_named_is_wrong_usage(self):
        nowhere = {**self.environment(), "SPIND_STORE": ""}
        for words in (["ls", "s:/"], ["init"], ["check"], ["put", "-", "s:/x"], ["rm", "s:/x"]):
            with self.subTest(words=words):
                done = subprocess.run([PROGRAM, *words], env=nowhere, capture_output=True,
                                      stdin=subprocess.DEVNULL, timeout=60)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(b"--store DIR or set SPIND_STORE", done.stderr)

    def test_options_stand_before_or_behind_the_command(self):
        for words in (["--json", "ls", "s:/"], ["ls", "--json", "s:/"], ["ls", "s:/", "--json"]):
            self.assertEqual(self.run_tool(*words).status, 0)

    def test_version_has_the_three_fields(self):
        row = self.spind("version").row
        self.assertEqual(list(row), ["version", "format", "commit"])
        self.assertRegex(row["version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(row["format"], 4)
        self.assertRegex(row["commit"], r"^([0-9a-f]{12}|unknown)$")
        self.assertEqual(self.run_tool("--version").out, self.run_tool("version").out)


class Past(ToolCase):
    def setUp(self):
        super().setUp()
        self.spind("put", "-", "s:/a", data=b"first")
        self.spind("mkdir", "s:/folder")
        self.entry = self.spind("space", "info", "s").row["entry"]
        time.sleep(0.01)
        self.time = datetime.datetime.now(datetime.timezone.utc).isoformat()
        time.sleep(0.01)
        self.spind("put", "-", "s:/a", data=b"second")
        self.spind("mv", "s:/folder", "s:/moved")
        self.spind("put", "-", "s:/new", data=b"noise")

    def test_reading_commands_show_the_space_as_it_was(self):
        for at in (str(self.entry), self.time):
            with self.subTest(at=at):
                self.assertEqual(self.run_tool("cat", "s:/a", "--at", at).out, b"first")
                names = {row["path"] for row in self.spind("ls", "s:/", "--at", at).rows}
                self.assertEqual(names, {"/a", "/folder"})
                stat = self.spind("stat", "s:/a", "s:/folder", "--at", at)
                self.assertEqual(stat.rows[0]["size"], 5)
                self.assertEqual(len(self.spind("tree", "s:", "--at", at).rows), 3)
                self.assertEqual(self.spind("du", "s:", "--at", at).rows[0]["files"], 1)
                self.assertEqual(len(self.spind("versions", "s:/a", "--at", at).rows), 1)
                self.assertEqual(self.spind("trash", "s:", "--at", at).rows, [])
                self.assertEqual(self.spind("space", "info", "s", "--at", at).row["entry"],
                                 self.entry)
                target = self.folder / f"fetched-{len(at)}"
                self.spind("get", "-r", "s:/", str(target), "--at", at)
                self.assertEqual((target / "a").read_bytes(), b"first")
                self.spind("verify", str(target), "s:/", "--at", at)
                self.spind("verify", str(target), "s:/", expect=3)
        self.assertEqual(self.error("stat", "s:/new", "--at", self.time)["code"], "not_found")
        self.assertEqual(self.error("ls", "s:/", "--at", "1000")["code"], "invalid_argument")
        self.assertEqual(self.error("ls", "s:/", "--at", "1990-01-01T00:00:00Z")["code"],
                         "cursor_too_old")

    def test_rewind_makes_it_so_and_can_be_undone(self):
        last = self.spind("space", "info", "s").row["entry"]
        row = self.spind("rewind", "s:", "--to", self.time).row
        self.assertEqual(list(row), ["space", "entry", "before"])
        self.assertEqual((row["entry"], row["before"]), (last + 1, last))
        self.assertEqual(self.run_tool("cat", "s:/a").out, b"first")
        self.assertEqual({row["path"] for row in self.spind("ls", "s:/").rows}, {"/a", "/folder"})
        self.assertEqual(self.spind("rewind", "s:", "--to", str(last + 1)).row["entry"], 0)
        self.spind("rewind", "s:", "--to", str(last))
        self.assertEqual(self.run_tool("cat", "s:/a").out, b"second")
        self.assertEqual(self.spind("check", "--content").row["findings"], 0)
        self.assertEqual(self.error("rewind", "none:", "--to", "1")["code"], "not_found")
        self.assertEqual(self.error("rewind", "s:", "--to", "1000")["code"], "invalid_argument")


class Stores(ToolCase):
    def test_init_makes_a_store_once(self):
        other = ["--store", str(self.folder / "other")]
        self.assertEqual(self.spind("init", *other).row,
                         {"store": str(self.folder / "other"), "created": True})
        self.assertFalse(self.spind("init", *other).row["created"])

    def test_a_missing_store_is_not_made_by_reading(self):
        where = str(self.folder / "none")
        self.assertEqual(self.error("ls", "s:/", "--store", where)["code"], "not_found")
        self.assertFalse((self.folder / "none").exists())

    def test_check_of_a_store_in_order(self):
        self.spind("put", "-", "s:/a", data=b"x" * 100_000)
        row = self.spind("check", "--content").row
        self.assertEqual(list(row), ["nodes", "entries", "findings", "set_aside", "details",
                                     "aside", "locked"])
        self.assertEqual((row["findings"], row["details"], row["set_aside"]), (0, [], 0))
        self.assertGreaterEqual(row["nodes"], 2)
        self.assertGreaterEqual(row["entries"], 2)

    def test_check_repairs_and_lists_what_is_set_aside(self):
        self.spind("put", "-", "s:/a", data=b"x" * 100_000)
        row = self.spind("check", "--repair").row
        self.assertEqual(list(row), ["nodes", "entries", "findings", "repaired", "left",
                                     "set_aside", "details", "aside", "locked"])
        self.assertEqual((row["findings"], row["repaired"], row["left"]), (0, 0, 0))
        pack, = (self.folder / "store" / "packs").iterdir()
        pack.unlink()
        self.assertGreaterEqual(self.spind("check", expect=3).row["findings"], 1)
        row = self.spind("check", "--repair").row
        self.assertEqual((row["findings"], row["left"], row["set_aside"]), (1, 0, 1))
        row = self.spind("check").row
        self.assertEqual((row["findings"], row["set_aside"], row["aside"][0]["kind"]),
                         (0, 1, "missing_piece"))
        self.assertIn(b"set aside", self.run_tool("check").out)
        self.assertEqual(self.run_tool("cat", "s:/a").status, 1)

    def test_scrub_reads_all_and_names_what_is_damaged(self):
        self.spind("put", "-", "s:/a", data=self.random.randbytes(100_000))
        self.spind("put", "-", "s:/b", data=b"small")
        row = self.spind("scrub").row
        self.assertEqual(list(row), ["bytes", "pieces", "attachments", "resumed", "findings",
                                     "findings_before", "details"])
        self.assertEqual([row[field] for field in list(row)[1:]], [1, 1, False, 0, 0, []])
        self.assertGreaterEqual(row["bytes"], 100_005)
        begin = time.monotonic()
        self.spind("scrub", "--rate", "100K")
        self.assertGreater(time.monotonic() - begin, 0.5)
        pack, = (self.folder / "store" / "packs").iterdir()
        bytes_ = bytearray(pack.read_bytes())
        bytes_[50_000] ^= 1
        pack.write_bytes(bytes_)
        row = self.spind("scrub", expect=3).row
        node = self.spind("stat", "s:/a").row["id"]
        self.assertEqual((row["findings"], row["details"][0]["kind"], row["details"][0]["node"]),
                         (1, "corrupt_piece", node))
        said = self.run_tool("scrub")
        self.assertEqual(said.status, 3)
        self.assertIn(b"corrupt_piece: version 1: piece ", said.out)

    def test_collect_says_what_it_removed(self):
        row = self.spind("collect", "--grace", "0").row
        self.assertEqual(list(row), ["removed", "bytes", "kept", "entries", "nodes", "versions",
                                     "trash_items", "thinned", "spaces", "packs_rewritten",
                                     "moved_bytes", "locked"])

    def test_a_space_keeps_its_past_as_it_is_told_and_gives_it_up_at_once(self):
        made = self.spind("space", "create", "short", "--keep-entries", "2").row
        self.assertEqual((made["floor"], made["keep_ns"], made["keep_entries"]),
                         (1, 604_800_000_000_000, 2))
        changed = self.spind("space", "set", "short", "--keep", "3600").row
        self.assertEqual((changed["keep_ns"], changed["keep_entries"]), (3_600_000_000_000, 2))
        for name in ("a", "b", "c"):
            self.spind("mkdir", f"short:/{name}")
        self.spind("rm", "short:/a")
        self.spind("trash", "short:", "empty")
        row = self.spind("collect").row
        self.assertEqual((row["entries"], row["nodes"]), (5, 0))
        self.assertEqual(self.spind("space", "info", "short").row["floor"], 5)
        self.assertEqual(self.error("ls", "short:/", "--at", "4")["code"], "cursor_too_old")
        self.assertEqual(len(self.spind("ls", "short:/", "--at", "5").rows), 3)
        row = self.spind("collect", "--now", "short").row
        self.assertEqual((row["entries"], row["nodes"]), (2, 1))
        self.assertEqual(self.spind("space", "info", "short").row["floor"], 7)
        self.assertEqual(self.error("collect", "--now", "nowhere")["code"], "not_found")
        self.assertEqual(self.spind("check").row["findings"], 0)

    def test_checkpoint_makes_a_store_like_any_other(self):
        self.spind("put", "-", "s:/a", data=b"x" * 100_000)
        copy = str(self.folder / "copy")
        row = self.spind("checkpoint", copy).row
        self.assertEqual(list(row), ["folder", "objects", "packs", "copied_bytes", "missing"])
        self.assertEqual((row["folder"], row["packs"], row["missing"]), (copy, 1, 0))
        self.spind("put", "-", "s:/a", data=b"y")
        self.assertEqual(self.run_tool("cat", "s:/a", "--store", copy).out, b"x" * 100_000)
        self.assertEqual(self.error("checkpoint", copy)["code"], "already_exists")

    def test_blobs_flush_brings_what_was_staged(self):
        blobs = self.folder / "blobs"
        here = self.store
        self.store = self.folder / "far"
        there = ["--blobs", str(blobs)]
        self.spind("init", *there, "--durability", "staged")
        self.spind("space", "create", "s", *there)
        self.spind("put", "-", "s:/a", *there, "--durability", "staged", data=b"x" * 100_000)
        self.assertEqual(self.run_tool("cat", "s:/a", *there).out, b"x" * 100_000)
        row = self.spind("blobs", "flush", *there).row
        self.assertEqual(list(row), ["bytes", "left"])
        self.assertEqual(row["left"], 0)
        self.assertEqual(os.listdir(self.store / "packs"), [])
        self.assertEqual(self.run_tool("cat", "s:/a", *there).out, b"x" * 100_000)
        self.assertEqual(self.spind("blobs", "flush", *there).row, {"bytes": 0, "left": 0})
        self.assertEqual(self.error("ls", "s:/", *there, "--durability", "once")["code"],
                         "invalid_argument")
        self.store = here
        self.place = {}
        self.assertEqual(self.error("check", "--durability", "staged")["code"], "invalid_argument")

    def test_doctor_looks_at_a_folder_and_says_what_is_wrong(self):
        answer = self.run_tool("doctor", str(self.folder), "--json")
        self.assertEqual(list(answer.row), ["check", "ok", "finding", "advice"])
        self.assertIn("sync", [row["check"] for row in answer.rows])
        well = all(row["ok"] for row in answer.rows)  # this folder may lie in memory, or be full
        self.assertEqual(answer.status, 0 if well else 3)
        rows = self.spind("doctor", "/no/such/folder", expect=3).rows
        self.assertEqual([row["ok"] for row in rows], [False])
        self.assertTrue(rows[0]["advice"])
        self.error("doctor", "s3://NOT_A_BUCKET")

    def test_an_older_copy_of_a_store_can_be_read_until_it_adopts_the_bytes(self):
        blobs = ("--blobs", str(self.folder / "blobs"))
        original = ("--store", str(self.folder / "original"), *blobs)
        copy = ("--store", str(self.folder / "copy"), *blobs)
        content = self.random.randbytes(300_000)
        self.spind("init", *original)
        self.spind("space", "create", "s", *original)
        self.spind("put", "-", "s:/before", *original, data=content)
        shutil.copytree(self.folder / "original", self.folder / "copy")
        self.spind("put", "-", "s:/after", *original, data=content[1:])
        self.assertEqual(self.spind("ls", "s:", *original).err, b"")
        answer = self.run_tool("cat", "s:/before", *copy)
        self.assertEqual((answer.status, answer.out), (0, content))
        self.assertEqual(answer.err.count(b"warning"), 1)
        self.assertIn(b"spind adopt", answer.err)
        row = self.spind("blobs", "status", *copy).row
        self.assertEqual((row["read_only"], row["unfenced"]), (True, False))
        self.assertEqual(self.spind("check", *copy).status, 0)
        for words in (("put", "-", "s:/later"), ("mkdir", "s:/d"), ("rm", "s:/before"), ("collect",),
                      ("scrub",), ("check", "--repair"), ("blobs", "flush"),
                      ("blobs", "move", "folder"), ("space", "create", "t")):
            error = self.error(*words, *copy, data=b"x" * 100)
            self.assertEqual(error["code"], "conflict", words)
            self.assertIn("spind adopt", error["text"], words)
        self.assertEqual(self.run_tool("cat", "s:/after", *original).out, content[1:])
        self.assertEqual(self.spind("adopt", *copy).row,
                         {"store": str(self.folder / "copy"), "adopted": True})
        self.assertEqual(self.run_tool("cat", "s:/before", *copy).out, content)
        self.spind("put", "-", "s:/later", *copy, data=content[2:])
        self.assertEqual(self.error("rm", "s:/before", *original)["code"], "conflict")
        self.error("adopt", "--blobs", "")  # the store of setUp has its bytes with it

    def test_credentials_come_whence_it_is_said(self):
        with Cloud() as cloud:
            (self.folder / "token").write_text("a.web.token")
            (self.folder / "credentials").write_text(
                "[default]\naws_access_key_id = OTHER\naws_secret_access_key = s\n"
                "[school]\naws_access_key_id = OFPROFILE\naws_secret_access_key = s\n")
            self.place = {"AWS_ACCESS_KEY_ID": "OFENV", "AWS_SECRET_ACCESS_KEY": "s",
                          "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
                          "AWS_EC2_METADATA_SERVICE_ENDPOINT": cloud.url,
                          "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.folder / "token"),
                          "AWS_ROLE_ARN": "arn:aws:iam::1:role/school",
                          "AWS_ENDPOINT_URL_STS": cloud.url}
            doctor = ("doctor", "s3://school-bytes", "--endpoint", cloud.url, "--hedge",
                      "--read-rate", "20M", "--write-rate", "20M", "--request-rate", "100")
            for whence, key in ((None, "OFENV"), ("env", "OFENV"), ("instance", "OFINSTANCE"),
                                ("web-identity", "OFROLE"), ("profile:school", "OFPROFILE"),
                                (str(self.folder / "credentials"), "OTHER")):
                cloud.keys.clear()
                self.spind(*doctor, *(("--credentials", whence) if whence else ()), expect=3)
                self.assertEqual(cloud.keys, {key}, whence)
            for wrong in (("--read-rate", "0"), ("--request-rate", "many"),
                          ("--credentials", "profile:")):
                self.error(*doctor, *wrong)
            self.place = {"AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_ACCESS_KEY_ID": ""}
            for missing in ("env", "web-identity"):
                refused = self.error(*doctor, "--credentials", missing)
                self.assertEqual(refused["code"], "unauthenticated")
                self.assertIn("AWS_", refused["text"])

    def test_a_bucket_is_asked_in_the_way_that_is_said(self):
        self.place = {"AWS_ACCESS_KEY_ID": "OFENV", "AWS_SECRET_ACCESS_KEY": "s"}
        with Cloud() as cloud:
            cloud.takes = True
            doctor = ("doctor", "s3://school-bytes", "--endpoint", cloud.url)

            def asked(*options):
                cloud.asked.clear()
                self.spind(*doctor, *options, expect=3)  # what it took is not there
                puts = [headers for method, _, headers in cloud.asked if method == "PUT"]
                lists = [path for method, path, _ in cloud.asked if method == "GET" and "prefix=" in path]
                self.assertTrue(puts and lists)
                return puts[0], lists[0]

            headers, listing = asked()
            self.assertIn("list-type=2", listing)
            for name in ("storage-class", "server-side-encryption", "request-payer"):
                self.assertNotIn("x-amz-" + name, headers)
            self.assertRegex(headers["x-amz-content-sha256"], "^[0-9a-f]{64}$")
            headers, listing = asked("--list-v1", "--storage-class", "STANDARD_IA", "--request-payer",
                                     "--encryption", "aws:kms:a-key", "--payload", "md5")
            self.assertNotIn("list-type", listing)
            self.assertEqual(headers["x-amz-storage-class"], "STANDARD_IA")
            self.assertEqual(headers["x-amz-request-payer"], "requester")
            self.assertEqual(headers["x-amz-server-side-encryption"], "aws:kms")
            self.assertEqual(headers["x-amz-server-side-encryption-aws-kms-key-id"], "a-key")
            self.assertTrue(headers["content-md5"])
            headers, _ = asked("--payload", "unsigned")
            self.assertEqual(headers["x-amz-content-sha256"], "UNSIGNED-PAYLOAD")
            self.assertNotIn("content-md5", headers)
            self.error(*doctor, "--payload", "any")

    def test_bytes_lie_where_blobs_says_and_nowhere_else(self):
        blobs = ("--blobs", str(self.folder / "blobs"))
        store = ("--store", str(self.folder / "far"), *blobs)
        content = self.random.randbytes(3_000_000)
        self.spind("init", *store)
        self.spind("space", "create", "s", *store)
        self.spind("put", "-", "s:/large", *store, data=content)
        self.spind("put", "-", "s:/small", *store, data=content[:100_000])
        self.assertEqual(self.run_tool("cat", "s:/large", *store).out, content)
        self.assertEqual(self.spind("check", "--content", *store).row["findings"], 0)
        held = sum(p.stat().st_size for p in (self.folder / "blobs").rglob("*") if p.is_file())
        self.assertGreater(held, 3_000_000)
        refused = self.error("ls", "s:", "--store", str(self.folder / "far"))
        self.assertEqual(refused["code"], "invalid_argument")
        refused = self.error("ls", "s:", *blobs)  # the store of setUp has its bytes with it
        self.assertEqual(refused["code"], "invalid_argument")
        other = ("--store", str(self.folder / "other"), *blobs)
        self.assertEqual(self.error("init", *other)["code"], "conflict")

    def test_key_new_adds_a_key_to_a_file_of_its_owner(self):
        path = self.folder / "keys"
        first = self.spind("key", "new", str(path)).row
        self.assertEqual((list(first), first["file"]), (["file", "key_id"], str(path)))
        self.assertEqual(path.stat().st_mode & 0o7777, 0o600)
        second = self.spind("key", "new", str(path)).row
        lines = path.read_text().splitlines()
        self.assertEqual(lines[0], "spind keys 1")
        self.assertEqual([line.split()[1] for line in lines[1:]],
                         [first["key_id"], second["key_id"]])
        self.assertNotIn(lines[1].split()[2], self.run_tool("key", "new", str(path)).out.decode())
        path.chmod(0o644)
        refused = self.error("key", "new", str(path))
        self.assertEqual(refused["code"], "key_unavailable")
        self.assertIn("chmod 600", refused["text"])

    def test_vault_keys_encrypt_a_store_and_are_rotated_and_destroyed(self):
        keys, folder = str(self.folder / "keys"), self.folder / "sealed"
        first = self.spind("key", "new", keys).row["key_id"]
        store = ("--store", str(folder))
        sealed = (*store, "--vault-keys", keys)
        self.spind("init", *sealed)
        self.spind("space", "create", "s", *sealed)
        self.spind("put", "-", "s:/small", *sealed, data=b"the planted text")
        self.spind("put", "-", "s:/large", *sealed, data=b"the planted text" * 9000)
        self.assertEqual(self.run_tool("cat", "s:/small", *sealed).out, b"the planted text")
        for path in folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"the planted text", path.read_bytes(), path)
        self.assertEqual(self.error("stat", "s:/small", *store)["code"], "key_unavailable")
        self.assertEqual(self.spind("check", *store).row["locked"], 1)
        self.assertEqual(self.spind("collect", *store).row["locked"], 1)
        refused = self.error("ls", "s:", "--vault-keys", keys)  # the store of setUp has no keys
        self.assertEqual(refused["code"], "invalid_argument")
        row = self.spind("vault", "list", *sealed).row
        self.assertEqual(row, {"tenant": "default", "space": "", "state": "in use",
                               "generation": 1, "key_id": first})
        second = self.spind("key", "new", keys).row["key_id"]
        row = self.spind("vault", "rotate", "default", "--data-key", *sealed).row
        self.assertEqual((row["generation"], row["key_id"]), (2, second))
        row = self.spind("vault", "reseal", "default", "--rate", "50M", *sealed).row
        self.assertEqual((row["pieces"], row["left"]), (1, 0))
        self.assertEqual(self.spind("vault", "reseal", "default", *sealed).row["pieces"], 0)
        self.assertEqual(self.run_tool("cat", "s:/large", *sealed).out, b"the planted text" * 9000)
        self.assertEqual(self.error("vault", "reseal", "nobody", *sealed)["code"], "not_found")
        self.assertEqual(self.spind("vault", "rewrap", *sealed).row, {"wrapped": 1})
        self.assertEqual(self.run_tool("cat", "s:/small", *sealed).out, b"the planted text")
        self.assertEqual(self.spind("check", "--content", *sealed).row["findings"], 0)
        own = self.spind("space", "create", "apart", "--vault", "own", *sealed).row
        self.assertEqual(own["vault"], "own")
        self.spind("put", "-", "apart:/small", *sealed, data=b"the planted text")
        self.spind("cp", "-r", "s:/", "apart:/copy", *sealed)
        self.assertEqual(self.run_tool("cat", "apart:/copy/large", *sealed).out,
                         b"the planted text" * 9000)
        self.spind("vault", "destroy", own["id"], "--space", "--really", own["id"], *sealed)
        self.assertEqual(self.error("stat", "apart:/small", *sealed)["code"], "key_unavailable")
        self.assertEqual(self.error("vault", "destroy", "apart", "--space", "--really", "apart",
                                    *sealed)["code"], "invalid_argument")
        self.assertEqual(self.run_tool("cat", "s:/small", *sealed).out, b"the planted text")
        states = {row["space"]: row["state"] for row in self.spind("vault", "list", *sealed).rows}
        self.assertEqual(states, {"": "in use", own["id"]: "destroyed"})
        refused = self.error("vault", "destroy", "default", *sealed)
        self.assertEqual(refused["code"], "invalid_argument")
        self.spind("vault", "destroy", "default", "--really", "default", *sealed)
        self.assertEqual(self.error("stat", "s:/small", *sealed)["code"], "key_unavailable")
        states = [row["state"] for row in self.spind("vault", "list", *sealed).rows]
        self.assertEqual(states, ["destroyed", "destroyed"])

    def test_a_copy_of_a_store_with_its_secrets_elsewhere_dies_with_its_vault(self):
        keys, secrets = str(self.folder / "keys"), self.folder / "secrets"
        self.spind("key", "new", keys)
        sealed = ("--store", str(self.folder / "sealed"), "--vault-keys", keys)
        refused = self.error("init", "--store", str(self.folder / "plain"), "--vault-secrets",
                             str(secrets))
        self.assertEqual(refused["code"], "invalid_argument")
        self.spind("init", "--vault-secrets", str(secrets), *sealed)
        self.spind("space", "create", "s", *sealed)
        self.spind("put", "-", "s:/small", *sealed, data=b"the planted text")
        copied = ("--store", str(self.folder / "copy"), "--vault-keys", keys)
        shutil.copytree(self.folder / "sealed", self.folder / "copy")
        self.assertEqual(self.run_tool("cat", "s:/small", *copied).out, b"the planted text")
        self.spind("vault", "destroy", "default", "--really", "default", *sealed)
        self.assertEqual(self.error("stat", "s:/small", *copied)["code"], "key_unavailable")
        self.assertEqual([path.name for path in secrets.iterdir()], ["LOCK"])

    def test_vault_encrypt_encrypts_a_store_that_was_made_without_keys(self):
        keys, folder = str(self.folder / "keys"), self.folder / "plain"
        self.spind("key", "new", keys)
        store = ("--store", str(folder))
        sealed = (*store, "--vault-keys", keys)
        self.spind("init", *store)
        self.spind("space", "create", "s", *store)
        apart = self.spind("space", "create", "apart", "--vault", "own", *store).row["id"]
        small, large = b"the planted text", os.urandom(200_000)
        self.spind("put", "-", "s:/small", *store, data=small)
        self.spind("put", "-", "s:/large", *store, data=large)
        self.spind("put", "-", "apart:/large", *store, data=large)
        self.assertEqual(self.error("vault", "encrypt", *store)["code"], "invalid_argument")
        self.assertIn("encrypt", self.error("ls", "s:", *sealed)["text"])
        refused = self.error("vault", "encrypt", "nobody", *sealed)
        self.assertEqual(refused["code"], "invalid_argument")
        self.assertEqual(self.run_tool("cat", "s:/large", *store).out, large)
        rows = self.spind("vault", "encrypt", "--rate", "50M", *sealed).rows
        rows.sort(key=lambda row: row["space"])
        self.assertEqual([(row["tenant"], row["space"], row["finished"]) for row in rows],
                         [("default", "", True), ("default", apart, True)])
        self.assertEqual([(row["pieces"], row["left"]) for row in rows], [(1, 0), (1, 0)])
        self.assertGreater(rows[0]["rows"], 5)
        self.assertEqual(self.spind("vault", "encrypt", *sealed).rows, [])
        self.assertEqual(self.error("vault", "encrypt", "nobody", *sealed)["code"], "not_found")
        self.assertEqual(self.spind("vault", "encrypt", apart, "--space", *sealed).row["rows"], 0)
        self.assertEqual(self.run_tool("cat", "s:/small", *sealed).out, small)
        self.assertEqual(self.run_tool("cat", "apart:/large", *sealed).out, large)
        self.assertEqual(self.spind("check", "--content", *sealed).row["findings"], 0)
        self.assertEqual(self.error("stat", "s:/small", *store)["code"], "key_unavailable")
        self.spind("collect", "--grace", "0", *sealed)
        for path in folder.rglob("*"):
            if path.is_file():
                stored = path.read_bytes()
                self.assertNotIn(small, stored, path)
                self.assertNotIn(large[1000:1064], stored, path)

    def test_blobs_move_elsewhere_and_back(self):
        place, folder = str(self.folder / "elsewhere"), ("--store", str(self.folder / "moved"))
        there = (*folder, "--blobs", place)
        self.spind("init", *folder)
        self.spind("space", "create", "s", *folder)
        text = b"some text of a file" * 9000
        self.spind("put", "-", "s:/file", *folder, data=text)
        status = {"backend": "folder", "pending": 0, "missing": 0, "healed": 0,
                  "move_started": False, "read_only": False, "unfenced": False,
                  "left_behind": False}
        self.assertEqual(self.spind("blobs", "status", *folder).row, status)
        inside = str(self.folder / "moved" / "objects")
        self.error("blobs", "move", inside, *folder, expect=2)
        row = self.spind("blobs", "move", place, "--rate", "50M", *folder).row
        self.assertEqual((row["backend"], row["blobs"], row["damaged"], row["old_place_emptied"]),
                         (place, 1, 0, True))
        self.assertEqual(self.error("stat", "s:/file", *folder)["code"], "invalid_argument")
        self.assertEqual(self.run_tool("cat", "s:/file", *there).out, text)
        self.assertEqual(self.spind("blobs", "status", *there).row, {**status, "backend": place})
        self.assertEqual(self.spind("check", "--content", *there).row["findings"], 0)
        self.assertEqual(self.spind("blobs", "empty", "folder", *there).row, {"emptied": "folder"})
        self.assertEqual(self.error("blobs", "empty", place, *there)["code"], "busy")
        self.assertEqual(self.spind("blobs", "move", "folder", *there).row["blobs"], 1)
        self.assertEqual(self.error("stat", "s:/file", *there)["code"], "invalid_argument")
        self.assertEqual(self.run_tool("cat", "s:/file", *folder).out, text)
        self.assertEqual(self.spind("check", "--content", *folder).row["findings"], 0)

    def test_metrics_are_prometheus_text_and_rows(self):
        text = self.run_tool("metrics").out.decode()
        for name in ("spind_verb_seconds", "spind_sync_group_size", "spind_memory_bytes",
                     "spind_store_poisoned"):
            self.assertRegex(text, rf"(?m)^# TYPE {name} ")
        rows = self.spind("metrics").rows
        samples = [line for line in text.splitlines() if line and not line.startswith("#")]
        self.assertEqual(len(rows), len(samples))
        self.assertIn({"name": "spind_store_poisoned", "labels": {}, "value": "0"}, rows)


class Spaces(ToolCase):
    def test_create_list_info_set(self):
        made = self.spind("space", "create", "class", "--kind", "project", "--name", "Klasse 7b",
                          "--description", "ü", "--names", "folded").row
        self.assertEqual(list(made), SPACE_FIELDS)
        self.assertEqual([made[field] for field in ("alias", "kind", "name", "description",
                                                    "names", "creator", "tenant")],
                         ["class", "project", "Klasse 7b", "ü", "folded", "ada", "default"])
        self.assertEqual(self.spind("space", "info", "class:").row, made)
        self.assertEqual(self.spind("space", "info", made["id"]).row, made)
        aliases = [row["alias"] for row in self.spind("space", "list").rows]
        self.assertEqual(sorted(aliases), ["class", "s"])
        projects = self.spind("space", "list", "--kind", "project").rows
        self.assertEqual([row["id"] for row in projects], [made["id"]])
        changed = self.spind("space", "set", "class", "--alias", "class-8b", "--name", "8b").row
        self.assertEqual((changed["id"], changed["alias"], changed["name"], changed["description"]),
                         (made["id"], "class-8b", "8b", "ü"))
        self.assertEqual(self.error("space", "info", "class")["code"], "not_found")

    def test_disable_and_restore(self):
        self.spind("put", "-", "s:/a", data=b"x")
        row = self.spind("space", "disable", "s").row
        self.assertEqual((list(row), row["state"]), (SPACE_FIELDS, "disabled"))
        self.assertEqual(self.error("stat", "s:/a")["code"], "not_found")
        self.assertEqual(self.error("space", "info", "s", acting="eve")["code"], "not_found")
        self.spind("space", "create", "t")
        for state, alias in (("disabled", "s"), ("active", "t")):
            rows = self.spind("space", "list", "--state", state).rows
            self.assertEqual([row["alias"] for row in rows], [alias])
        self.assertIn(b"(disabled)", self.run_tool("space", "list").out)
        self.error("space", "list", "--state", "other", expect=2)
        self.assertEqual(self.spind("space", "restore", "s").row["state"], "active")
        self.assertEqual(self.run_tool("cat", "s:/a").out, b"x")

    def test_a_disabled_space_is_purged_for_good(self):
        id_ = self.spind("space", "info", "s").row["id"]
        self.spind("put", "-", "s:/a", data=b"x" * 50_000)
        self.assertEqual(self.error("space", "purge", "s")["code"], "conflict")
        self.spind("space", "disable", "s")
        self.assertEqual(self.spind("space", "purge", "s").row, {"id": id_})
        self.assertEqual(self.error("space", "info", id_)["code"], "not_found")
        self.assertEqual(self.spind("space", "list").rows, [])
        self.assertEqual(self.error("space", "create", "u", "--id", id_)["code"], "already_exists")
        self.spind("space", "create", "s")
        self.assertEqual(self.spind("collect").row["spaces"], 0)
        row = self.spind("collect", "--now", id_, "--grace", "0").row
        self.assertEqual((row["spaces"], row["removed"]), (1, 1))
        self.assertEqual(self.error("collect", "--now", id_)["code"], "not_found")
        self.assertEqual(self.spind("check").row["findings"], 0)

    def test_what_is_kept_of_trash_and_versions(self):
        row = self.spind("space", "info", "s").row
        kept = ("trash_keep_ns", "versions", "versions_min", "versions_keep_ns", "versions_max")
        self.assertEqual([row[field] for field in kept],
                         [30 * 86_400 * 10**9, "all", 0, FOREVER, 0])
        made = self.spind("space", "create", "t", "--trash", "forever", "--versions", "automatic").row
        self.assertEqual((made["trash_keep_ns"], made["versions"]), (FOREVER, "automatic"))
        row = self.spind("space", "set", "s", "--trash", "0", "--versions-max", "2",
                         "--versions-keep", "3600").row
        self.assertEqual([row[field] for field in kept],
                         [0, "count", 0, 3600 * 10**9, 2])
        row = self.spind("space", "set", "s", "--versions-min", "1").row
        self.assertEqual([row[field] for field in kept],
                         [0, "count", 1, 3600 * 10**9, 2])
        for content in range(5):
            self.spind("put", "-", "s:/f", data=b"%d" % content)
        self.spind("versions", "s:/f", "pin", "1")
        self.assertEqual(self.spind("versions", "s:", "thin").row, {"versions": 1, "bytes": 1})
        self.assertEqual([row["number"] for row in self.spind("versions", "s:/f").rows],
                         [5, 4, 3, 1])
        self.spind("space", "set", "s", "--versions-max", "1")
        self.spind("rm", "s:/f")
        row = self.spind("collect").row
        self.assertEqual((row["trash_items"], row["thinned"]), (1, 0))
        self.assertEqual(self.spind("trash", "s:").rows, [])
        row = self.spind("space", "set", "s", "--versions", "ladder").row
        self.assertEqual([row[field] for field in kept[1:]], ["ladder", 0, FOREVER, 0])

    def test_where_files_are_cut(self):
        self.assertEqual(self.spind("space", "info", "s").row["pieces"], "fixed")
        self.assertEqual(self.spind("space", "create", "t", "--pieces", "content").row["pieces"],
                         "content")
        self.assertEqual(self.spind("space", "set", "t", "--pieces", "fixed").row["pieces"], "fixed")
        self.assertEqual(self.spind("space", "set", "s", "--pieces", "content").row["pieces"],
                         "content")
        data = os.urandom(12 << 20)
        self.spind("put", "-", "s:/a", data=data)
        self.spind("put", "-", "s:/b", data=b"ahead of it" + data)
        self.assertEqual(self.spind("cat", "s:/b").out, b"ahead of it" + data)
        self.assertEqual(self.spind("check").row["findings"], 0)

    def test_image_and_readme(self):
        id_ = self.spind("put", "-", "s:/readme.md", data=b"x").files[0]["id"]
        row = self.spind("space", "set", "s", "--readme", "/readme.md").row
        self.assertEqual((row["image"], row["readme"]), (0, id_))
        self.assertEqual(self.spind("space", "set", "s", "--readme", "").row["readme"], 0)
        self.assertEqual(self.error("space", "set", "s", "--image", "/none")["code"], "not_found")

    def test_an_alias_and_an_id_are_taken_once(self):
        self.assertEqual(self.error("space", "create", "s")["code"], "already_exists")
        id_ = "01932c4e-7d2a-7000-8000-0123456789ab"
        self.assertEqual(self.spind("space", "create", "t", "--id", id_).row["id"], id_)
        self.assertEqual(self.error("space", "create", "u", "--id", id_)["code"], "already_exists")

    def test_tenants_do_not_see_each_other(self):
        other = ["--tenant", "other"]
        self.spind("space", "create", "s", *other)
        self.spind("put", "-", "s:/here", data=b"x")
        self.assertEqual(self.spind("ls", "s:/", *other).rows, [])
        id_ = self.spind("space", "info", "s").row["id"]
        self.assertEqual(self.error("space", "info", id_, *other)["code"], "not_found")

    def test_others_get_not_found(self):
        self.assertEqual(self.error("ls", "s:/", acting="eve")["code"], "not_found")
        self.assertEqual(self.error("ls", "s:/", "--as", "eve")["code"], "not_found")
        self.assertEqual(self.spind("space", "list", acting="eve").rows, [])


class Properties(ToolCase):
    def test_set_get_and_remove(self):
        id_ = self.spind("put", "-", "s:/a", data=b"x").files[0]["id"]
        self.assertEqual(self.spind("prop", "set", "s:/a", "{DAV:}n", "ü").row,
                         {"id": id_, "path": "/a", "changed": True})
        self.assertFalse(self.spind("prop", "set", "s:/a", "{DAV:}n", "ü").row["changed"])
        self.spind("prop", "set", f"s:!{id_}", "colour", "")
        rows = self.spind("prop", "get", "s:/a").rows
        self.assertEqual(rows, [{"key": "colour", "value": "", "size": 0},
                                {"key": "{DAV:}n", "value": "ü", "size": 2}])
        self.assertEqual(self.spind("prop", "get", "s:/a", "colour").rows, rows[:1])
        self.assertEqual(self.error("prop", "get", "s:/a", "none")["code"], "not_found")
        self.assertTrue(self.spind("prop", "rm", "s:/a", "colour", "none").row["changed"])
        self.assertEqual(self.spind("prop", "get", "s:/a").rows, rows[1:])
        self.assertEqual(self.error("prop", "set", "s:/a", "", "x")["code"], "invalid_argument")
        self.assertEqual(self.error("prop", "get", "s:/none")["code"], "not_found")
        self.check_is_clean()

    def test_tags_of_a_node_and_nodes_with_a_tag(self):
        self.spind("put", "-", "s:/a", data=b"x")
        self.spind("mkdir", "s:/d")
        entry = self.spind("space", "info", "s").row["entry"]
        self.assertTrue(self.spind("tag", "add", "s:/a", "german", "2026").row["changed"])
        self.spind("tag", "add", "s:/d", "german")
        self.assertEqual(self.spind("tag", "list", "s:/a").rows,
                         [{"tag": "2026"}, {"tag": "german"}])
        rows = self.spind("tag", "list", "s:", "german").rows
        self.assertEqual([(list(row), row["path"]) for row in rows],
                         [(NODE_FIELDS, "/a"), (NODE_FIELDS, "/d")])
        self.assertEqual(self.spind("tag", "list", "s:", "german", "--at", str(entry)).rows, [])
        self.spind("tag", "rm", "s:/a", "german")
        self.assertEqual(self.run_tool("tag", "list", "s:", "german").out, b"/d/\n")
        self.error("tag", "list", "s:/d", "german", expect=2)
        self.check_is_clean()

    def test_favourites_are_a_persons_own(self):
        folder = self.spind("mkdir", "s:/d").row["id"]
        file = self.spind("put", "-", "s:/d/f", data=b"x").files[0]["id"]
        self.assertEqual(self.spind("favourite", "list").rows, [])
        self.assertEqual(self.spind("favourite", "add", "s:/d", "s:/d/f").rows,
                         [{"id": folder, "path": "/d"}, {"id": file, "path": "/d/f"}])
        self.spind("favourite", "add", f"s:!{file}")
        rows = self.spind("favourite", "list").rows
        self.assertEqual([list(row) for row in rows], [NODE_FIELDS + ["space"]] * 2)
        space = self.spind("space", "info", "s").row["id"]
        self.assertEqual([(row["id"], row["path"], row["space"]) for row in rows],
                         [(folder, "/d", space), (file, "/d/f", space)])
        self.assertEqual(self.run_tool("favourite", "list").out, b"s:/d/\ns:/d/f\n")
        self.assertEqual(self.spind("favourite", "list", "--as", "eve").rows, [])
        self.assertEqual(self.error("favourite", "add", "s:/none")["code"], "not_found")
        self.assertEqual(self.error("favourite", "rm", "s:/none")["code"], "not_found")

        self.spind("rm", "s:/d/f")
        self.assertEqual([row["id"] for row in self.spind("favourite", "list").rows], [folder])
        self.assertEqual(self.spind("favourite", "rm", f"s:!{file}").row,
                         {"id": file, "path": None})
        self.spind("trash", "s:", "restore", str(file))
        self.assertEqual([row["id"] for row in self.spind("favourite", "list").rows], [folder])
        self.assertEqual(self.spind("favourite", "rm", "s:/d").row, {"id": folder, "path": "/d"})
        self.assertEqual(self.spind("favourite", "list").rows, [])
        self.check_is_clean()


CHANGE_FIELDS = ["event", "number", "time_ns", "change", "id", "kind", "parent", "name",
                 "from_parent", "from_name", "version", "who", "application", "way", "from_way"]


class Changes(ToolCase):
    def changes(self, *words) -> tuple[list[dict], str]:
        rows = self.spind("changes", "s:", *words).rows
        self.assertEqual(list(rows[-1]), ["event", "number", "cursor"])
        events = [row for row in rows if row["event"] == "change"]
        for event in events:
            self.assertEqual(list(event), CHANGE_FIELDS)
        return events, rows[-1]["cursor"]

    def test_every_change_is_told_in_order(self):
        self.spind("put", "-", "s:/a", data=b"1")
        self.spind("put", "-", "s:/a", data=b"2")
        self.spind("mkdir", "s:/d")
        self.spind("mv", "s:/a", "s:/d/b")
        self.spind("rm", "s:/d/b")
        events, _ = self.changes()
        self.assertEqual([(e["number"], e["change"], e["id"], e["kind"], e["parent"], e["name"],
                           e["version"]) for e in events],
                         [(1, "space_created", 1, "folder", 0, "", 0),
                          (2, "created", 2, "file", 1, "a", 1),
                          (3, "updated", 2, "file", 1, "", 2),
                          (4, "created", 3, "folder", 1, "d", 0),
                          (5, "moved", 2, None, 3, "b", 0),
                          (6, "removed", 2, None, 3, "b", 0)])
        moved = events[4]
        self.assertEqual((moved["from_parent"], moved["from_name"], moved["way"],
                          moved["from_way"]), (1, "a", [1, 3], [1]))
        self.assertEqual({(e["who"], e["application"]) for e in events}, {("ada", "spind")})
        times = [e["time_ns"] for e in events]
        self.assertEqual(times, sorted(times))

    def test_since_a_number_or_a_cursor(self):
        self.spind("put", "-", "s:/a", data=b"1")
        self.spind("put", "-", "s:/b", data=b"1")
        self.assertEqual([e["name"] for e in self.changes("--since", "1")[0]], ["a", "b"])
        self.assertEqual([e["name"] for e in self.changes("--since", "2")[0]], ["b"])
        events, cursor = self.changes("--since", "3")
        self.assertEqual(events, [])
        self.spind("put", "-", "s:/c", data=b"1")
        self.assertEqual([e["name"] for e in self.changes("--since", cursor)[0]], ["c"])
        for since in ("99", "99999999999999999999", cursor[:-1], "rubbish"):
            self.assertEqual(self.error("changes", "s:", "--since", since)["code"],
                             "invalid_argument")
        self.assertEqual(self.error("changes", "nobody:")["code"], "not_found")

    def test_people_read_lines(self):
        self.spind("put", "-", "s:/a\u00fc", data=b"1")
        self.spind("mv", "s:/a\u00fc", "s:/b")
        lines = self.run_tool("changes", "s").out.decode().splitlines()
        time = r"\d{4}-\d\d-\d\d [0-9:]{8}"
        self.assertRegex(lines[1], rf"^ +2  {time}  created +!2 v1  /a\u00fc  by ada$")
        self.assertRegex(lines[2], rf"^ +3  {time}  moved +!2  /a\u00fc to  /b  by ada$")

    def test_follow_says_what_there_is_and_ends_with_an_interrupt(self):
        self.spind("put", "-", "s:/a", data=b"1")
        with self.start("changes", "s:", "--follow", "--json", stdout=subprocess.PIPE) as tool:
            rows = [json.loads(tool.stdout.readline()) for _ in range(3)]
            self.assertEqual([row["event"] for row in rows], ["change", "change", "cursor"])
            tool.send_signal(signal.SIGINT)
            self.assertEqual(tool.wait(timeout=60), 0)
            self.assertEqual(tool.stdout.read(), b"")


class Nodes(ToolCase):
    def test_stat_and_ls_have_the_nine_fields(self):
        self.spind("mkdir", "s:/d")
        self.spind("put", "-", "s:/d/f", data=b"hello")
        file = self.spind("stat", "s:/d/f").row
        self.assertEqual(list(file), NODE_FIELDS)
        self.assertEqual([file[field] for field in ("path", "kind", "size", "version", "sha256",
                                                    "state")],
                         ["/d/f", "file", 5, 1, sha256(b"hello"), "available"])
        folder = self.spind("stat", "s:/d").row
        self.assertEqual(list(folder), NODE_FIELDS)
        self.assertEqual([folder[field] for field in ("path", "kind", "size", "version",
                                                      "sha256")],
                         ["/d", "folder", 5, 0, None])
        self.assertEqual(self.spind("ls", "s:/d").rows, [file])
        self.assertEqual(self.spind("ls", "s:/d/f").rows, [file])
        self.assertEqual(self.spind("ls", "-r", "s:/").rows, [folder, file])
        self.assertEqual(self.spind("stat", "s:/", "s:/d").rows[0]["path"], "/")

    def test_a_node_is_named_by_its_id_too(self):
        made = self.spind("mkdir", "s:/d").row
        self.assertEqual(list(made), ["id", "path", "created"])
        put = self.spind("put", "-", f"s:!{made['id']}/f", data=b"x").files[0]
        self.assertEqual(put["path"], "/d/f")
        self.assertEqual(self.spind("stat", f"s:!{put['id']}").row["path"], "/d/f")
        self.assertEqual(self.run_tool("cat", f"s:!{made['id']}/f").out, b"x")

    def test_ls_is_in_byte_order_and_shows_sizes_when_long(self):
        for name in ("b", "a", "Ä", "B"):
            self.spind("put", "-", f"s:/{name}", data=b"x" * 2048)
        self.spind("mkdir", "s:/c")
        self.assertEqual(self.run_tool("ls", "s:/").out.decode().split(),
                         ["B", "a", "b", "c/", "Ä"])
        for line in self.run_tool("ls", "-l", "s:/").out.decode().splitlines():
            self.assertRegex(line, r"^ +\d.* (B|KiB)  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  v[-1] ")

    def test_ls_reads_many_pages(self):
        tree = {f"{i:05}" for i in range(2_500)}
        for name in tree:
            self.write(name, b"")
        self.spind("put", "-r", str(self.local), "s:/many")
        rows = self.spind("ls", "s:/many").rows
        self.assertEqual([row["path"] for row in rows], sorted(f"/many/{name}" for name in tree))

    def test_tree_draws_what_is_below(self):
        for name in ("a/b/f", "a/g", "z"):
            self.write(name)
        self.spind("put", "-r", str(self.local), "s:/")
        self.assertEqual(self.run_tool("tree", "s:/").out.decode(),
                         "/\n├── a\n│   ├── b\n│   │   └── f\n│   └── g\n└── z\n"
                         "\n2 folders, 3 files\n")
        self.assertEqual([row["path"] for row in self.spind("tree", "s:/a").rows],
                         ["/a", "/a/b", "/a/b/f", "/a/g"])

    def test_mkdir_with_and_without_parents(self):
        self.assertEqual(self.error("mkdir", "s:/a/b")["code"], "not_found")
        self.assertTrue(self.spind("mkdir", "-p", "s:/a/b").row["created"])
        self.assertFalse(self.spind("mkdir", "-p", "s:/a/b").row["created"])
        self.assertEqual(self.error("mkdir", "s:/a")["code"], "already_exists")

    def test_mv_renames_moves_into_folders_and_replaces_when_told(self):
        self.spind("mkdir", "-p", "s:/d/e")
        first = self.spind("put", "-", "s:/f", data=b"1").files[0]["id"]
        self.assertEqual(self.spind("mv", "s:/f", "s:/g").row, {"id": first, "path": "/g"})
        self.assertEqual(self.spind("mv", "s:/g", "s:/d").row, {"id": first, "path": "/d/g"})
        self.spind("put", "-", "s:/d/h", data=b"2")
        self.assertEqual(self.error("mv", "s:/d/g", "s:/d/h")["code"], "already_exists")
        self.spind("mv", "--replace", "s:/d/g", "s:/d/h")
        self.assertEqual(self.run_tool("cat", "s:/d/h").out, b"1")
        self.assertEqual(self.error("mv", "s:/d", "s:/d/e")["code"], "conflict")
        self.assertEqual(self.error("mv", "s:/none", "s:/x")["code"], "not_found")
        self.spind("space", "create", "t")
        self.assertEqual(self.error("mv", "s:/d/h", "t:/h")["code"], "unsupported")
        self.check_is_clean()

    def test_cp_copies_files_and_folders_within_a_space_and_to_another(self):
        self.spind("mkdir", "-p", "s:/d/e")
        first = self.spind("put", "-", "s:/d/f", data=b"1").files[0]["id"]
        copy = self.spind("cp", "s:/d/f", "s:/g").row
        self.assertEqual(copy["path"], "/g")
        self.assertNotEqual(copy["id"], first)
        self.assertEqual(self.run_tool("cat", "s:/g").out, b"1")
        self.assertEqual(self.error("cp", "s:/g", "s:/d/f")["code"], "already_exists")
        self.spind("put", "-", "s:/g", data=b"2")
        self.spind("cp", "--replace", "s:/g", "s:/d/f")
        self.assertEqual(self.run_tool("cat", "s:/d/f").out, b"2")
        self.assertEqual(self.error("cp", "s:/d", "s:/x")["code"], "is_a_folder")
        self.assertEqual(self.spind("cp", "-r", "s:/d", "s:/x").row["path"], "/x")
        self.assertEqual(self.spind("cp", "-r", "s:/d", "s:/x").row["path"], "/x/d")
        self.assertEqual(self.run_tool("cat", "s:/x/d/f").out, b"2")
        self.spind("space", "create", "t")
        self.assertEqual(self.spind("cp", "-r", "s:/d", "t:/").row["path"], "/d")
        self.assertEqual(self.spind("cp", "-r", "s:/", "t:/all").row["path"], "/all")
        self.assertEqual(self.run_tool("cat", "t:/all/x/f").out, b"2")
        self.assertEqual(self.error("cp", "s:/none", "t:/none")["code"], "not_found")
        self.check_is_clean()

    def test_rm_spares_full_folders_unless_told(self):
        self.spind("mkdir", "-p", "s:/d/e")
        error = self.error("rm", "s:/d")
        self.assertEqual((error["code"], error["path"]), ("folder_not_empty", "/d"))
        self.assertEqual(self.spind("rm", "s:/d/e").row["path"], "/d/e")
        self.spind("put", "-", "s:/d/f", data=b"x")
        self.spind("rm", "-r", "s:/d")
        self.assertEqual(self.spind("ls", "s:/").rows, [])
        self.assertEqual(self.error("rm", "s:/d")["code"], "not_found")
        self.spind("rm", "-f", "s:/d")
        self.assertEqual(self.error("rm", "-r", "s:/")["code"], "conflict")
        self.check_is_clean()

    def test_several_operands_go_on_after_an_error(self):
        answer = self.spind("mkdir", "s:/a", "s:/x/y", "s:/b", expect=1)
        self.assertEqual([row.get("path") for row in answer.rows], ["/a", None, "/b"])

    def test_du_shows_totals_by_folder(self):
        for name, size in (("a/b/f", 1000), ("a/g", 200), ("c/h", 30), ("i", 4)):
            self.write(name, b"x" * size)
        self.spind("put", "-r", str(self.local), "s:/")
        self.assertEqual(self.spind("du", "s:/").rows, [
            {"path": "/", "bytes": 1234, "version_bytes": 0, "files": 4, "folders": 3},
            {"path": "/a", "bytes": 1200, "version_bytes": 0, "files": 2, "folders": 1},
            {"path": "/c", "bytes": 30, "version_bytes": 0, "files": 1, "folders": 0}])
        paths = [row["path"] for row in self.spind("du", "-d", "9", "s:/").rows]
        self.assertEqual(paths, ["/", "/a", "/a/b", "/c"])
        self.assertEqual(len(self.spind("du", "-d", "0", "s:/").rows), 1)

    def test_cat_gives_ranges_and_versions(self):
        self.spind("put", "-", "s:/f", data=b"first")
        content = self.random.randbytes(3_000_000)
        self.spind("put", "-", "s:/f", data=content)
        self.assertEqual(self.run_tool("cat", "s:/f").out, content)
        self.assertEqual(self.run_tool("cat", "--version", "1", "s:/f").out, b"first")
        part = self.run_tool("cat", "--offset", "1000000", "--length", "1200000", "s:/f").out
        self.assertEqual(part, content[1_000_000:2_200_000])
        self.assertEqual(self.run_tool("cat", "--offset", "3000001", "s:/f").out, b"")
        answer = self.run_tool("cat", "--version", "3", "s:/f", "--json")
        self.assertEqual((answer.status, answer.out), (1, b""))
        self.assertEqual(json.loads(answer.err)["error"]["code"], "not_found")
        self.assertEqual(self.run_tool("cat", "s:/").status, 1)

    def test_versions_are_listed_restored_pinned_labelled_and_removed(self):
        for content in (b"first", b"second", b"third"):
            made = self.spind("put", "-", "s:/f", data=content).files[0]["id"]
        rows = self.spind("versions", "s:/f").rows
        self.assertEqual(list(rows[0]), ["number", "size", "mtime_ns", "written_ns", "author",
                                         "sha256", "current", "pinned", "label"])
        self.assertEqual([row["number"] for row in rows], [3, 2, 1])
        self.assertEqual([row["current"] for row in rows], [True, False, False])
        self.assertEqual(rows[2]["sha256"], sha256(b"first"))
        self.assertEqual(self.spind("versions", "s:/f", "restore", "1").row,
                         {"id": made, "path": "/f", "version": 4, "changed": True})
        self.assertEqual(self.run_tool("cat", "s:/f").out, b"first")
        self.assertFalse(self.spind("versions", "s:/f", "restore", "4").row["changed"])
        self.spind("versions", "s:/f", "pin", "2")
        self.spind("versions", "s:/f", "label", "2", "handed in")
        self.assertEqual(self.error("versions", "s:/f", "remove", "2")["code"],
                         "precondition_failed")
        self.spind("versions", "s:/f", "remove", "1")
        rows = self.spind("versions", "s:/f", "list").rows
        self.assertEqual([(row["number"], row["pinned"], row["label"]) for row in rows],
                         [(4, False, ""), (3, False, ""), (2, True, "handed in")])
        self.spind("versions", "s:/f", "unpin", "2")
        self.spind("versions", "s:/f", "remove", "2")
        self.assertEqual(self.error("versions", "s:/f", "remove", "4")["code"], "conflict")
        self.assertEqual(self.error("versions", "s:/f", "restore", "9")["code"], "not_found")
        self.assertIn("v4", self.run_tool("versions", "s:/f").out.decode())
        self.check_is_clean()

    def test_upload_goes_on_after_an_interruption_and_may_be_held(self):
        local = self.folder / "film"
        film = bytes(range(256)) * 40_000  # 10 MB
        local.write_bytes(film[:9_000_000])
        upload = self.spind("upload", "s:", "start", "/new/film", str(len(film)), "-p").row
        self.assertEqual(list(upload), ["id", "target", "size", "offset", "state", "starter",
                                        "started_ns", "expires_ns"])
        number = str(upload["id"])
        row = self.spind("upload", "s:", "append", number, str(local)).row
        self.assertEqual((row["offset"], row["state"]), (9_000_000, "receiving"))
        then = str(self.spind("space", "info", "s").row["entry"])
        self.assertEqual(self.error("upload", "s:", "finish", number)["code"], "conflict")
        local.write_bytes(film)
        row = self.spind("upload", "s:", "append", number, str(local)).row
        self.assertEqual(row["offset"], len(film))
        self.assertEqual(self.spind("upload", "s:", "finish", number, "--hold").row,
                         {"upload": upload["id"], "id": 0, "version": 0})
        self.assertEqual(self.error("stat", "s:/new/film")["code"], "not_found")
        self.assertEqual([row["state"] for row in self.spind("upload", "s:").rows], ["held"])
        self.assertEqual(self.spind("upload", "s:", "release", number).row["version"], 1)
        self.assertEqual(self.run_tool("cat", "s:/new/film").out, film)
        self.assertEqual(self.error("upload", "s:", "abort", number)["code"], "not_found")
        other = self.spind("upload", "s:", "start", "/other", "5").row["id"]
        self.spind("upload", "s:", "abort", str(other))
        self.assertEqual(self.spind("upload", "s:", "list", "--all").rows, [])
        self.assertEqual([row["offset"] for row in self.spind("upload", "s:", "--at", then).rows],
                         [9_000_000])
        self.assertEqual(self.error("upload", "s:", "abort", number, "--at", then)["code"],
                         "unsupported")
        self.assertEqual(self.spind("check", "--content").row["findings"], 0)

    def test_trash_is_listed_restored_purged_and_emptied(self):
        self.spind("mkdir", "-p", "s:/d/e")
        for name in ("d/e/f", "d/g", "h"):
            self.spind("put", "-", f"s:/{name}", data=b"hello")
        folder = self.spind("rm", "-r", "s:/d").row["id"]
        file = self.spind("rm", "s:/h").row["id"]
        rows = self.spind("trash", "s:").rows
        self.assertEqual(list(rows[0]), ["id", "path", "kind", "size", "version_bytes",
                                         "removed_ns", "removed_by"])
        self.assertEqual([(row["id"], row["path"], row["kind"], row["size"], row["removed_by"])
                          for row in rows],
                         [(file, "/h", "file", 5, "ada"), (folder, "/d", "folder", 10, "ada")])
        self.assertEqual(self.spind("trash", "s:", "restore", str(file)).row,
                         {"id": file, "path": "/h", "restored": True})
        self.assertEqual(self.error("trash", "s:", "restore", f"{folder}/e/f")["code"],
                         "not_found")
        row = self.spind("trash", "s:", "restore", f"{folder}/e/f", "--to", "/h",
                         "--on-conflict", "skip").row
        self.assertEqual((row["path"], row["restored"]), (None, False))
        row = self.spind("trash", "s:", "restore", f"{folder}/e/f", "--to", "/h",
                         "--on-conflict", "keep-both").row
        self.assertEqual(row["path"], "/h (2)")
        self.spind("trash", "s:", "restore", f"{folder}/g", "-p")
        self.assertEqual(self.run_tool("cat", "s:/d/g").out, b"hello")
        self.assertIn("/d/", self.run_tool("trash", "s:").out.decode())
        self.assertEqual(self.spind("trash", "s:", "purge", str(folder)).row, {"id": folder})
        self.assertEqual(self.error("trash", "s:", "purge", str(folder))["code"], "not_found")
        self.spind("rm", "s:/h")
        self.assertEqual(self.spind("trash", "s:", "empty", "--older-than", "3600").row,
                         {"items": 0, "bytes": 0})
        self.assertEqual(self.spind("trash", "s:", "empty").row, {"items": 1, "bytes": 5})
        self.assertEqual(self.spind("trash", "s:", "list").rows, [])
        self.check_is_clean()

    def test_errors_for_people_stand_on_stderr(self):
        answer = self.run_tool("stat", "s:/none")
        self.assertEqual((answer.status, answer.out), (1, b""))
        self.assertRegex(answer.err.decode(), r"^spind: not_found: .+/none.*\n$")
        self.assertEqual(len(re.findall("\n", answer.err.decode())), 1)


if __name__ == "__main__":
    main()
