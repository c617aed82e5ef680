#include "base/sealer.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <cassert>
#include <new>
#include <stdexcept>

namespace spind {
namespace {

constexpr std::string_view kBoxPurpose = "spind box";

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;
struct FreeMac {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMac>;

// Looked up once, and kept for the life of the process.
const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  if (cipher == nullptr) throw std::runtime_error("the OpenSSL library lacks AES-256-GCM");
  return cipher;
}

EVP_MAC* hmac_algorithm() {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  if (algorithm == nullptr) throw std::runtime_error("the OpenSSL library lacks HMAC");
  return algorithm;
}

// But for a tag that does not fit, OpenSSL fails only for want of memory or wrong use.
void must_seal(bool done) {
  if (!done) throw std::bad_alloc();
}

// HMAC over a text that comes in parts; the key's traces go with the context.
class Hmac {
 public:
  explicit Hmac(Bytes key) : context_(EVP_MAC_CTX_new(hmac_algorithm())) {
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    // A key of no bytes is one, but a null pointer is none.
    const std::uint8_t none = 0;
    must_seal(context_ != nullptr && EVP_MAC_init(context_.get(), key.empty() ? &none : key.data(),
                                                  key.size(), parameters) == 1);
  }
  Hmac& add(Bytes text) {
    must_seal(EVP_MAC_update(context_.get(), text.data(), text.size()) == 1);
    return *this;
  }
  void finish(std::span<std::uint8_t, 32> out) {
    std::size_t size = 0;
    must_seal(EVP_MAC_final(context_.get(), out.data(), &size, out.size()) == 1 &&
              size == out.size());
  }

 private:
  MacContext context_;
};

Error not_what_was_sealed() {
  return {.code = Code::corruption,
          .text = "sealed bytes are not what was sealed, or the key is another"};
}

void box_key(Bytes secret, Bytes salt, BriefKey& key) {
  hkdf_sha256(secret, salt, kBoxPurpose, key.writable());
}

}  // namespace

SealNonce nonce_of(std::uint64_t number) {
  SealNonce nonce{};
  for (std::size_t i = nonce.size(); i-- > 4; number >>= 8)
    nonce[i] = static_cast<std::uint8_t>(number);
  return nonce;
}

struct Sealer::State {
  // The key's schedule is set once; each text sets a nonce only. OpenSSL wipes it when it frees it.
  CipherContext context;
};

Sealer::Sealer(Bytes key) : state_(std::make_unique<State>()) {
  assert(key.size() == kKeyBytes);
  state_->context.reset(EVP_CIPHER_CTX_new());
  must_seal(state_->context != nullptr && EVP_CipherInit_ex2(state_->context.get(), aes_256_gcm(),
                                                             key.data(), nullptr, 1, nullptr) == 1);
}
Sealer::~Sealer() = default;
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;

void Sealer::seal(const SealNonce& nonce, Bytes about, Bytes plain, std::span<std::uint8_t> out) {
  assert(out.size() == plain.size() + kSealTagBytes);
  SealTag tag{};
  seal_apart(nonce, about, plain, out.first(plain.size()), tag);
  std::copy(tag.begin(), tag.end(), out.data() + plain.size());
}

void Sealer::seal_apart(const SealNonce& nonce, Bytes about, Bytes plain,
                        std::span<std::uint8_t> out, SealTag& tag) {
  assert(out.size() == plain.size());
  EVP_CIPHER_CTX* context = state_->context.get();
  int done = 0;
  must_seal(EVP_CipherInit_ex2(context, nullptr, nullptr, nonce.data(), 1, nullptr) == 1);
  if (!about.empty())
    must_seal(EVP_CipherUpdate(context, nullptr, &done, about.data(),
                               static_cast<int>(about.size())) == 1);
  if (!plain.empty())
    must_seal(EVP_CipherUpdate(context, out.data(), &done, plain.data(),
                               static_cast<int>(plain.size())) == 1);
  std::uint8_t rest[kSealTagBytes];  // of a stream cipher there is none
  must_seal(EVP_CipherFinal_ex(context, rest, &done) == 1);
  must_seal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kSealTagBytes, tag.data()) == 1);
}

