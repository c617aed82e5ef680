#include "store_file.h"

#include <memory>

#include "transfer.h"

namespace spind::tool {
namespace {

// Memory that is about to be filled need not be cleared first.
struct Buffer {
  explicit Buffer(std::size_t bytes)
      : memory(std::make_unique_for_overwrite<std::uint8_t[]>(bytes)), size(bytes) {}
  std::span<std::uint8_t> all() { return {memory.get(), size}; }
  std::unique_ptr<std::uint8_t[]> memory;
  std::size_t size;
};

Result<Written> store_whole(const Space& space, const Ref& to, LocalFile& file,
                            const PutOptions& options) {
  Buffer buffer(static_cast<std::size_t>(file.stat().size_bytes));
  const Result<std::size_t> got = file.read(buffer.all());
  if (!got.ok()) return got.error();
  // Also says so if the file has become shorter or longer.
  if (Status same = file.check_unchanged(); !same.ok()) return std::move(same).error();
  return space.put(to, std::span<const std::uint8_t>(buffer.all()), options);
}

Result<Written> store_streamed(const Space& space, const Ref& to, LocalFile& file,
                               const PutOptions& options) {
  Result<Writer> writer = space.writer(to, options);
  if (!writer.ok()) return std::move(writer).error();
  Buffer buffer(kWholeFileBytesMax);
  for (;;) {
    const Result<std::size_t> got = file.read(buffer.all());
    if (!got.ok()) return got.error();
    if (*got == 0) break;
    Status written = writer->write(buffer.all().subspan(0, *got));
    if (!written.ok()) return std::move(written).error();
  }
  if (Status same = file.check_unchanged(); !same.ok()) return std::move(same).error();
  return writer->commit();
}

// The store knows the node by its id; people know it by its path.
Error about(Error error, const std::string& path) {
  error.path = path;
  return error;
}

Status fetch_streamed(const Space& space, const StoredVersion& stored, AtomicFile& file) {
  const NodeInfo& node = stored.node;
  Result<Reader> reader = space.reader(Ref::node(node.id), {.version = node.version});
  if (!reader.ok()) return about(reader.error(), stored.path);
  Buffer buffer(kWholeFileBytesMax);
  for (;;) {
    const Result<std::size_t> got = reader->read(buffer.all());
    if (!got.ok()) return about(got.error(), stored.path);
    if (*got == 0) return {};
    if (Status written = file.write(buffer.all().subspan(0, *got)); !written.ok()) return written;
  }
}

Status fetch_whole(const Space& space, const StoredVersion& stored, AtomicFile& file) {
  const NodeInfo& node = stored.node;
  const Result<std::string> content = space.get(Ref::node(node.id), {.version = node.version});
  if (!content.ok()) return about(content.error(), stored.path);
  return file.write({reinterpret_cast<const std::uint8_t*>(content->data()), content->size()});
}

}  // namespace

Result<Written> store_file(const Space& space, const Ref& to, LocalFile& file,
                           const PutOptions& options) {
  PutOptions all = options;
  all.mtime_ns = file.stat().mtime_ns;
  all.size_bytes = file.stat().size_bytes;
  return file.stat().size_bytes <= kWholeFileBytesMax ? store_whole(space, to, file, all)
                                                      : store_streamed(space, to, file, all);
}

Status fetch_file(const Space& space, const StoredVersion& file,
                  const std::shared_ptr<const LocalFolder>& folder, const std::string& name,
                  bool sync) {
  Result<AtomicFile> target = AtomicFile::create(folder, name);
  if (!target.ok()) return std::move(target).error();
  Status fetched = file.node.size_bytes <= kWholeFileBytesMax
                       ? fetch_whole(space, file, *target)
                       : fetch_streamed(space, file, *target);
  if (!fetched.ok()) return fetched;
  return target->commit(file.node.mtime_ns, sync);
}

}  // namespace spind::tool
