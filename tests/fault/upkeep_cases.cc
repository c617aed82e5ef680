#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/try.h"
#include "fault/fault_case.h"
#include "support/store/content.h"
#include "support/store/sample.h"

namespace spind::test {
namespace {

namespace fs = std::filesystem;

// What could not be made good is set aside; all else is as it was.
FaultCase repair(std::string name, std::string set_aside, Mends mends,
                 void (*damage)(kv::Store&, const Store&)) {
  const auto run = [set_aside = std::move(set_aside)](TestStore& store) -> Status {
    CheckOptions options;
    options.read_content = options.repair = true;
    SPIND_TRY_ASSIGN(const CheckReport report, store.store().check(options));
    if (report.findings_left != 0)
      return Error{.code = Code::corruption, .text = report.findings.front().text};
    std::string kinds;
    for (const CheckFinding& aside : report.set_aside) kinds += aside.kind + " ";
    if (kinds != set_aside) return Error{.code = Code::corruption, .text = "set aside: " + kinds};
    return read_undamaged(store.store());
  };
  const auto prepare = [damage](TestStore& store) { damage(store.rows(), store.store()); };
  FaultCase one{std::move(name), run, true, prepare};
  one.mends = mends;
  one.is_long = true;
  one.encrypted = Encrypted::never;
  return one;
}

std::vector<std::string> pack_files(const TestStore& store) {
  std::vector<std::string> files;
  for (const auto& item : fs::directory_iterator(fs::path(store.folder()) / "packs"))
    files.push_back(item.path());
  return files;
}

// One byte in the middle of /folder/packed is another one while this lives.
class DamagedByte {
 public:
  explicit DamagedByte(const TestStore& store) {
    const std::string wanted = content(2, kPacked).substr(20'000, 100);
    for (const std::string& path : pack_files(store)) {
      std::ifstream file(path, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      const std::size_t at = bytes.find(wanted);
      if (at == std::string::npos) continue;
      path_ = path;
      offset_ = static_cast<std::streamoff>(at);
      sound_ = wanted[0];
      write(static_cast<char>(sound_ ^ 1));
      return;
    }
    throw std::runtime_error("no pack holds the file");
  }
  DamagedByte(const DamagedByte&) = delete;
  DamagedByte& operator=(const DamagedByte&) = delete;
  ~DamagedByte() { write(sound_); }

 private:
  void write(char byte) const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset_);
    file.put(byte);
  }
  std::string path_;
  std::streamoff offset_ = 0;
  char sound_ = 0;
};

// In two parts; what is damaged is told by one of them, or by an earlier try in the same round.
Status scrub_in_parts(TestStore& store) {
  const DamagedByte damaged(store);
  ScrubOptions first;
  first.progress = [](const Progress& progress) { return progress.done == 0; };
  const auto part = store.store().scrub(first);
  if (!part.ok() && part.code() != Code::cancelled) return part.error();
  SPIND_TRY_ASSIGN(const ScrubReport report, store.store().scrub());
  if (report.findings_total + report.findings_before == 0)
    return Error{.code = Code::corruption, .text = "the scrub passed over a damaged byte"};
  return {};
}

// The pack of the sample also holds what a space of the past had, which is most of it.
void leave_pack_mostly_dead(TestStore& store) {
  const auto must = [](const auto& result) {
    if (!result.ok()) throw std::runtime_error(result.error().to_string());
  };
  SpaceOptions options{.alias = "past"};
  options.floor.keep_ns = 0;
  const Space space = store.session().create_space(options).value();
  std::uint64_t content_seed = 20;
  for (const char* path : {"/a", "/b", "/c"})
    must(space.put(path, content(++content_seed, 900'000)));
  must(space.disable());
  must(space.purge());
  store.reopen();  // so that the pack is nobody's
  must(store.store().collect({.grace = std::chrono::seconds(0), .rewrite_below_percent = 0}));
}

// Once to move what is left, once to let go of where it was.
Status rewrite_packs(TestStore& store) {
  for (int i = 0; i < 2; ++i)
    SPIND_TRY(store.store().collect({.grace = std::chrono::seconds(0), .rewrite_rate_bytes = 0}));
  std::uint64_t bytes = 0;
  for (const std::string& path : pack_files(store)) bytes += fs::file_size(path);
  if (bytes > 2'000'000) return Error{.code = Code::corruption, .text = "a sparse pack is left"};
  return read_undamaged(store.store());
}

}  // namespace

std::vector<FaultCase> upkeep_cases() {
  FaultCase scrub{"scrub in parts", scrub_in_parts, false};
  FaultCase rewrite{"rewrite packs", rewrite_packs, false, leave_pack_mostly_dead};
  scrub.is_long = rewrite.is_long = true;
  scrub.encrypted = Encrypted::never;
  return {repair("repair of what can be derived", "", Mends::all, damage_derived),
          repair("repair of what is lost", kSetAside, Mends::what_it_can, damage_for_good),
          std::move(scrub), std::move(rewrite)};
}

}  // namespace spind::test
