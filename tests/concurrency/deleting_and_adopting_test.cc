// Bytes that are let go of while somebody else takes them up: all orders of the steps, not those
// that chance brings. After each order every file reads back, the check finds nothing, and after a
// last collection exactly what is referred to is stored.
//
// A schedule that goes wrong is printed; SPIND_SCHEDULE repeats it, and tells what happened:
//
//   SPIND_SCHEDULE="uploading what is condemned: 0x12 1x3" concurrency_interleavings_test
#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <unordered_set>

#include "blob/memory/memory_blob_store.h"
#include "concurrency/interleave.h"
#include "concurrency/memory_files.h"
#include "concurrency/stepped_seams.h"
#include "engine/engine.h"
#include "kv/memory/memory_store.h"
#include "kv/write_set.h"
#include "model/keys.h"
#include "model/vault_rows.h"
#include "support/harness.h"
#include "support/store/content.h"
#include "support/store/test_clock.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kPacked = 20'000;     // bytes that go to a pack
constexpr std::uint64_t kObject = 1'100'000;  // bytes that become an object
// In the keys of a vault and of a space.
const std::size_t kBucketAt = model::bucket_partition({}, 0).size() - 1;
const std::size_t kSpaceRowAt = model::space_partition({}).size();

// What a store leaves when it is closed.
struct Remains {
  std::vector<kv::Row> rows;
  std::map<std::string, std::vector<std::uint8_t>> objects;
  MemoryFiles files;
  std::map<std::pair<std::string, std::string>, std::string> expected;  // by space and path
};

// A store in memory whose seams are steps, and what is known of what it should hold.
class World {
 public:
  // A new one. `buckets`: where there will be pieces. `within_commits`: a commit stops once more
  // while it owns its partitions, and a sync does.
  World(std::set<std::uint8_t> buckets, bool within_commits)
      : World(std::move(buckets), within_commits, {}) {}
  World(std::set<std::uint8_t> buckets, bool within_commits, const Remains& remains)
      : buckets_(std::move(buckets)), files_(remains.files), expected_(remains.expected) {
    kv::WriteSet rows;
    for (const kv::Row& row : remains.rows) rows.put(row.family, row.key, *row.value, false);
    disk_->synced(disk_->write(rows));
    for (const auto& [name, bytes] : remains.objects) REQUIRE(blobs_.put(name, bytes).ok());
    StoreOptions options{.create = true,
                         .memory_bytes = kMemoryBytesMin,
                         .free_space_reserve_bytes = 0,
                         .upkeep_period = std::chrono::milliseconds(0)};
    engine_ = engine::Engine::open("/store", options, seams(within_commits)).value();
    store_.emplace(engine_);
    const Session session = store_->session({.user = "ada"}).value();
    for (const char* alias : {"a", "b"}) {
      SpaceOptions space{.alias = alias};
      space.floor.keep_ns = 0;
      space.trash.keep_ns = 0;
      spaces_.emplace(alias, remains.rows.empty() ? session.create_space(space).value()
                                                  : session.space_by_alias(alias).value());
    }
  }

  const Space& space(const std::string& alias) { return spaces_.at(alias); }

