// The parts of content that are understood alone: frames, rows, memory, workers.
#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <random>
#include <system_error>
#include <thread>

#include "base/hash.h"
#include "content/frames.h"
#include "content/memory_budget.h"
#include "content/worker_pool.h"
#include "model/keys.h"
#include "model/vault_rows.h"
#include "support/harness.h"

namespace spind::content {
namespace {

std::string text_of(std::mt19937_64& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  return text;
}

TEST_CASE("frames: a piece is laid out as it was appended, in any parts") {
  std::mt19937_64 random(test::seed());
  for (const std::size_t size :
       {std::size_t{1}, kFrameBytesMax, kFrameBytesMax + 1, std::size_t{700'000}}) {
    const std::string text = text_of(random, size);
    PieceBuffer buffer(size + 10);
    for (std::size_t at = 0; at < size;)
      at += buffer.append(as_bytes(text).subspan(at, std::min(size - at, random() % 300'000)));
    CHECK(buffer.size() == size);
    CHECK_FALSE(buffer.full());
    const model::PieceId piece = sha256(as_bytes(text));
    model::VaultId vault{};
    vault[3] = 7;
    buffer.seal(vault, piece);
    Bytes stored = buffer.stored();
    CHECK(stored.size() == stored_size(size));
    std::string back;
    for (std::uint32_t position = 0; !stored.empty(); ++position) {
      const FrameHeader header = decode_frame_header(stored).value();
      CHECK(header.position == position);
      CHECK(header.piece_bytes == size);
      CHECK(header.vault == vault);
      CHECK(header.piece == piece);
      const Bytes bytes = stored.subspan(kFrameHeaderBytes, header.size_bytes);
      CHECK(header.digest == xxh3_128(bytes));
      back.append(as_text(bytes));
      stored = stored.subspan(kFrameHeaderBytes + header.size_bytes);
    }
    CHECK(back == text);
  }
}

TEST_CASE("frames: a full buffer takes no more, and a larger one takes over what it has") {
  PieceBuffer small(10), large(20);
  CHECK(small.append(as_bytes("0123456789abc")) == 10);
  CHECK(small.full());
  CHECK(small.append(as_bytes("x")) == 0);
  large.take_over(small);
  CHECK(large.append(as_bytes("abc")) == 3);
  large.seal({}, {});
  CHECK(as_text(large.stored().subspan(kFrameHeaderBytes)) == "0123456789abc");
  large.clear();
  CHECK(large.size() == 0);
}

TEST_CASE("frames: a header that is changed, cut or of another format is refused") {
  std::mt19937_64 random(test::seed());
  std::array<std::uint8_t, kFrameHeaderBytes> bytes{};
  FrameHeader header{.size_bytes = 5, .position = 0, .piece_bytes = 5};
  encode_frame_header(header, bytes.data());
  CHECK(decode_frame_header(bytes).value() == header);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1u << (bit % 8)));
    CHECK_FALSE(decode_frame_header(bytes).ok());
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1u << (bit % 8)));
  }
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(decode_frame_header(Bytes(bytes).first(size)).code() == Code::corruption);
  // Headers with a right checksum and wrong numbers.
  for (const FrameHeader& bad :
       {FrameHeader{.size_bytes = 4, .position = 0, .piece_bytes = 5},
        FrameHeader{.size_bytes = 5, .position = 1, .piece_bytes = 5},
        FrameHeader{.size_bytes = 0, .position = 0, .piece_bytes = 0},
        FrameHeader{.size_bytes = kFrameBytesMax, .position = 0, .piece_bytes = 0xffffffff}}) {
    encode_frame_header(bad, bytes.data());
    CHECK(decode_frame_header(bytes).code() == Code::corruption);
  }
}

TEST_CASE("vault rows: what was written is read, and nothing else is taken") {
  std::mt19937_64 random(test::seed());
  for (int round = 0; round < 200; ++round) {
    model::PieceRow row;
    row.place.kind = round % 2 == 0 ? model::BlobPlace::Kind::object : model::BlobPlace::Kind::pack;
    row.place.number = random() >> (random() % 64);
    row.place.offset = random() >> (random() % 64);
    row.size_bytes = random() % (kPieceBytesMax + 1);
    row.stored_bytes = random() >> (random() % 64);
    const std::string bytes = model::encode(row);
    CHECK(model::decode_piece(bytes).value() == row);
    std::string changed = bytes;
    changed[random() % changed.size()] ^= static_cast<char>(1 << (random() % 8));
    CHECK_FALSE(model::decode_piece(changed).ok());
    CHECK_FALSE(model::decode_pack(bytes).ok());
    CHECK_FALSE(model::decode_piece(bytes.substr(0, random() % bytes.size())).ok());
    const model::PackRow pack{random() >> (random() % 64), random() >> (random() % 64)};
    CHECK(model::decode_pack(model::encode(pack)).value() == pack);
    CHECK(model::decode_number(model::encode_number(row.place.offset)).value() == row.place.offset);
  }
  CHECK_FALSE(model::decode_number("").ok());
}

TEST_CASE("vault rows: keys of a vault that no encoder would write are refused") {
  using State = model::VaultKeysRow::State;
  const auto taken = [](State state, std::uint64_t generation, std::string box) {
    return model::decode_vault_keys(model::encode(model::VaultKeysRow{state, generation, box}))
        .ok();
  };
  CHECK(taken(State::in_use, 1, "box"));
  CHECK(taken(State::destroyed, 1, ""));
  CHECK_FALSE(taken(State::in_use, 1, ""));
  CHECK_FALSE(taken(State::destroyed, 1, "box"));
  CHECK_FALSE(taken(State{3}, 1, "box"));
  CHECK_FALSE(taken(State{0}, 1, ""));
  CHECK_FALSE(taken(State::in_use, 0, "box"));
  CHECK_FALSE(taken(State::in_use, model::kGenerationsMax + 1, "box"));
  for (const auto& [id, wrapped] : {std::pair<std::size_t, std::size_t>{0, 1},
                                    {1, 0},
                                    {model::kWrappingKeyIdBytesMax + 1, 1},
                                    {1, model::kWrappedSecretBytesMax + 1}}) {
    const std::string key_id(id, 'i'), bytes(wrapped, 'w');
    CHECK_FALSE(
        model::decode_vault_secret(model::encode(model::VaultSecret{{}, key_id, bytes})).ok());
    CHECK_FALSE(model::decode_key_check(model::encode(model::KeyCheckRow{key_id, bytes, {}})).ok());
  }
  CHECK(model::decode_vault_secret(model::encode(model::VaultSecret{{}, "i", "w"})).ok());
}

TEST_CASE("vault rows: keys begin with their partition and give back what they name") {
  const model::VaultId vault = model::vault_of("school");
  CHECK(vault != model::vault_of("university"));
  model::PieceId piece{};
  piece[0] = 0xfe;
  piece[31] = 9;
  SpaceId space;
  space.bytes[0] = 3;
  const std::string bucket = model::bucket_of(vault, piece);
  for (const std::string& key :
       {model::piece_key(vault, piece), model::holder_key(vault, piece, space),
        model::unchecked_key(vault, piece, space), model::condemned_key(vault, piece)}) {
    CHECK(key.starts_with(bucket));
    CHECK(model::piece_in_key(key) == piece);
  }
  CHECK(model::space_in_key(model::holder_key(vault, piece, space)) == space);
  CHECK(model::holder_key(vault, piece, space).starts_with(model::holders_prefix(vault, piece)));
  CHECK(model::doomed_key(vault, 0xfe, {}).starts_with(bucket));
  const std::string ledger = model::ledger_partition();
  CHECK(model::ledger_key(model::LedgerRow::range, 258).starts_with(ledger));
  CHECK(model::last_u64_in(model::ledger_key(model::LedgerRow::range, 258)) == 258);
  CHECK(model::vault_in_key(model::ledger_vault_key(vault)) == vault);
}

TEST_CASE("memory budget: gives no more than there is, and gets it back") {
  MemoryBudget budget(100);
  auto first = budget.take(60, nullptr).value();
  CHECK_FALSE(budget.try_take(50).has_value());
  CHECK(budget.crowded());
  {
    const auto second = budget.try_take(40);
    CHECK(second.has_value());
    CHECK(budget.used_bytes() == 100);
  }
  CHECK(budget.used_bytes() == 60);
  CHECK(budget.take(70,
                    [] {
                      return Status(Error{Code::cancelled, ""});
                    })
            .code() == Code::cancelled);
  std::thread waiter([&] { CHECK(budget.take(90, nullptr).ok()); });
  first = {};
  waiter.join();
  CHECK(budget.used_bytes() == 0);
  // A wish for more than there ever is gets all.
  CHECK(budget.take(1'000, nullptr).ok());
}

TEST_CASE("worker pool: runs all that it was given before it ends") {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool(Threads::system(), 2);
    for (int i = 0; i < 100; ++i) pool.run([&] { ++ran; });
  }
  CHECK(ran == 100);
  { const WorkerPool unused(Threads::system(), 2); }
}

// As a system does whose limit of processes is reached.
class FewThreads final : public Threads {
 public:
  explicit FewThreads(int count) : left_(count) {}
  std::unique_ptr<Thread> start(std::string name, std::function<void()> body) override {
    if (left_-- <= 0) throw std::system_error(EAGAIN, std::generic_category());
    return Threads::system().start(std::move(name), std::move(body));
  }

 private:
  int left_;
};

TEST_CASE("worker pool: runs all that it was given where the system gives few threads or none") {
  for (const int count : {0, 1}) {
    FewThreads threads(count);
    std::atomic<int> ran = 0;
    {
      WorkerPool pool(threads, 2);
      for (int i = 0; i < 100; ++i) pool.run([&] { ++ran; });
    }
    CHECK(ran == 100);
  }
}

}  // namespace
}  // namespace spind::content
