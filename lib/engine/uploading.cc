#include "engine/uploading.h"

#include "base/limits.h"
#include "base/page_buffer.h"
#include "base/try.h"
#include "engine/local_file.h"

namespace spind::engine {
namespace {

// What was read is still in the processor's cache when it is hashed.
constexpr std::size_t kReadBytes = 128 << 10;

Result<Written> commit_stored(const SpaceState& space, const Ref& file, const PutOptions& options,
                              const content::Stored& stored) {
  SessionState& session = *space.session;
  return session.noted(
      ops::put(session.engine->context(), session.call, space.id, file, options, stored));
}

// In parts as large as the content is expected to be, with a byte to see its end.
Status copy_all(const ByteSource& source, std::uint64_t size_bytes, content::Upload& upload) {
  const PageBuffer buffer(std::min<std::uint64_t>(kReadBytes - 1, size_bytes) + 1);
  for (;;) {
    SPIND_TRY_ASSIGN(const std::size_t got, source(buffer.all()));
    if (got == 0) return {};
    if (got > buffer.all().size())
      return Error{.code = Code::invalid_argument,
                   .text = "the source gave more than it was asked"};
    SPIND_TRY(upload.append(buffer.all().first(got)));
  }
}

}  // namespace

std::uint8_t wanted_checksums(const PutOptions& options) {
  std::uint8_t wanted = options.checksums_wanted;
  if (options.checksums.sha1) wanted |= kSha1;
  if (options.checksums.md5) wanted |= kMd5;
  if (options.checksums.adler32) wanted |= kAdler32;
  return wanted;
}

Result<std::unique_ptr<content::Upload>> begin_upload(const SpaceState& space, const Ref& file,
                                                      const PutOptions& options) {
  SessionState& session = *space.session;
  Engine& engine = *session.engine;
  SPIND_TRY_ASSIGN(const content::Owner owner,
                   ops::check_put(engine.context(), session.call, space.id, file, options));
  // Whoever uploads keeps the session.
  return engine.content().upload(owner, wanted_checksums(options),
                                 session.call.interrupt(engine.clock()));
}

Result<Written> put_bytes(const SpaceState& space, const Ref& file, Bytes bytes,
                          const PutOptions& options) {
  if (bytes.size() <= kInlineBytesMax)
    return commit_stored(space, file, options,
                         content::store_inline(bytes, wanted_checksums(options)));
  SPIND_TRY_ASSIGN(const auto upload, begin_upload(space, file, options));
  SPIND_TRY(upload->append(bytes));
  return commit_upload(space, file, options, *upload);
}

Result<Written> put_stream(const SpaceState& space, const Ref& file, const ByteSource& source,
                           const PutOptions& options) {
  SPIND_TRY_ASSIGN(const auto upload, begin_upload(space, file, options));
  SPIND_TRY(copy_all(source, options.size_bytes.value_or(kReadBytes), *upload));
  return commit_upload(space, file, options, *upload);
}

Result<Written> put_local_file(const SpaceState& space, const Ref& file,
                               const std::string& local_path, PutOptions options) {
  SPIND_TRY_ASSIGN(LocalFile local, LocalFile::open(local_path));
  if (!options.mtime_ns) options.mtime_ns = local.mtime_ns();
  SPIND_TRY_ASSIGN(const auto upload, begin_upload(space, file, options));
  const auto read = [&local](std::span<std::uint8_t> out) { return local.read(out); };
  SPIND_TRY(copy_all(read, local.size_bytes(), *upload));
  SPIND_TRY_ASSIGN(const content::Stored stored, upload->finish());
  SPIND_TRY(local.check_unchanged(stored.size_bytes));
  return commit_stored(space, file, options, stored);
}

Result<Written> commit_upload(const SpaceState& space, const Ref& file, const PutOptions& options,
                              content::Upload& upload) {
  SPIND_TRY_ASSIGN(const content::Stored stored, upload.finish());
  return commit_stored(space, file, options, stored);
}

}  // namespace spind::engine
