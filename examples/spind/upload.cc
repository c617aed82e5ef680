// upload: begins, goes on with, ends and lists uploads, which outlive the process and its crash.

#include <algorithm>
#include <iterator>

#include "commands.h"
#include "local_tree.h"
#include "progress.h"
#include "text.h"

namespace spind::tool {
namespace {

// Whole pieces of a file: what is sent so is stored once.
constexpr std::size_t kPartBytes = 8 << 20;

struct Word {
  std::string_view what;
  std::size_t words;  // of the operands, the space counted
};
constexpr Word kWords[] = {{"list", 2},  {"start", 4},   {"append", 4},    {"finish", 3},
                           {"abort", 3}, {"release", 3}, {"quarantine", 3}};

const char* state_name(UploadState state) {
  switch (state) {
    case UploadState::receiving: return "receiving";
    case UploadState::held: return "held";
    case UploadState::quarantined: return "quarantined";
  }
  return "unknown";
}

void show(Tool& tool, const UploadInfo& upload) {
  tool.emit(JsonObject()
                .number("id", upload.id)
                .text("target", upload.target.to_string())
                .number("size", upload.size_bytes)
                .number("offset", upload.offset)
                .text("state", state_name(upload.state))
                .text("starter", upload.starter)
                .number("started_ns", upload.started_ns)
                .number("expires_ns", upload.expires_ns));
  tool.say(pad_left(std::to_string(upload.id), 8) + "  " +
           pad_left(human_bytes(upload.offset), 10) + " of " +
           pad_left(human_bytes(upload.size_bytes), 10) + "  " + state_name(upload.state) + "  " +
           printable(upload.target.to_string()));
}

Exit list_uploads(Tool& tool, const Space& space) {
  UploadsOptions options{.of_everybody = tool.args().has("all")};
  do {
    const Result<PageOf<UploadInfo>> page = space.uploads(options);
    if (!page.ok()) return tool.fail(page.error());
    for (const UploadInfo& upload : page->items) show(tool, upload);
    options.after = page->next;
  } while (!options.after.empty() && !tool.out().failed() && !tool.stopped());
  return Exit::done;
}

Exit start(Tool& tool, const Space& space) {
  const Result<std::uint64_t> size_bytes = parse_number(tool.operand(3));
  if (!size_bytes.ok()) return tool.usage("not a size: " + tool.operand(3));
  const Result<UploadInfo> upload = space.start_upload(
      Ref(tool.operand(2)), *size_bytes, {.make_parents = tool.args().has("parents")});
  if (!upload.ok()) return tool.fail(upload.error());
  show(tool, *upload);
  return Exit::done;
}

// Fills the buffer as far as the file goes.
Result<std::size_t> fill(LocalFile& file, std::span<std::uint8_t> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const Result<std::size_t> got = file.read(buffer.subspan(filled));
    if (!got.ok()) return got.error();
    if (*got == 0) break;
    filled += *got;
  }
  return filled;
}

// What the upload has already is read past.
Result<UploadInfo> send(Tool& tool, const Space& space, UploadInfo upload, LocalFile& file) {
  std::vector<std::uint8_t> buffer(kPartBytes);
  ProgressLine line("sending");
  for (std::uint64_t position = 0; !tool.stopped();) {
    const std::uint64_t known = upload.offset - std::min(position, upload.offset);
    const std::size_t want = known == 0 ? kPartBytes - position % kPartBytes
                                        : std::min<std::uint64_t>(known, kPartBytes);
    const Result<std::size_t> got = fill(file, std::span(buffer).first(want));
    if (!got.ok()) return got.error();
    if (*got == 0) break;
    position += *got;
    if (known != 0) continue;
    Result<UploadInfo> after = space.append_upload(
        upload.id, upload.offset, std::span<const std::uint8_t>(buffer).first(*got));
    if (!after.ok()) return after;
    upload = *std::move(after);
    line.set({upload.offset, upload.size_bytes});
  }
  line.clear();
  if (tool.stopped()) return Error{.code = Code::cancelled, .text = "interrupted; send it again"};
  if (Status same = file.check_unchanged(); !same.ok()) return std::move(same).error();
  return upload;
}

Exit append(Tool& tool, const Space& space, UploadId id) {
  Result<LocalFile> file = open_local_file(tool.operand(3));
  if (!file.ok()) return tool.fail(file.error());
  Result<UploadInfo> upload = space.upload(id);
  if (upload.ok()) upload = send(tool, space, *std::move(upload), *file);
  if (!upload.ok()) return tool.fail(upload.error());
  show(tool, *upload);
  return Exit::done;
}

Result<Written> finish(Tool& tool, const Space& space, UploadId id) {
  ProgressLine line("hashing bytes");
  FinishUploadOptions options{.hold = tool.args().has("hold")};
  options.progress = line.callback();
  return space.finish_upload(id, options);
}

Exit end(Tool& tool, const Space& space, const std::string& what, UploadId id) {
  Result<Written> written = Error{.code = Code::invalid_argument, .text = what};
  if (what == "finish") written = finish(tool, space, id);
  if (what == "abort") written = space.abort_upload(id);
  if (what == "release") written = space.release_upload(id);
  if (what == "quarantine") written = space.quarantine_upload(id);
  if (!written.ok()) return tool.fail(written.error());
  JsonObject out;
  out.number("upload", id).number("id", written->node).number("version", written->version);
  tool.emit(out);
  return Exit::done;
}

}  // namespace

Exit run_upload(Tool& tool) {
  const std::size_t words = tool.args().operands().size();
  const std::string what = words > 1 ? tool.operand(1) : "list";
  const auto* const word = std::find_if(std::begin(kWords), std::end(kWords),
                                        [&what](const Word& known) { return known.what == what; });
  if (word == std::end(kWords)) return tool.usage("upload does not know '" + what + "'");
  if (words > 1 && words != word->words)
    return tool.usage(what + (words > word->words ? " takes no more words" : " wants more words"));
  UploadId id = 0;
  if (what != "list" && what != "start") {
    const Result<std::uint64_t> parsed = parse_number(tool.operand(2));
    if (!parsed.ok()) return tool.usage("not an upload: " + tool.operand(2));
    id = *parsed;
  }
  const Result<Space> space = tool.space(tool.operand(0));
  if (!space.ok()) return tool.fail(space.error());
  if (what == "list") return list_uploads(tool, *space);
  if (what == "start") return start(tool, *space);
  return what == "append" ? append(tool, *space, id) : end(tool, *space, what, id);
}

}  // namespace spind::tool
