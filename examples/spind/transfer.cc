#include "transfer.h"

#include "text.h"

namespace spind::tool {

void Transfer::done(std::uint64_t size_bytes, const JsonObject* object) {
  ++files_;
  bytes_ += size_bytes;
  if (object != nullptr) tool_.emit(*object);
  line_.add(1, 0);
}

void Transfer::failed(const Error& error) {
  // After an interrupt every file in flight says cancelled; the end of the command says it once.
  if (error.code == Code::cancelled && tool_.stopped()) return;
  ++failed_;
  if (ends_everything(error.code) && ended_.exchange(true)) return;
  line_.clear();
  tool_.report(error);
}

void Transfer::flush() {
  if (!tool_.out().flush()) ended_ = true;
}

Exit Transfer::finish(std::string_view verb) {
  line_.clear();
  if (tool_.stopped()) {
    tool_.report({.code = Code::cancelled, .text = "interrupted; run it again to go on"});
  }
  tool_.emit(JsonObject()
                 .text("event", "done")
                 .number("files", files_.load())
                 .number("bytes", bytes_.load())
                 .number("skipped", skipped_.load())
                 .number("failed", failed_.load()));
  std::string line =
      std::string(verb) + " " + std::to_string(files_) + " files, " + human_bytes(bytes_);
  if (skipped_ != 0) line += "; " + std::to_string(skipped_) + " unchanged";
  if (failed_ != 0) line += "; " + std::to_string(failed_) + " failed";
  tool_.say(line);
  return failed_ == 0 && !stopped() ? Exit::done : Exit::failed;
}

Result<std::size_t> worker_count(const Args& args, std::size_t otherwise) {
  Result<std::optional<std::uint64_t>> count = args.number("workers");
  if (!count.ok()) return std::move(count).error();
  if (!*count) return otherwise;
  if (**count < 1 || **count > 256) {
    return Error{.code = Code::invalid_argument, .text = "--workers is 1 to 256"};
  }
  return static_cast<std::size_t>(**count);
}

}  // namespace spind::tool
