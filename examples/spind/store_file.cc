#include "store_file.h"

#include <memory>
#include <new>

#include "transfer.h"

namespace spind::tool {
namespace {

// Memory that is about to be filled need not be cleared first. It begins where a page does: AMD's
// processors copy files four times as slowly to 16 bytes behind that, where malloc puts large
// blocks.
class Buffer {
 public:
  explicit Buffer(std::size_t bytes)
      : memory_(static_cast<std::uint8_t*>(::operator new(bytes, kAlignment))), size_(bytes) {}
  std::span<std::uint8_t> all() { return {memory_.get(), size_}; }

 private:
  static constexpr std::align_val_t kAlignment{4096};
  struct Free {
    void operator()(std::uint8_t* memory) const { ::operator delete(memory, kAlignment); }
  };
  std::unique_ptr<std::uint8_t, Free> memory_;
  std::size_t size_;
};

Result<Written> store_whole(const Space& space, const Ref& to, LocalFile& file,
                            const PutOptions& options, const Moved& moved) {
  Buffer buffer(static_cast<std::size_t>(file.stat().size_bytes));
  const Result<std::size_t> got = file.read(buffer.all());
  if (!got.ok()) return got.error();
  // Also says so if the file has become shorter or longer.
  if (Status same = file.check_unchanged(); !same.ok()) return std::move(same).error();
  Result<Written> written = space.put(to, std::span<const std::uint8_t>(buffer.all()), options);
  if (written.ok()) moved(*got);
  return written;
}

Status copy_to(Writer& writer, LocalFile& file, const Moved& moved) {
  Buffer buffer(kWholeFileBytesMax);
  for (;;) {
    const Result<std::size_t> got = file.read(buffer.all());
    if (!got.ok()) return got.error();
    if (*got == 0) return {};
    if (Status written = writer.write(buffer.all().subspan(0, *got)); !written.ok()) {
      return written;
    }
    moved(*got);
  }
}

Result<Written> store_streamed(const Space& space, const Ref& to, LocalFile& file,
                               const PutOptions& options, const Moved& moved) {
  Result<Writer> writer = space.writer(to, options);
  if (!writer.ok()) return std::move(writer).error();
  if (Status copied = copy_to(*writer, file, moved); !copied.ok()) {
    return std::move(copied).error();
  }
  if (Status same = file.check_unchanged(); !same.ok()) return std::move(same).error();
  return writer->commit();
}

// The store knows the node by its id; people know it by its path.
Error about(Error error, const std::string& path) {
  error.path = path;
  return error;
}

Status fetch_streamed(const Space& space, const StoredVersion& stored, AtomicFile& file,
                      const Moved& moved) {
  const NodeInfo& node = stored.node;
  Result<Reader> reader = space.reader(Ref::node(node.id), {.version = node.version});
  if (!reader.ok()) return about(reader.error(), stored.path);
  Buffer buffer(kWholeFileBytesMax);
  for (;;) {
    const Result<std::size_t> got = reader->read(buffer.all());
    if (!got.ok()) return about(got.error(), stored.path);
    if (*got == 0) return {};
    if (Status written = file.write(buffer.all().subspan(0, *got)); !written.ok()) return written;
    moved(*got);
  }
}

Status fetch_whole(const Space& space, const StoredVersion& stored, AtomicFile& file,
                   const Moved& moved) {
  const NodeInfo& node = stored.node;
  const Result<std::string> content = space.get(Ref::node(node.id), {.version = node.version});
  if (!content.ok()) return about(content.error(), stored.path);
  Status written =
      file.write({reinterpret_cast<const std::uint8_t*>(content->data()), content->size()});
  if (written.ok()) moved(content->size());
  return written;
}

}  // namespace

Result<Written> store_file(const Space& space, const Ref& to, LocalFile& file, const Moved& moved) {
  PutOptions options;
  options.mtime_ns = file.stat().mtime_ns;
  options.size_bytes = file.stat().size_bytes;
  return file.stat().size_bytes <= kWholeFileBytesMax
             ? store_whole(space, to, file, options, moved)
             : store_streamed(space, to, file, options, moved);
}

Result<Written> store_stream(const Space& space, const Ref& to, LocalFile& input,
                             const Moved& moved) {
  Result<Writer> writer = space.writer(to);
  if (!writer.ok()) return std::move(writer).error();
  if (Status copied = copy_to(*writer, input, moved); !copied.ok()) {
    return std::move(copied).error();
  }
  return writer->commit();
}

Status fetch_file(const Space& space, const StoredVersion& file,
                  const std::shared_ptr<const LocalFolder>& folder, const std::string& name,
                  bool sync, const Moved& moved) {
  Result<AtomicFile> target = AtomicFile::create(folder, name);
  if (!target.ok()) return std::move(target).error();
  Status fetched = file.node.size_bytes <= kWholeFileBytesMax
                       ? fetch_whole(space, file, *target, moved)
                       : fetch_streamed(space, file, *target, moved);
  if (!fetched.ok()) return fetched;
  return target->commit(file.node.mtime_ns, sync);
}

}  // namespace spind::tool
