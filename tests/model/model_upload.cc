// Uploads beside the model, to which the finish of one is a put and all else is hidden.
#include "model/model_run.h"
#include "support/store/content.h"

namespace spind::test {
namespace {

Answer to_answer(const Result<Written>& result) {
  Answer answer;
  if (result.ok()) {
    answer.written = *result;
  } else {
    answer.code = result.code();
    answer.text = result.error().to_string();
  }
  return answer;
}

UploadOptions to_options(const PutOptions& options) {
  return {.conditions = options.conditions,
          .mtime_ns = options.mtime_ns,
          .sha256 = options.sha256,
          .make_parents = options.make_parents,
          .kept = std::chrono::hours(24 * 30)};  // longer than the clock jumps
}

}  // namespace

std::string ModelRun::upload(Both& both, const Op& op) {
  Request request = to_request(op, both.model);
  request.options.size_bytes.reset();
  const std::string what = "upload: " + request.to_string() + ": ";
  const auto hidden = [&] { both.model.hidden(both.model.last_entry() + 1, clock_.wall_ns()); };
  ModelSpace then = both.model;
  const Expected asked = then.change(request, then.last_entry() + 1, clock_.wall_ns());

  const auto begun =
      both.engine.start_upload(request.ref, request.size_bytes, to_options(request.options));
  if (!begun.ok()) {
    const bool expected = asked.problems.contains(begun.code());
    return expected ? "" : what + "start: " + begun.error().to_string();
  }
  hidden();
  const std::string bytes = content(request.content_seed, request.size_bytes);
  const std::size_t part = 1 + op.page * 7919 + request.size_bytes / 3;
  for (std::uint64_t offset = 0; offset < bytes.size();) {
    const auto after =
        both.engine.append_upload(begun->id, offset, std::string_view(bytes).substr(offset, part));
    if (!after.ok()) return what + "append: " + after.error().to_string();
    hidden();
    offset = after->offset;
  }
  const bool held = op.replace != 0;
  if (held) {
    const auto finished = both.engine.finish_upload(begun->id, {.hold = true});
    if (finished.ok()) hidden();
  }
  const Result<Written> done =
      held ? both.engine.release_upload(begun->id) : both.engine.finish_upload(begun->id);
  if (held && done.code() == Code::conflict && !asked.ok()) {
    // It was refused to be held.
  } else {
    const Expected expected =
        both.model.change(request, both.model.last_entry() + 1, clock_.wall_ns());
    const std::string different = difference(request, expected, to_answer(done));
    if (!different.empty()) return what + different;
  }
  if (!done.ok()) {
    if (!both.engine.abort_upload(begun->id).ok()) return what + "it cannot be given up";
    hidden();
  }
  const std::string other_news = compare_news(both);
  return other_news.empty() ? "" : what + other_news;
}

std::string ModelRun::give_up_uploads(Both& both) {
  const auto page = both.engine.uploads();
  if (!page.ok()) return "uploads: " + page.error().to_string();
  for (const UploadInfo& upload : page->items) {
    const auto given_up = both.engine.abort_upload(upload.id);
    if (!given_up.ok()) return "abort: " + given_up.error().to_string();
    both.model.hidden(both.model.last_entry() + 1, clock_.wall_ns());
  }
  return "";
}

}  // namespace spind::test
