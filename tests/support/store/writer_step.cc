#include <array>
#include <random>

#include "base/try.h"
#include "support/store/content.h"
#include "support/store/ledger.h"

namespace spind::test {
namespace {

std::uint64_t random_size(std::mt19937_64& random) {
  struct Range {
    unsigned of_a_thousand;
    std::uint64_t low, high;
  };
  constexpr std::array<Range, 5> kRanges = {{{550, 0, 16 * 1024},
                                             {50, 16 * 1024, 16 * 1024 + 2},
                                             {350, 16 * 1024, 300'000},
                                             {45, 1'000'000, 3'000'000},
                                             {5, 8 << 20, 18 << 20}}};
  unsigned at = static_cast<unsigned>(random() % 1000);
  for (const Range& range : kRanges) {
    if (at < range.of_a_thousand) return range.low + random() % (range.high - range.low + 1);
    at -= range.of_a_thousand;
  }
  return 0;
}

Status put(const Space& space, const WriterStep& step, const StepTry& one) {
  const std::string bytes = content(step.content_seed, step.size_bytes);
  PutOptions options;
  options.make_parents = true;
  options.request_id = one.request_id;
  if (step.kind == WriterStep::Kind::put) {
    SPIND_TRY(space.put(step.path, bytes, options));
    return {};
  }
  SPIND_TRY_ASSIGN(Writer writer, space.writer(step.path, options));
  const std::string_view all = bytes;
  const std::size_t half = all.size() / 2;
  SPIND_TRY(writer.write(all.substr(0, half)));
  SPIND_TRY(writer.write(all.substr(half)));
  SPIND_TRY(writer.commit());
  return {};
}

// Where a step makes several calls that change something.
std::string request_id(const StepTry& one, const char* call) {
  return one.request_id.empty() ? "" : one.request_id + " " + call;
}

// In three parts, and anew for each try: the one before may have finished.
Status upload(const Space& space, const WriterStep& step, const StepTry& one) {
  const std::string bytes = content(step.content_seed, step.size_bytes);
  UploadOptions options;
  options.make_parents = true;
  options.request_id =
      step.path + " " + std::to_string(step.content_seed) + " " + std::to_string(one.number);
  SPIND_TRY_ASSIGN(UploadInfo upload, space.start_upload(step.path, bytes.size(), options));
  const std::size_t third = bytes.size() / 3 + 1;
  while (upload.offset < bytes.size()) {
    const auto part = std::string_view(bytes).substr(upload.offset, third);
    SPIND_TRY_ASSIGN(upload, space.append_upload(upload.id, upload.offset, part));
  }
  FinishUploadOptions finish;
  finish.hold = step.kind == WriterStep::Kind::held_upload;
  if (!finish.hold) finish.request_id = one.request_id;
  SPIND_TRY(space.finish_upload(upload.id, finish));
  if (finish.hold) SPIND_TRY(space.release_upload(upload.id, {.request_id = one.request_id}));
  return {};
}

Status restore_version(const Space& space, const WriterStep& step, const StepTry& one) {
  PutOptions options;
  options.make_parents = true;
  options.request_id = request_id(one, "put");
  const std::string bytes = content(step.content_seed, step.size_bytes);
  SPIND_TRY_ASSIGN(const Written put, space.put(step.path, bytes, options));
  if (put.version == 1) return {};
  VersionChangeOptions back;
  back.request_id = request_id(one, "restore");
  SPIND_TRY(space.restore_version(step.path, put.version - 1, back));
  return {};
}

// conflict: a copy onto itself.
Status settled(Result<Written> result) {
  if (result.ok() || result.code() == Code::not_found || result.code() == Code::conflict) return {};
  return std::move(result).error();
}

Status restore(const Space& space, const WriterStep& step, const StepTry& one) {
  RemoveOptions options;
  options.request_id = request_id(one, "remove");
  Result<Written> removed = space.remove(step.path, options);
  if (!removed.ok()) return settled(std::move(removed));
  SPIND_TRY(space.restore(Ref::node(removed->node), {.request_id = request_id(one, "restore")}));
  return {};
}

}  // namespace

std::string writer_folder(std::uint32_t writer) { return "/writer " + std::to_string(writer); }

WriterStep writer_step(std::uint64_t seed, std::uint32_t writer, std::uint64_t number) {
  std::mt19937_64 random(seed * 1'000'003 + writer * 7'919 + number * 104'729);
  const auto folder = [&] {
    return writer_folder(writer) + (random() % 2 == 0 ? "/a" : "/b/deep");
  };
  const auto file = [&] { return folder() + "/" + std::to_string(random() % 12); };

  WriterStep step{.path = file(), .to = {}, .properties = {}};
  const std::uint64_t at = random() % 100;
  if (at < 72) {
    step.kind = at < 48   ? WriterStep::Kind::put
                : at < 60 ? WriterStep::Kind::stream
                : at < 66 ? WriterStep::Kind::upload
                : at < 69 ? WriterStep::Kind::held_upload
                          : WriterStep::Kind::restore_version;
    step.size_bytes = random_size(random);
    // What an upload has joined is kept; that it is no object keeps the objects easy to count.
    if (at >= 60 && at < 69) step.size_bytes %= 1'000'000;
    step.content_seed = random() >> 16;
  } else if (at < 75) {
    step.kind = WriterStep::Kind::restore;
  } else if (at < 81) {
    step.kind = WriterStep::Kind::move;
    step.to = file();
  } else if (at < 84) {
    step.kind = WriterStep::Kind::copy;
    step.to = file();
  } else if (at < 85) {
    step.kind = WriterStep::Kind::copy;
    step.path = folder();
    step.to = writer_folder(writer) + "/copies/of a folder";
  } else if (at < 90) {
    step.kind = WriterStep::Kind::remove;
  } else if (at < 91) {
    step.kind = WriterStep::Kind::remove_folder;
    step.path = folder();
  } else if (at < 94) {
    step.kind = WriterStep::Kind::make_folder;
    step.path = folder();
  } else if (at < 97) {
    step.kind = WriterStep::Kind::set_properties;
    step.properties["colour"] = std::to_string(random() % 5);
    if (random() % 2 == 0)
      step.properties["tag:even"] = "";
    else
      step.properties["tag:even"] = std::nullopt;
  } else {
    step.kind = WriterStep::Kind::touch;
    step.mtime_ns = static_cast<std::int64_t>(1 + random() % 1'000'000);
  }
  return step;
}

Status take(const Space& space, const WriterStep& step, const StepTry& one) {
  switch (step.kind) {
    case WriterStep::Kind::put:
    case WriterStep::Kind::stream: return put(space, step, one);
    case WriterStep::Kind::upload:
    case WriterStep::Kind::held_upload: return upload(space, step, one);
    case WriterStep::Kind::restore_version: return restore_version(space, step, one);
    case WriterStep::Kind::restore: return restore(space, step, one);
    case WriterStep::Kind::move: {
      MoveOptions options;
      options.replace = true;
      return settled(space.move(step.path, step.to, options));
    }
    case WriterStep::Kind::copy: {
      CopyOptions options;
      options.on_conflict = OnConflict::replace;
      options.make_parents = true;
      return settled(space.copy(step.path, step.to, options));
    }
    case WriterStep::Kind::remove:
    case WriterStep::Kind::remove_folder: return settled(space.remove(step.path));
    case WriterStep::Kind::make_folder: {
      FolderOptions options;
      options.make_parents = options.exist_ok = true;
      return settled(space.make_folder(step.path, options));
    }
    case WriterStep::Kind::set_properties:
      return settled(space.set_properties(step.path, step.properties));
    case WriterStep::Kind::touch: return settled(space.set_mtime(step.path, step.mtime_ns));
  }
  return {};
}

}  // namespace spind::test