  // Closes it.
  Remains remains() {
    spaces_.clear();
    store_.reset();
    engine_.reset();
    Remains remains{{}, {}, files_, expected_};
    for_each_row([&](kv::Row row) { remains.rows.push_back(std::move(row)); });
    for (const BlobListItem& item : blobs_.list("", "", 1'000).value())
      remains.objects[item.name] = blobs_.get(item.name, item.size_bytes).value();
    return remains;
  }

  // ---- what actors do; each says what went wrong ----

  void put(const std::string& alias, const std::string& path, const std::string& text) {
    expect(space(alias).put(path, text), "put " + alias + path);
    now_holds(alias, path, text);
  }
  void remove(const std::string& alias, const std::string& path) {
    expect(space(alias).remove(path), "remove " + alias + path);
    const std::lock_guard lock(mutex_);
    expected_.erase({alias, path});
  }
  // The original may be gone by then.
  void copy(const std::string& path, const std::string& text) {
    const Result<Written> copied = space("b").copy_from(space("a"), path, path);
    if (copied.code() == Code::not_found || copied.code() == Code::aborted) return;
    expect(copied, "copy " + path);
    now_holds("b", path, text);
  }
  void read(const std::string& alias, const std::string& path, const std::string& text) {
    const Result<Reader> reader = space(alias).reader(path);
    if (reader.code() == Code::not_found) return;
    expect(reader, "open " + alias + path);
    if (!reader.ok()) return;
    // Twice, since it goes on while the bytes go.
    for (int i = 0; i < 2; ++i) {
      std::string got(text.size(), '\0');
      const auto place = std::span(reinterpret_cast<std::uint8_t*>(got.data()), got.size());
      expect(reader->read_at(0, place), "read " + alias + path);
      if (got != text) complain("read " + alias + path + ": other bytes");
    }
  }
  void collect(CollectOptions options = {.grace = std::chrono::seconds(0)}) {
    options.rewrite_rate_bytes = 0;
    expect(store_->collect(options), "collect");
  }

  // Only what the vault does: policies and floors let go of nothing more.
  void collect_pieces() {
    const CollectOptions options{.grace = std::chrono::seconds(0), .rewrite_rate_bytes = 0};
    expect(engine_->content().collect(options), "collect pieces");
  }
  // Until so many steps are done; to prepare.
  void collect_for(std::uint64_t steps) {
    CollectOptions options{.grace = std::chrono::seconds(0)};
    options.progress = [steps](const Progress& progress) { return progress.done < steps; };
    (void)store_->collect(options);
  }
  std::size_t rows(model::VaultRow kind) const {
    std::size_t count = 0;
    const auto cursor = kv_->durable()->scan(kv::Family::content, "v", "w");
    for (; cursor->valid(); cursor->next())
      count += cursor->key()[kBucketAt + 1] == static_cast<char>(kind) ? 1 : 0;
    return count;
  }

  // ---- what must be so after every order ----

  // What can be said at once.
  const std::string& complaints() {
    read_all();
    return wrong_;
  }
  // Equal for worlds of which the same will be said.
  std::size_t state() {
    std::string all;
    const auto add = [&all](std::string_view part) {
      all.append(std::to_string(part.size())).append(1, ' ').append(part);
    };
    for_each_row([&](const kv::Row& row) {
      add(row.key);
      add(*row.value);
    });
    for (const BlobListItem& item : blobs_.list("", "", 1'000).value()) add(item.name);
    for (const auto& [path, bytes] : files_.all()) {
      add(path);
      add(bytes);
    }
    for (const auto& [place, text] : expected_) add(place.first + place.second);
    return std::hash<std::string>()(all);
  }
  // The rest. `rewrites`: what a collection moves out of a pack goes with the next.
  std::string verdict(bool rewrites) {
    collect();
    if (rewrites) collect();
    read_all();
    const Result<CheckReport> checked = store_->check({.read_content = true});
    expect(checked, "check");
    if (checked.ok())
      for (const CheckFinding& finding : checked->findings)
        complain("check: " + finding.kind + ": " + finding.text);
    compare_with_stored();
    return std::move(wrong_);
  }

 private:
  engine::Seams seams(bool within_commits) {
    engine::Seams seams;
    seams.clock = &clock_;
    seams.random = &random_;
    seams.files = &stepped_files_;
    seams.open_kv = [this, within_commits](const engine::KvSetup& setup) {
      return open_kv(setup, within_commits);
    };
    seams.open_blobs = [this](const engine::BlobSetup&) {
      return Result<std::unique_ptr<BlobStore>>(std::make_unique<SteppedBlobs>(blobs_));
    };
    return seams;
  }

  Result<std::unique_ptr<kv::Store>> open_kv(const engine::KvSetup& setup, bool within_commits) {
    kv::MemoryOptions options{
        .threads = setup.threads, .clock = setup.clock, .observer = setup.observer, .disk = disk_};
    if (within_commits)
      options.before = [](kv::MemoryCall call) -> Status {
        if (call == kv::MemoryCall::write) step("write a commit");
        if (call == kv::MemoryCall::sync) step("sync the log");
        return {};
      };
    Result<std::unique_ptr<kv::Store>> opened = kv::open_memory(std::move(options));
    if (!opened.ok()) return opened;
    auto stepped = std::make_unique<SteppedKv>(
        *std::move(opened),
        [this](kv::Family family, std::string_view key) { return look_of(family, key); });
    kv_ = stepped.get();
    return std::unique_ptr<kv::Store>(std::move(stepped));
  }

  // The vault has 256 buckets, of which the test's pieces are in a few.
  Look look_of(kv::Family family, std::string_view key) const {
    if (family == kv::Family::content) {
      const bool in_vault = key.starts_with('v') && key.size() > kBucketAt;
      const bool empty = in_vault && !buckets_.contains(static_cast<std::uint8_t>(key[kBucketAt]));
      return empty ? Look::nothing : Look::pieces;
    }
    const bool counts = family == kv::Family::state && key.size() > kSpaceRowAt &&
                        (key[kSpaceRowAt] == static_cast<char>(model::SpaceRow::reference) ||
                         key[kSpaceRowAt] == static_cast<char>(model::SpaceRow::kept));
    return counts ? Look::pieces : Look::other_rows;
  }

  template <class See>
  void for_each_row(const See& see) const {
    for (std::size_t i = 0; i < kv::kFamilyCount; ++i) {
      const auto family = static_cast<kv::Family>(i);
      std::string at;
      while (auto row = disk_->seek(family, at, !at.empty(), "\xff", kv::MemoryDisk::kLatest)) {
        at = row->key;
        see(*std::move(row));
      }
    }
  }

  void complain(const std::string& text) {
    const std::lock_guard lock(mutex_);
    wrong_ += text + "\n";
  }
  // What an actor has done. Two of them end at once when one wakes the other.
  void now_holds(const std::string& alias, const std::string& path, const std::string& text) {
    const std::lock_guard lock(mutex_);
    expected_[{alias, path}] = text;
  }
  template <class T>
  void expect(const Result<T>& result, const std::string& what) {
    if (!result.ok()) complain(what + ": " + result.error().to_string());
  }

  void read_all() {
    for (const auto& [place, text] : expected_) {
      const Result<std::string> got = space(place.first).get(place.second);
      expect(got, "get " + place.first + place.second);
      if (got.ok() && *got != text) complain(place.second + ": other bytes");
    }
  }
  void compare_with_stored() {
    std::set<std::string> contents, objects;
    std::set<std::pair<std::string, std::string>> holders;
    for (const auto& [place, text] : expected_) {
      contents.insert(text);
      holders.insert({place.first, text});
      if (text.size() >= kObject) objects.insert(text);
    }
    const auto compare = [&](model::VaultRow kind, std::size_t expected) {
      if (rows(kind) != expected)
        complain(std::to_string(rows(kind)) + " rows of kind " + static_cast<char>(kind) +
                 " where " + std::to_string(expected) + " are needed");
    };
    compare(model::VaultRow::piece, contents.size());
    compare(model::VaultRow::holder, holders.size());
    compare(model::VaultRow::unchecked, 0);
    compare(model::VaultRow::condemned, 0);
    compare(model::VaultRow::doomed, 0);
    if (const std::size_t there = blobs_.list("", "", 1'000).value().size();
        there != objects.size())
      complain(std::to_string(there) + " objects where " + std::to_string(objects.size()) +
               " are needed");
  }

  const std::set<std::uint8_t> buckets_;
  TestClock clock_;
  SeededRandom random_{1};
  MemoryFiles files_;
  SteppedFiles stepped_files_{files_};
  MemoryBlobStore blobs_;
  std::shared_ptr<kv::MemoryDisk> disk_ = std::make_shared<kv::MemoryDisk>();
  kv::Store* kv_ = nullptr;
  std::mutex mutex_;  // guards what follows, while actors are there
  std::map<std::pair<std::string, std::string>, std::string> expected_;  // by space and path
  std::string wrong_;
  std::shared_ptr<engine::Engine> engine_;
  std::optional<Store> store_;
  std::map<std::string, Space> spaces_;
};

struct Scene {
  std::string name{};
  // All schedules with so many are run at any effort; and at any but a hasty one.
  std::uint32_t preemptions_min = 1, preemptions_usual = 1;
  std::uint64_t size_bytes = kPacked;
  bool within_commits = false;
  bool rewrites = false;
  void (*prepare)(World&, const std::string& text) = nullptr;
  std::vector<Actor> (*actors)(World&, const std::string& text) = nullptr;
};

// Two pieces that fill a pack with what will be dead.
const std::string& ballast(std::size_t i) {
  static const std::string texts[] = {content(100, 600'000), content(101, 600'000)};
  return texts[i];
}

// A scene that is played again and again, each time from where it was prepared to.
class Play {
 public:
  explicit Play(const Scene& scene) : scene_(scene), text_(content(1, scene.size_bytes)) {
    World world({bucket_of(text_), bucket_of(ballast(0)), bucket_of(ballast(1))}, false);
    scene_.prepare(world, text_);
    prepared_ = std::make_unique<Remains>(world.remains());
  }

  std::string run(Guide& guide) {
    World world({bucket_of(text_)}, scene_.within_commits, *prepared_);
    Stage(guide).play(scene_.actors(world, text_));
    if (const std::string& wrong = world.complaints(); !wrong.empty()) return wrong;
    if (!judged_.insert(world.state()).second) return "";
    return world.verdict(scene_.rewrites);
  }
  // States in which schedules ended.
  std::size_t endings() const { return judged_.size(); }

 private:
  static std::uint8_t bucket_of(const std::string& text) { return sha256_of(text)[0]; }

  const Scene& scene_;
  const std::string text_;
  std::unique_ptr<const Remains> prepared_;
  std::unordered_set<std::size_t> judged_;
};

void removed_before(World& world, const std::string& text) {
  world.put("a", "/f", text);
  world.remove("a", "/f");
}
// Its trash and its floor have passed, so it is condemned.
void condemned_before(World& world, const std::string& text) {
  removed_before(world, text);
  world.collect({.grace = std::chrono::hours(1)});
}
// The space does not need it any more; the collector is to look whether somebody claims it.
void let_go_before(World& world, const std::string& text) {
  world.put("a", "/f", text);
  world.collect();  // so that the claim of its upload is settled
  world.remove("a", "/f");
  for (std::uint64_t steps = 1; world.rows(model::VaultRow::unchecked) == 0; ++steps)
    world.collect_for(steps);
}
void there_before(World& world, const std::string& text) { world.put("a", "/f", text); }
// The file lies in a pack that is mostly dead.
void sparse_before(World& world, const std::string& text) {
  world.put("a", "/f", text);
  for (std::size_t i = 0; i < 2; ++i) world.put("a", "/ballast", ballast(i));
  world.remove("a", "/ballast");
  world.collect({.grace = std::chrono::seconds(0), .rewrite_below_percent = 0});
}

Actor collector(World& world) {
  return {[&world] { world.collect_pieces(); }, {kLookAtRows}};
}
// Moves what is left in the pack, and removes the pack.
Actor rewriter(World& world) {
  return {[&world] {
            world.collect_pieces();
            world.collect_pieces();
          },
          {kLookAtRows}};
}
Actor remover(World& world) {
  return {[&world] {
            world.remove("a", "/f");
            world.collect();
          },
          {kLookAtRows}};
}
Actor uploader(World& world, const std::string& text, const std::string& alias = "b") {
  return {[&world, text, alias] { world.put(alias, "/g", text); }};
}
Actor copier(World& world, const std::string& text) {
  return {[&world, text] { world.copy("/f", text); }};
}
Actor reader(World& world, const std::string& text) {
  return {[&world, text] { world.read("a", "/f", text); }};
}

using Actors = std::vector<Actor>;

Actors collector_and_uploader(World& world, const std::string& text) {
  return {collector(world), uploader(world, text)};
}

std::vector<Scene> scenes_of_two() {
  return {
      {.name = "uploading what is condemned",
       .preemptions_usual = 2,
       .prepare = condemned_before,
       .actors = collector_and_uploader},
      // That the claim is asked for twice takes two preemptions to be seen.
      {.name = "uploading what was let go of",
       .preemptions_min = 2,
       .preemptions_usual = 2,
       .prepare = let_go_before,
       .actors =
           [](World& world, const std::string& text) {
             return Actors{collector(world), uploader(world, text, "a")};
           }},
      {.name = "uploading what is removed",
       .prepare = there_before,
       .actors =
           [](World& world, const std::string& text) {
             return Actors{remover(world), uploader(world, text)};
           }},
      {.name = "uploading what is condemned, within commits",
       .preemptions_usual = 2,
       .within_commits = true,
       .prepare = condemned_before,
       .actors = collector_and_uploader},
      {.name = "uploading an object that is condemned",
       .size_bytes = kObject,
       .prepare = condemned_before,
       .actors = collector_and_uploader},
      {.name = "copying what is removed",
       .preemptions_usual = 2,
       .prepare = there_before,
       .actors =
           [](World& world, const std::string& text) {
             return Actors{remover(world), copier(world, text)};
           }},
      {.name = "rewriting a pack under a reader",
       .rewrites = true,
       .prepare = sparse_before,
       .actors =
           [](World& world, const std::string& text) {
             return Actors{rewriter(world), reader(world, text)};
           }},
  };
}

std::vector<Scene> scenes_of_three() {
  return {
      {.name = "reading what is removed, while it is uploaded again",
       .preemptions_min = 0,
       .prepare = there_before,
       .actors =
           [](World& world, const std::string& text) {
             return Actors{remover(world), reader(world, text), uploader(world, text)};
           }},
      {.name = "rewriting a pack under a reader and an upload",
       .preemptions_min = 0,
       .rewrites = true,
       .prepare = sparse_before,
       .actors =
           [](World& world, const std::string& text) {
             return Actors{rewriter(world), reader(world, text), uploader(world, text)};
           }},
      {.name = "rewriting a pack while what is in it is removed and copied",
       .preemptions_min = 0,
       .rewrites = true,
       .prepare = sparse_before,
       .actors =
           [](World& world, const std::string& text) {
             return Actors{rewriter(world), remover(world), copier(world, text)};
           }},
  };
}

std::vector<Scene> scenes() {
  std::vector<Scene> all = scenes_of_two();
  for (const Scene& scene : scenes_of_three()) all.push_back(scene);
  return all;
}

std::string label(const Scene& scene, bool every_step) {
  return scene.name + (every_step ? ", every step: " : ": ");
}

// The schedule that is to be repeated, if it is of this scene.
std::optional<Guide> asked_for(const Scene& scene) {
  std::string_view text = std::getenv("SPIND_SCHEDULE");
  for (const bool every_step : {true, false}) {
    const std::string begin = label(scene, every_step);
    if (!text.starts_with(begin)) continue;
    const auto choices = parse_choices(text.substr(begin.size()));
    if (!choices) return std::nullopt;
    Guide guide(*choices);
    guide.every_step = every_step;
    return guide;
  }
  return std::nullopt;
}

void repeat(const Scene& scene, Guide guide) {
  const std::string wrong = Play(scene).run(guide);
  std::cout << guide.story() << wrong << '\n';
  CHECK(wrong == "");
}

void explore_scene(const Scene& scene, std::chrono::milliseconds time) {
  Play play(scene);
  const bool hasty = kThreadSanitizer || effort() == Effort::fast;
  const std::uint32_t promised = hasty ? scene.preemptions_min : scene.preemptions_usual;
  const Explored explored = explore({.preemptions_min = promised,
                                     .preemptions_max = 3,
                                     .random_min = 5,
                                     .time = time,
                                     .seed = seed()},
                                    [&](Guide& guide) { return play.run(guide); });
  std::cout << scene.name << ": " << explored.schedules << " schedules, all with up to "
            << explored.preemptions_all << " preemptions; " << explored.random_ones
            << " at random; up to " << explored.steps_max << " steps; " << explored.missed
            << " not followed; " << play.endings() << " endings\n";
  INFO("SPIND_SCHEDULE=\"" << label(scene, explored.every_step) << print(explored.failed) << "\"\n"
                           << explored.story);
  CHECK(explored.wrong == "");
  if (explored.wrong.empty()) CHECK(explored.preemptions_all >= promised);
}

}  // namespace

TEST_CASE("deleting and adopting: every order of their steps keeps what is in use, and no more") {
  const std::vector<Scene> all = scenes();
  if (std::getenv("SPIND_SCHEDULE") != nullptr) {
    std::size_t repeated = 0;
    for (const Scene& scene : all) {
      if (auto guide = asked_for(scene)) {
        repeat(scene, *std::move(guide));
        ++repeated;
      }
    }
    REQUIRE(repeated == 1);
    return;
  }
  // Where one thread runs at a time there is little for ThreadSanitizer to find.
  const std::uint64_t time_ms = kThreadSanitizer ? 8'000 : scaled(4'000, 25'000, 600'000);
  for (const Scene& scene : all)
    explore_scene(scene, std::chrono::milliseconds(time_ms / all.size()));
}

}  // namespace spind::test
