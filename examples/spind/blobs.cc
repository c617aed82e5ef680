// blobs: where the bytes of a store lie, and moving them elsewhere.
#include <algorithm>
#include <filesystem>

#include "blob_place.h"
#include "commands.h"
#include "progress.h"
#include "text.h"

namespace spind::tool {
namespace {

constexpr std::string_view kOwnFolder = "folder";

// Where the command line says that the bytes lie.
std::string place_now(const Tool& tool, const BlobStatus& status) {
  return status.in_folder ? std::string(kOwnFolder)
                          : tool.args().value_or("blobs", environment("SPIND_BLOBS"));
}

// Whether a local folder is, or lies in, the store's: its bytes would be copied to where they are.
bool lies_in_store(const Tool& tool, const std::string& place) {
  if (place.starts_with("s3://")) return false;
  std::error_code error;
  const auto inner = std::filesystem::weakly_canonical(place, error);
  const auto outer = std::filesystem::weakly_canonical(tool.store_folder(), error);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// What was moved is not needed at the old place: where it stays, nothing is lost but room.
bool empty_old_place(Tool& tool, std::shared_ptr<BlobStore> to) {
  const std::shared_ptr<BlobStore> old = tool.blobs();
  const Result<Store*> store = tool.store_on(std::move(to));
  if (!store.ok()) return false;
  ProgressLine line("emptying the old place");
  return (*store)->empty_left_place(old, {.cancel = tool.cancel()}).ok();
}

}  // namespace

Exit run_blobs_status(Tool& tool) {
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  const Result<BlobStatus> status = (*store)->blob_status();
  if (!status.ok()) return tool.fail(status.error());
  const std::string place = place_now(tool, *status);
  tool.emit(JsonObject()
                .text("backend", place)
                .number("pending", status->pending_bytes)
                .number("missing", status->missing)
                .number("healed", status->healed)
                .flag("move_started", status->move_started)
                .flag("read_only", status->read_only)
                .flag("unfenced", status->unfenced)
                .flag("left_behind", status->left_behind));
  tool.say("bytes lie in " + (status->in_folder ? "the store's folder" : printable(place)) +
           (status->move_started ? "; a move was begun and not ended: blobs move goes on" : "") +
           (status->left_behind ? "; some are left where they lay before: see blobs empty" : ""));
  return Exit::done;
}

Exit run_blobs_move(Tool& tool) {
  MoveBlobsOptions options;
  const Result<std::uint64_t> rate = parse_rate(tool.args().value("rate"));
  if (!rate.ok()) return tool.usage(rate.error().text);
  options.rate_bytes = *rate;
  const std::string& place = tool.operand(0);
  const bool to_folder = place == kOwnFolder;
  if (!to_folder && lies_in_store(tool, place))
    return tool.usage("that lies in the store; its own folder is said as: blobs move folder");
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  std::shared_ptr<BlobStore> to;
  if (!to_folder) {
    Result<std::shared_ptr<BlobStore>> opened = open_blobs(tool.args(), place);
    if (!opened.ok()) return tool.fail(opened.error());
    to = *std::move(opened);
  }
  ProgressLine line("moving blobs");
  options.allow_unfenced = allows_unfenced(tool.args());
  options.cancel = tool.cancel();
  options.progress = line.callback();
  const Result<MoveBlobsReport> moved = (*store)->move_blobs(to, options);
  line.clear();
  if (!moved.ok()) return tool.fail(moved.error());
  const bool emptied = empty_old_place(tool, to);
  tool.emit(JsonObject()
                .text("backend", place)
                .number("blobs", moved->blobs)
                .number("bytes", moved->bytes)
                .number("damaged", moved->damaged)
                .flag("old_place_emptied", emptied));
  tool.say("the bytes lie there now; from here on give " +
           (to_folder ? "no --blobs" : "--blobs " + printable(place)));
  if (!emptied) tool.say("some are left at the old place, and not needed there: see blobs empty");
  if (moved->damaged == 0) return Exit::done;
  tool.say(std::to_string(moved->damaged) +
           " were damaged before: check --content names the files");
  return Exit::different;
}

Exit run_blobs_empty(Tool& tool) {
  const std::string& place = tool.operand(0);
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  std::shared_ptr<BlobStore> left;
  if (place != kOwnFolder) {
    Result<std::shared_ptr<BlobStore>> opened = open_blobs(tool.args(), place);
    if (!opened.ok()) return tool.fail(opened.error());
    left = *std::move(opened);
  }
  const Status emptied = (*store)->empty_left_place(left, {.cancel = tool.cancel()});
  if (!emptied.ok()) return tool.fail(emptied.error());
  tool.emit(JsonObject().text("emptied", place));
  tool.say("nothing of the store is left there");
  return Exit::done;
}

Exit run_blobs_flush(Tool& tool) {
  const Result<Store*> store = tool.store();
  if (!store.ok()) return tool.fail(store.error());
  ProgressLine line("bringing what was staged");
  FlushStagedOptions options;
  options.cancel = tool.cancel();
  options.progress = line.callback();
  const Result<FlushStagedReport> report = (*store)->flush_staged(options);
  line.clear();
  if (!report.ok()) return tool.fail(report.error());
  tool.emit(JsonObject().number("bytes", report->bytes).number("left", report->bytes_left));
  tool.say("brought " + human_bytes(report->bytes) +
           (report->bytes_left == 0
                ? ""
                : "; " + human_bytes(report->bytes_left) + " stay: see check --content"));
  return report->bytes_left == 0 ? Exit::done : Exit::different;
}

}  // namespace spind::tool
