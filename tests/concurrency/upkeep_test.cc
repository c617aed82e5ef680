// Everything that removes or moves bytes, at once, while others write, copy and read them.
#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "support/store/content.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kTextBytesMax = 1'200'000;
constexpr std::uint64_t kSizes[] = {20'000, 150'000, 600'000, kTextBytesMax};
constexpr std::uint64_t kPaths = 8;
// Together they fill a pack; what is left of them when most are removed is moved to another one.
constexpr std::uint64_t kOldFiles = 66, kOldBytes = 1'000'000;
constexpr std::uint64_t kOldKeptOneOf = 6;

std::string path_of(std::uint64_t i) { return "/files/" + std::to_string(i % kPaths); }
std::string old_path(std::uint64_t i) {
  return (i % kOldKeptOneOf == 0 ? "/kept/" : "/dropped/") + std::to_string(i);
}

// Different ones are different from the first byte on.
std::string text_of(std::uint64_t number, std::uint64_t size_bytes) {
  static const std::string common = content(1, kTextBytesMax);
  return std::to_string(number) + '.' + common.substr(0, size_bytes);
}

// Threads that do one thing again and again until they are stopped.
class Bustle {
 public:
  using Dice = std::mt19937_64;
  // Once; what went wrong, or "".
  using Work = std::function<std::string(Dice&)>;

  ~Bustle() { stop(); }
  void start(const std::string& name, Work work) {
    threads_.emplace_back([this, name, work = std::move(work), seed = seed() + threads_.size()] {
      Dice random(seed);
      while (!stops_) {
        const std::string wrong = work(random);
        const std::lock_guard lock(mutex_);
        ++rounds_[name];
        if (!wrong.empty()) wrong_ += name + ": " + wrong + "\n";
        if (!wrong_.empty()) return;
      }
    });
  }
  // What went wrong, or "".
  std::string stop() {
    stops_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return wrong_;
  }
  bool stops() const { return stops_; }
  bool all_have_worked(std::size_t names) {
    const std::lock_guard lock(mutex_);
    return !wrong_.empty() || rounds_.size() == names;
  }

 private:
  std::atomic<bool> stops_{false};
  std::mutex mutex_;  // guards what follows
  std::map<std::string, std::uint64_t> rounds_;
  std::string wrong_;
  std::vector<std::thread> threads_;
};

// Those that may come of what others did meanwhile.
template <class T>
std::string judge(const Result<T>& result) {
  const Code code = result.code();
  const bool expected = code == Code::ok || code == Code::not_found || code == Code::aborted ||
                        code == Code::already_exists;
  return expected ? "" : result.error().to_string();
}

// `pause` comes between opening and reading.
std::string read_whole(const Space& space, const Ref& file,
                       const std::function<void()>& pause = nullptr) {
  Result<Reader> reader = space.reader(file);
  if (!reader.ok()) return judge(reader);
  if (pause) pause();
  std::string text(reader->size_bytes(), '\0');
  const auto bytes = std::span(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
  for (std::size_t done = 0; done < text.size();) {
    // In parts, so that much can happen in between.
    const auto part = bytes.subspan(done, std::min<std::size_t>(text.size() - done, 100'000));
    const Result<std::size_t> got = reader->read(part);
    if (!got.ok()) return got.error().to_string();
    if (*got == 0) return "it ends too soon";
    done += *got;
    std::this_thread::yield();
  }
  return sha256_of(text) == reader->info().sha256 ? "" : "other bytes than were written";
}

SpaceOptions forgetful(const std::string& alias) {
  SpaceOptions options{.alias = alias};
  options.floor.keep_ns = 0;
  options.trash.keep_ns = 0;
  options.versions = {.thinning = Thinning::count_and_age, .count_max = 1};
  return options;
}

const CollectOptions kCollectAll{.grace = std::chrono::seconds(0), .rewrite_rate_bytes = 32 << 20};

std::string remove_all(TestStore& store, std::span<const Space> spaces) {
  for (const Space& space : spaces)
    if (!space.disable().ok() || !space.purge().ok()) return "a space could not be purged";
  for (int i = 0; i < 2; ++i) {
    const Result<CollectReport> collected = store.store().collect(kCollectAll);
    if (!collected.ok()) return collected.error().to_string();
  }
  const Result<CheckReport> checked = store.store().check();
  if (!checked.ok()) return checked.error().to_string();
  return checked->pieces == 0 && checked->spaces == 0 ? "" : "something is left";
}

}  // namespace

TEST_CASE("upkeep: collecting, thinning, rewriting, copies, overwrites and readers at once") {
  for (const MetadataEngine engine : engines()) {
    if (effort() == Effort::fast && engine != MetadataEngine::memory) continue;
    CAPTURE(engine_name(engine));
    TestStore store(engine);
    const Session session = store.session();
    SpaceOptions apart = forgetful("apart");
    apart.vault = VaultRule::own;
    // Only copies come to the last one.
    const Space spaces[] = {session.create_space(forgetful("a")).value(),
                            session.create_space(forgetful("b")).value(),
                            session.create_space(apart).value()};
    for (std::uint64_t i = 0; i < kOldFiles; ++i)
      REQUIRE(spaces[0].put(old_path(i), text_of(i, kOldBytes), {.make_parents = true}).ok());
    REQUIRE(spaces[0].remove("/dropped").ok());
    REQUIRE(spaces[0].make_folder("/files").ok());
    REQUIRE(spaces[1].make_folder("/files").ok());

    std::atomic<std::uint64_t> moved{0}, removed{0}, thinned{0}, collections{0};
    Bustle bustle;
    const auto put = [&](Bustle::Dice& random) {
      const std::string path = path_of(random() % 2 == 0 ? 0 : random());
      // Of some there are several, others go with the file.
      const std::uint64_t number = kOldFiles + random() % (random() % 2 == 0 ? 5 : 1'000'000);
      const std::uint64_t size_bytes = kSizes[random() % std::size(kSizes)];
      return judge(spaces[random() % 2].put(path, text_of(number, size_bytes)));
    };
    const auto read = [&](Bustle::Dice& random) {
      const std::uint64_t old = random() % (kOldFiles / kOldKeptOneOf) * kOldKeptOneOf;
      if (random() % 2 == 0) return read_whole(spaces[0], old_path(old));
      return read_whole(spaces[random() % 2], path_of(random()));
    };
    bustle.start("put", put);
    bustle.start("read", read);
    // What it opened would be gone by then, but for it.
    const auto read_late = [&](Bustle::Dice& random) {
      return read_whole(spaces[random() % 2], path_of(0), [&] {
        const std::uint64_t begun = collections;
        while (collections < begun + 3 && !bustle.stops())
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
      });
    };
    for (int i = 0; i < 2; ++i) bustle.start("read late", read_late);
    bustle.start("remove", [&](Bustle::Dice& random) {
      // The first stays, so that it comes to have versions to thin.
      return judge(spaces[random() % 2].remove(path_of(1 + random() % (kPaths - 1))));
    });
    bustle.start("copy a file", [&](Bustle::Dice& random) {
      return judge(spaces[1].copy_from(spaces[0], path_of(random()), path_of(random()),
                                       {.on_conflict = OnConflict::replace}));
    });
    bustle.start("copy a folder", [&](Bustle::Dice& random) {
      const std::size_t from = random() % 2;
      const std::string wrong = judge(spaces[1 - from].copy_from(
          spaces[from], "/files", "/copy", {.on_conflict = OnConflict::replace}));
      return wrong.empty()
                 ? read_whole(spaces[1 - from], "/copy/" + std::to_string(random() % kPaths))
                 : wrong;
    });
    bustle.start("copy to another vault", [&](Bustle::Dice& random) {
      const std::string wrong = judge(spaces[2].copy_from(spaces[random() % 2], "/files", "/copy",
                                                          {.on_conflict = OnConflict::replace}));
      return wrong.empty() ? read_whole(spaces[2], "/copy/" + std::to_string(random() % kPaths))
                           : wrong;
    });
    bustle.start("thin", [&](Bustle::Dice& random) {
      const Result<VersionsThinned> result = spaces[random() % 2].thin_versions();
      if (result.ok()) thinned += result->versions;
      return judge(result);
    });
    bustle.start("collect", [&](Bustle::Dice&) {
      const Result<CollectReport> result = store.store().collect(kCollectAll);
      if (result.ok()) {
        moved += result->pieces_moved;
        removed += result->removed;
        thinned += result->thinned;
      }
      ++collections;
      return judge(result);
    });

    const auto begun = std::chrono::steady_clock::now();
    const auto lasts = [&] { return std::chrono::steady_clock::now() - begun; };
    const std::chrono::milliseconds time(scaled(1'000, 4'000, 60'000));
    const auto enough = [&] {
      return bustle.all_have_worked(9) && collections >= 4 && moved > 0 && thinned > 0;
    };
    while (lasts() < time || (!enough() && lasts() < time + std::chrono::minutes(2)))
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(bustle.stop() == "");
    CHECK(moved > 0);
    CHECK(removed > 0);
    CHECK(thinned > 0);

    for (const Space& space : spaces) {
      Walk walk = space.walk("/").value();
      for (auto item = walk.next().value(); item; item = walk.next().value())
        if (item->node.kind == NodeKind::file)
          CHECK(read_whole(space, Ref::node(item->node.id)) == "");
    }
    REQUIRE(store.store().collect(kCollectAll).ok());
    CHECK(store.findings(true) == "");
    CHECK(remove_all(store, spaces) == "");
    CHECK(store.findings(true) == "");
  }
}

}  // namespace spind::test
