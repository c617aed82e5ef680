"""kill -9 in the middle of a put -r, or of a move: what was acknowledged is there, whole."""
import json
import random
import time

from harness import EFFORT, IN_BUCKET, SEED, ToolCase, main, sha256

# A bucket takes several times as long, and stores over one are killed elsewhere too (tests/s3).
ROUNDS = {"fast": 3, "ci": 2 if IN_BUCKET else 8, "long": 300}[EFFORT]
FILES = 1_500


class Kill(ToolCase):
    def test_everything_acknowledged_survives(self):
        content = {}
        for i in range(FILES):
            # Some of each way in which bytes are kept: inline, in a pack, as an object.
            size = 3_000_000 if i % 300 == 0 else self.random.choice((0, 100, 5_000, 60_000))
            content[f"d{i % 30}/f{i}"] = self.random.randbytes(size)
            self.write(f"d{i % 30}/f{i}", content[f"d{i % 30}/f{i}"])
        killed = acknowledged = 0
        for round_ in range(ROUNDS):
            lines_until_kill = random.Random(SEED + round_).randrange(1, FILES)
            process = self.start("put", "-r", "--json", str(self.local), f"s:/{round_}",
                                 stdout=-1)
            lines = []
            for line in process.stdout:
                lines.append(line)
                if len(lines) == lines_until_kill:
                    process.kill()
            process.stdout.close()
            killed += process.wait() == -9
            rows = [json.loads(line) for line in lines if line.endswith(b"\n")]
            files = [row for row in rows if row.get("event") == "file"]
            acknowledged += len(files)
            stored = {row["path"]: row for row in self.spind("ls", "-r", f"s:/{round_}").rows}
            for row in files:
                kept = stored[row["path"]]
                self.assertEqual((kept["id"], kept["version"], kept["size"], kept["sha256"]),
                                 (row["id"], row["version"], row["size"], row["sha256"]))
            for path, row in stored.items():
                if row["kind"] == "file":
                    name = path.removeprefix(f"/{round_}/")
                    self.assertEqual(row["sha256"], sha256(content[name]))
            whole = sum(row["kind"] == "file" for row in stored.values()) == FILES
            answer = self.spind("verify", str(self.local), f"s:/{round_}",
                                expect=0 if whole else 3).row
            self.assertEqual((answer["different"], answer["extra"]), (0, 0))
            self.check_is_clean()
        print(f"{killed} of {ROUNDS} killed, {acknowledged} files acknowledged", flush=True)
        self.assertGreater(killed, 0)
        self.assertGreater(acknowledged, 0)
        self.spind("collect", "--grace", "0")
        self.check_is_clean()


class KillMove(ToolCase):
    def test_a_store_that_moves_is_whole_at_one_place(self):
        files = 60
        for i in range(files):
            self.write(f"f{i}", self.random.randbytes(1_200_000 if i % 3 == 0 else 60_000))
        self.spind("put", "-r", str(self.local), "s:/")
        places = [dict(self.place)]
        names = [self.place.get("SPIND_BLOBS", "folder")]
        elsewhere = str(self.folder / "elsewhere") if names[0] == "folder" else "folder"
        names.append(elsewhere)
        places.append({k: v for k, v in self.place.items() if k != "SPIND_BLOBS"})
        if elsewhere != "folder":
            places[1]["SPIND_BLOBS"] = elsewhere
        here = killed = moved = 0
        begin = time.monotonic()
        self.spind("blobs", "move", names[1 - here])
        usual_s, here = time.monotonic() - begin, 1 - here
        for round_ in range(3 * ROUNDS):
            self.place = places[here]
            process = self.start("blobs", "move", names[1 - here], stdout=-3, stderr=-3)
            time.sleep(random.Random(SEED + round_).uniform(0, 1.1 * usual_s))
            process.kill()
            killed += process.wait() == -9
            if self.run_tool("ls", "s:").status != 0:
                here, moved = 1 - here, moved + 1
                self.place = places[here]
            same = self.spind("verify", str(self.local), "s:/").row
            self.assertEqual((same["same"], same["different"], same["missing"]), (files, 0, 0))
            self.check_is_clean()
            if round_ % 2 == 1:
                self.spind("blobs", "move", names[1 - here])
                here = 1 - here
        print(f"{killed} of {3 * ROUNDS} killed, {moved} had moved", flush=True)
        self.assertGreater(killed, 0)


if __name__ == "__main__":
    main()
