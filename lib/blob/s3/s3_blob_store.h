// Blobs as objects of a bucket.
//
// The room speaks S3: it signs requests, reads answers, and tries again. It knows nothing of what
// is in a blob. Which requests a verb costs is told in README.md.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "blob/layer/crew.h"
#include "blob/s3/answers.h"
#include "blob/s3/client.h"
#include "spind/s3.h"

namespace spind::s3 {

// Thread-safe.
class ObjectStore final : public S3BlobStore {
 public:
  // Borrows what `world` names.
  static Result<std::shared_ptr<ObjectStore>> open(const S3Options& options, const World& world);

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override;
  Status put_new(std::string_view name, std::span<const std::uint8_t> bytes) override;
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override;
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override;
  Result<std::size_t> scatter(std::string_view name, std::uint64_t offset,
                              std::span<const std::span<std::uint8_t>> places) override;
  Status put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                    const Interrupt& interrupt) override;
  Result<std::size_t> scatter_unless(std::string_view name, std::uint64_t offset,
                                     std::span<const std::span<std::uint8_t>> places,
                                     const Interrupt& interrupt) override;
  Status remove(std::string_view name) override;
  Status remove_all(std::span<const std::string> names) override;
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override;
  Result<std::vector<BlobListItem>> list_unless(std::string_view prefix, std::string_view after,
                                                std::size_t count_max,
                                                const Interrupt& interrupt) override;
  Result<bool> creates_are_atomic() override;
  void clear_leftovers() override;
  S3Usage usage() const override;
  std::string metrics() const override;
  std::string metrics_text() const override { return metrics(); }

  // Puts it in parts, however small it is.
  Status put_in_parts(std::string_view name, Bytes bytes, const Interrupt& interrupt = nullptr);
  // What was begun in parts under the prefix and neither completed nor aborted. Answers how many.
  Result<std::size_t> abort_leftovers();
  Result<std::size_t> count_leftovers();
  // What the bucket itself does with objects that are removed. unsupported where the server's answer
  // is none; permission_denied where the key may not ask.
  Result<Versioning> versioning();
  Result<ObjectLock> object_lock();
  // How the server learns which bytes were put.
  S3Payload payload() const;
  // The size of a blob, or not_found.
  Result<std::uint64_t> size_of(std::string_view name, const Interrupt& interrupt = nullptr);

 private:
  ObjectStore(const S3Options& options, const World& world, std::unique_ptr<Client> client);

  using Places = std::span<const std::span<std::uint8_t>>;
  Result<std::vector<std::uint8_t>> get_whole(std::string_view name, std::uint64_t size_bytes_max);
  // Fewer than `wanted` only at the end of the blob; in one request, or several at once.
  Result<std::size_t> scatter_one(std::string_view name, std::uint64_t offset, Places places,
                                  std::uint64_t wanted, const Interrupt& interrupt);
  Result<std::size_t> scatter_parts(std::string_view name, std::uint64_t offset, Places places,
                                    std::uint64_t wanted, const Interrupt& interrupt);

  std::string key_of(std::string_view name) const;
  Headers storage_headers() const;
  Call put_call(std::string_view name, Bytes bytes) const;
  Result<std::string> rule_of_bucket(std::string_view rule);
  Result<Listing> list_page(const std::string& prefix, const std::string& after,
                            std::size_t count_max, const Interrupt& interrupt);
  Status remove_batch(std::span<const std::string> names);
  Status remove_rest(const std::vector<NotRemoved>& rest);

  Result<std::string> begin_parts(std::string_view name, const Interrupt& interrupt);
  Result<std::string> put_part(std::string_view name, const std::string& id, std::size_t number,
                               Bytes bytes, const Interrupt& interrupt);
  Result<std::vector<std::string>> put_all_parts(std::string_view name, const std::string& id,
                                                 Bytes bytes, const Interrupt& interrupt);
  Status complete_parts(std::string_view name, const std::string& id,
                        const std::vector<std::string>& etags, std::uint64_t size,
                        const Interrupt& interrupt);
  Result<std::size_t> for_each_leftover(
      const std::function<Status(const UnfinishedUpload&)>& visit);
  Status abort_parts(std::string_view key, const std::string& id,
                     const Interrupt& interrupt = nullptr);

  const S3Options options_;
  const std::string key_prefix_;  // empty, or with a '/' at its end
  const std::unique_ptr<Client> client_;
  Crew crew_;
};

}  // namespace spind::s3
