#include "content/frame_codec.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <thread>

#include "base/limits.h"

namespace spind::content {
namespace {

// Higher levels save little more of what schools store, and take much longer.
constexpr int kLevel = 1;

// A frame stays as it is where less than a twentieth would be saved: reading it would cost more
// than the device gives back.
constexpr std::size_t worth_it(std::size_t frame_bytes) { return frame_bytes - frame_bytes / 20; }

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

template <class Context>
Context* made(Context* context) {
  if (context == nullptr) throw std::bad_alloc();
  return context;
}

std::size_t benches_within(std::uint64_t memory_bytes) {
  const std::uint64_t affordable = memory_bytes / FrameCodec::kBenchBytes;
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(
      std::thread::hardware_concurrency(), 1, std::max<std::uint64_t>(affordable, 1)));
}

}  // namespace

struct FrameCodec::Bench {
  std::unique_ptr<ZSTD_CCtx, FreeContext> shrinking;
  std::unique_ptr<ZSTD_DCtx, FreeContext> growing;
  std::unique_ptr<std::uint8_t[]> frame =
      std::make_unique_for_overwrite<std::uint8_t[]>(kFrameBytesMax);
};

// Has a bench to itself.
class FrameCodec::Working {
 public:
  explicit Working(FrameCodec& codec) : codec_(codec) {
    std::unique_lock lock(codec_.mutex_);
    codec_.freed_.wait(
        lock, [&] { return !codec_.free_.empty() || codec_.benches_ < codec_.benches_max_; });
    if (codec_.free_.empty()) {
      codec_.free_.push_back(std::make_unique<Bench>());
      ++codec_.benches_;
    }
    bench_ = std::move(codec_.free_.back());
    codec_.free_.pop_back();
  }
  ~Working() {
    {
      const std::lock_guard lock(codec_.mutex_);
      codec_.free_.push_back(std::move(bench_));  // it was there before, so there is room
    }
    codec_.freed_.notify_one();
  }
  Working(const Working&) = delete;
  Working& operator=(const Working&) = delete;

  Bench& bench() { return *bench_; }

 private:
  FrameCodec& codec_;
  std::unique_ptr<Bench> bench_;
};

FrameCodec::FrameCodec(std::uint64_t memory_bytes) : benches_max_(benches_within(memory_bytes)) {
  free_.reserve(benches_max_);
}

FrameCodec::~FrameCodec() = default;

std::uint64_t FrameCodec::memory_bytes() {
  const std::lock_guard lock(mutex_);
  return benches_ * kBenchBytes;
}

std::size_t FrameCodec::shrink(Bytes frame, std::uint8_t* out) {
  if (frame.size() > kFrameBytesMax) return 0;
  Working working(*this);
  Bench& bench = working.bench();
  if (bench.shrinking == nullptr) bench.shrinking.reset(made(ZSTD_createCCtx()));
  // What does not fit is not worth it, and zstd stops as soon as it sees that.
  const std::size_t shrunk =
      ZSTD_compressCCtx(bench.shrinking.get(), bench.frame.get(), worth_it(frame.size()),
                        frame.data(), frame.size(), kLevel);
  // What is as long as the frame would be taken for the frame itself.
  if (ZSTD_isError(shrunk) != 0 || shrunk >= frame.size()) return 0;
  std::memcpy(out, bench.frame.get(), shrunk);
  return shrunk;
}

Status FrameCodec::grow(std::span<std::uint8_t> place, std::size_t shrunk_bytes) {
  const Error broken{Code::corruption, "a compressed frame is damaged"};
  if (place.size() > kFrameBytesMax || shrunk_bytes > place.size()) return broken;
  Working working(*this);
  Bench& bench = working.bench();
  if (bench.growing == nullptr) bench.growing.reset(made(ZSTD_createDCtx()));
  std::memcpy(bench.frame.get(), place.data(), shrunk_bytes);
  // It never writes past `place`, and needs no memory of its own, whatever the bytes say.
  const std::size_t grown = ZSTD_decompressDCtx(bench.growing.get(), place.data(), place.size(),
                                                bench.frame.get(), shrunk_bytes);
  if (ZSTD_isError(grown) != 0 || grown != place.size()) return broken;
  return {};
}

}  // namespace spind::content