Status Sealer::open(const SealNonce& nonce, Bytes about, Bytes sealed,
                    std::span<std::uint8_t> out) {
  if (sealed.size() < kSealTagBytes) return not_what_was_sealed();
  const std::size_t size = sealed.size() - kSealTagBytes;
  SealTag tag{};
  std::copy_n(sealed.data() + size, tag.size(), tag.data());
  return open_apart(nonce, about, sealed.first(size), tag, out);
}

Status Sealer::open_apart(const SealNonce& nonce, Bytes about, Bytes sealed, const SealTag& tag,
                          std::span<std::uint8_t> out) {
  assert(out.size() == sealed.size());
  EVP_CIPHER_CTX* context = state_->context.get();
  int done = 0;
  must_seal(EVP_CipherInit_ex2(context, nullptr, nullptr, nonce.data(), 0, nullptr) == 1);
  if (!about.empty())
    must_seal(EVP_CipherUpdate(context, nullptr, &done, about.data(),
                               static_cast<int>(about.size())) == 1);
  if (!sealed.empty())
    must_seal(EVP_CipherUpdate(context, out.data(), &done, sealed.data(),
                               static_cast<int>(sealed.size())) == 1);
  SealTag expected = tag;  // which OpenSSL takes through a pointer to what may change
  must_seal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kSealTagBytes, expected.data()) ==
            1);
  std::uint8_t rest[kSealTagBytes];
  if (EVP_CipherFinal_ex(context, rest, &done) == 1) return {};
  // What was not proved is shown to nobody.
  wipe(out);
  return not_what_was_sealed();
}

void hmac_sha256(Bytes key, Bytes text, std::span<std::uint8_t, 32> out) {
  Hmac(key).add(text).finish(out);
}

void hkdf_sha256(Bytes secret, Bytes salt, std::string_view purpose, std::span<std::uint8_t> out) {
  assert(out.size() <= std::size_t{255} * 32);
  BriefKey extracted, block;
  hmac_sha256(salt, secret, extracted.writable());
  std::uint8_t number = 0;
  while (!out.empty()) {
    Hmac hmac(extracted);
    if (number > 0) hmac.add(block);
    ++number;
    hmac.add(as_bytes(purpose)).add({&number, 1}).finish(block.writable());
    const std::size_t count = std::min(out.size(), kKeyBytes);
    std::copy_n(block.bytes().data(), count, out.data());
    out = out.subspan(count);
  }
}

std::string seal_box(Bytes secret, Bytes about, Bytes plain, Random& random) {
  std::string box(plain.size() + kBoxExtraBytes, '\0');
  const std::span<std::uint8_t> bytes(reinterpret_cast<std::uint8_t*>(box.data()), box.size());
  const auto salt = bytes.first(kBoxSaltBytes);
  random.fill(salt);
  BriefKey key;
  box_key(secret, salt, key);
  Sealer(key).seal(nonce_of(0), about, plain, bytes.subspan(kBoxSaltBytes));
  return box;
}

Status open_box(Bytes secret, Bytes about, Bytes box, std::span<std::uint8_t> out) {
  if (box.size() < kBoxExtraBytes) return not_what_was_sealed();
  BriefKey key;
  box_key(secret, box.first(kBoxSaltBytes), key);
  return Sealer(key).open(nonce_of(0), about, box.subspan(kBoxSaltBytes), out);
}

Result<std::string> open_box(Bytes secret, Bytes about, Bytes box) {
  if (box.size() < kBoxExtraBytes) return not_what_was_sealed();
  std::string plain(box.size() - kBoxExtraBytes, '\0');
  const Status opened =
      open_box(secret, about, box, {reinterpret_cast<std::uint8_t*>(plain.data()), plain.size()});
  if (!opened.ok()) return opened.error();
  return plain;
}

Result<Secret> open_secret_box(Bytes secret, Bytes about, Bytes box) {
  if (box.size() < kBoxExtraBytes) return not_what_was_sealed();
  Secret plain(box.size() - kBoxExtraBytes);
  const Status opened = open_box(secret, about, box, plain.writable());
  if (!opened.ok()) return opened.error();
  return plain;
}

}  // namespace spind
