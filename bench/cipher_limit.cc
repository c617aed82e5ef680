#include "cipher_limit.h"

#include <openssl/evp.h>
#include <zstd.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include "disk.h"
#include "load.h"
#include "must.h"

namespace spind::bench {
namespace {

constexpr std::size_t kFrameBytes = 256u << 10, kNonceBytes = 12, kTagBytes = 16;
constexpr std::size_t kPartBytes = 256u << 20;  // of the file: as much as every machine can hold
constexpr int kRounds = 3;
constexpr unsigned char kKey[32] = {1}, kNonce[kNonceBytes] = {2};

using Bytes = std::vector<unsigned char>;

// One thread's tools.
struct Bench {
  std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> cipher{EVP_CIPHER_CTX_new(),
                                                                    EVP_CIPHER_CTX_free};
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> shrinking{ZSTD_createCCtx(),
                                                                    ZSTD_freeCCtx};
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> growing{ZSTD_createDCtx(), ZSTD_freeDCtx};
  Bytes shrunk = Bytes(ZSTD_compressBound(kFrameBytes)), out = Bytes(kFrameBytes);
};

struct Sealed {
  Bytes bytes;
  bool compressed = false;
  unsigned char tag[kTagBytes];
};

void expect(bool good) {
  if (!good) give_up("the limit of the processors", "a frame failed");
}

void hash(const Bytes& frame) {
  unsigned char digest[32];
  expect(EVP_Digest(frame.data(), frame.size(), digest, nullptr, EVP_sha256(), nullptr) == 1);
}

void seal(Bench& bench, const Bytes& frame, Sealed& sealed) {
  const std::size_t left = ZSTD_compressCCtx(bench.shrinking.get(), bench.shrunk.data(),
                                             bench.shrunk.size(), frame.data(), frame.size(), 1);
  sealed.compressed = left < frame.size() - frame.size() / 20;
  const unsigned char* plain = sealed.compressed ? bench.shrunk.data() : frame.data();
  sealed.bytes.resize(sealed.compressed ? left : frame.size());
  EVP_CIPHER_CTX* cipher = bench.cipher.get();
  int done = 0;
  expect(EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nullptr, kKey, kNonce) == 1 &&
         EVP_EncryptUpdate(cipher, sealed.bytes.data(), &done, plain,
                           static_cast<int>(sealed.bytes.size())) == 1 &&
         EVP_EncryptFinal_ex(cipher, sealed.bytes.data(), &done) == 1 &&
         EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, kTagBytes, sealed.tag) == 1);
}

void open(Bench& bench, Sealed& sealed) {
  EVP_CIPHER_CTX* cipher = bench.cipher.get();
  unsigned char* plain = sealed.compressed ? bench.shrunk.data() : bench.out.data();
  int done = 0;
  expect(EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), nullptr, kKey, kNonce) == 1 &&
         EVP_DecryptUpdate(cipher, plain, &done, sealed.bytes.data(),
                           static_cast<int>(sealed.bytes.size())) == 1 &&
         EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, kTagBytes, sealed.tag) == 1 &&
         EVP_DecryptFinal_ex(cipher, plain, &done) == 1);
  if (sealed.compressed)
    expect(ZSTD_decompressDCtx(bench.growing.get(), bench.out.data(), bench.out.size(), plain,
                               sealed.bytes.size()) == kFrameBytes);
}

std::vector<Bytes> frames_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<Bytes> frames(kPartBytes / kFrameBytes, Bytes(kFrameBytes));
  for (Bytes& frame : frames)
    in.read(reinterpret_cast<char*>(frame.data()), static_cast<std::streamsize>(frame.size()));
  if (!in) give_up(file, "cannot read");
  return frames;
}

// The best of some rounds, each over all frames by all processors.
template <class Work>
double rate_of(std::size_t frames, Work work) {
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::atomic<std::size_t> next = 0;
    const double begin = seconds_now();
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
      threads.emplace_back([&] {
        Bench bench;
        for (std::size_t at = 0; (at = next.fetch_add(1)) < frames;) work(bench, at);
      });
    threads.clear();
    best = std::max(best, static_cast<double>(kPartBytes >> 20) / (seconds_now() - begin));
  }
  return best;
}

}  // namespace

double seal_rate(const std::filesystem::path& file) {
  const std::vector<Bytes> frames = frames_of(file);
  std::vector<Sealed> sealed(frames.size());
  return rate_of(frames.size(), [&](Bench& bench, std::size_t at) {
    hash(frames[at]);
    seal(bench, frames[at], sealed[at]);
  });
}

double open_rate(const std::filesystem::path& file) {
  const std::vector<Bytes> frames = frames_of(file);
  std::vector<Sealed> sealed(frames.size());
  Bench sealing;
  for (std::size_t at = 0; at < frames.size(); ++at) seal(sealing, frames[at], sealed[at]);
  return rate_of(frames.size(), [&](Bench& bench, std::size_t at) { open(bench, sealed[at]); });
}

}  // namespace spind::bench
