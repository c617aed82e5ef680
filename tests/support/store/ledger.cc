#include "support/store/ledger.h"

#include "support/store/content.h"

namespace spind::test {
namespace {

std::string parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

void add_folders(std::set<std::string>& folders, std::string path) {
  for (; !path.empty(); path = parent(path)) folders.insert(path);
}

template <class Names>
void erase_below(Names& names, const std::string& folder) {
  std::erase_if(names, [&](const auto& entry) {
    const std::string* path;
    if constexpr (std::is_same_v<std::decay_t<decltype(entry)>, std::string>) {
      path = &entry;
    } else {
      path = &entry.first;
    }
    return *path == folder || path->starts_with(folder + "/");
  });
}

std::size_t change_count(const WriterStep& step) {
  const bool two =
      step.kind == WriterStep::Kind::restore_version || step.kind == WriterStep::Kind::restore;
  return two ? 2 : 1;
}

std::map<std::string, std::string> as_map(const std::vector<Property>& properties) {
  std::map<std::string, std::string> map;
  for (const Property& one : properties) map[one.key] = one.value;
  return map;
}

}  // namespace

void Ledger::begun(std::uint32_t writer, std::uint64_t step) {
  writers_[writer].open.push_back(step);
  writers_[writer].next_step = step + 1;
}

void Ledger::acknowledged(std::uint32_t writer, std::uint64_t step) {
  Writer& one = writers_[writer];
  while (!one.open.empty() && one.open.front() <= step) {
    apply(one.tree, writer_step(seed_, writer, one.open.front()));
    one.open.pop_front();
    ++acknowledged_;
  }
}

void Ledger::apply(Tree& tree, const WriterStep& step) {
  for (std::size_t i = 0; i < change_count(step); ++i) apply(tree, step, i);
}

void Ledger::apply(Tree& tree, const WriterStep& step, std::size_t change) {
  const auto file = tree.files.find(step.path);
  switch (step.kind) {
    case WriterStep::Kind::put:
    case WriterStep::Kind::stream:
    case WriterStep::Kind::upload:
    case WriterStep::Kind::held_upload: overwrite(tree, step); break;
    case WriterStep::Kind::restore_version:
      if (change == 0) overwrite(tree, step);
      if (change == 1) go_back(file->second);
      break;
    case WriterStep::Kind::restore:
      if (change == 0 && file != tree.files.end()) {
        tree.removed = std::move(file->second);
        tree.files.erase(file);
      } else if (change == 1 && tree.removed) {
        tree.files[step.path] = *std::exchange(tree.removed, std::nullopt);
      }
      break;
    case WriterStep::Kind::move: {
      if (file == tree.files.end() || step.path == step.to) break;
      if (!tree.folders.contains(parent(step.to))) break;
      File moved = std::move(file->second);
      tree.files.erase(file);
      tree.files[step.to] = std::move(moved);
      break;
    }
    case WriterStep::Kind::copy: copy(tree, step); break;
    case WriterStep::Kind::remove: tree.files.erase(step.path); break;
    case WriterStep::Kind::remove_folder:
      erase_below(tree.files, step.path);
      erase_below(tree.folders, step.path);
      break;
    case WriterStep::Kind::make_folder: add_folders(tree.folders, step.path); break;
    case WriterStep::Kind::touch:
      if (file != tree.files.end()) file->second.mtime_ns = step.mtime_ns;
      break;
    case WriterStep::Kind::set_properties:
      if (file == tree.files.end()) break;
      for (const auto& [key, value] : step.properties) {
        file->second.properties.erase(key);
        if (value) file->second.properties[key] = *value;
      }
      break;
  }
}

void Ledger::overwrite(Tree& tree, const WriterStep& step) {
  add_folders(tree.folders, parent(step.path));
  File& target = tree.files[step.path];
  add_version(target, {step.content_seed, step.size_bytes});
  if (earlier_ == Earlier::all) contents_.insert(target.versions.back());
}

void Ledger::go_back(File& file) {
  if (file.versions.size() < 2) return;
  add_version(file, Content(file.versions[file.versions.size() - 2]));
}

void Ledger::add_version(File& file, const Content& content) {
  ++file.version;
  file.versions.push_back(content);
  if (earlier_ == Earlier::newest && file.versions.size() > 2)
    file.versions.erase(file.versions.begin(), file.versions.end() - 2);
  file.mtime_ns.reset();
}

// Only the current versions come along, and no properties.
void Ledger::copy(Tree& tree, const WriterStep& step) {
  const auto copied = [](File file) {
    file.versions.erase(file.versions.begin(), file.versions.end() - 1);
    file.version = 1;
    file.properties.clear();
    return file;
  };
  if (const auto file = tree.files.find(step.path); file != tree.files.end()) {
    if (step.path == step.to) return;
    add_folders(tree.folders, parent(step.to));
    File copy = copied(file->second);
    tree.files[step.to] = std::move(copy);
    return;
  }
  if (!tree.folders.contains(step.path)) return;
  const Tree before = tree;
  erase_below(tree.files, step.to);
  erase_below(tree.folders, step.to);
  add_folders(tree.folders, step.to);
  for (const std::string& folder : before.folders)
    if (folder.starts_with(step.path + "/"))
      tree.folders.insert(step.to + folder.substr(step.path.size()));
  for (const auto& [path, file] : before.files)
    if (path.starts_with(step.path + "/"))
      tree.files[step.to + path.substr(step.path.size())] = copied(file);
}

std::string Ledger::mismatch(const Space& space, std::uint32_t writer, const Tree& tree) {
  const std::string folder = writer_folder(writer);
  std::size_t files = 0, folders = 0;
  Result<Walk> walk = space.walk(folder);
  if (walk.code() == Code::not_found) return tree.folders.empty() ? "" : folder + " is missing";
  if (!walk.ok()) return walk.error().to_string();
  for (;;) {
    auto item = walk->next();
    if (!item.ok()) return item.error().to_string();
    if (!item->has_value()) break;
    const NodeInfo& node = (*item)->node;
    const std::string path = folder + ((*item)->path.empty() ? "" : "/") + (*item)->path;
    if (node.kind == NodeKind::folder) {
      if (!tree.folders.contains(path)) return path + " should not be there";
      ++folders;
      continue;
    }
    const auto expected = tree.files.find(path);
    if (expected == tree.files.end()) return path + " should not be there";
    const auto [content_seed, size_bytes] = expected->second.versions.back();
    if (node.version != expected->second.version || node.size_bytes != size_bytes)
      return path + " has another version or size";
    if (expected->second.mtime_ns && node.mtime_ns != *expected->second.mtime_ns)
      return path + " has another mtime";
    if (node.sha256 != sha256_of(content(content_seed, size_bytes)))
      return path + " has another digest";
    const auto properties = space.properties(Ref::node(node.id));
    if (!properties.ok()) return properties.error().to_string();
    if (as_map(*properties) != expected->second.properties) return path + " has other properties";
    ++files;
  }
  if (files != tree.files.size()) return "files are missing in " + folder;
  if (folders != tree.folders.size()) return "folders are missing in " + folder;
  return "";
}

std::string Ledger::read_back(const Space& space, const Tree& tree) {
  for (const auto& [path, file] : tree.files) {
    for (std::size_t i = 0; i < file.versions.size(); ++i) {
      const auto [content_seed, size_bytes] = file.versions[i];
      const VersionNumber number = file.version + i + 1 - file.versions.size();
      const Result<std::string> bytes = space.get(path, {.version = number});
      if (!bytes.ok()) return path + ": " + bytes.error().to_string();
      if (*bytes != content(content_seed, size_bytes)) return path + " holds other bytes";
    }
  }
  return "";
}

Ledger::Verdict Ledger::settle(const Space& space) {
  Verdict verdict;
  const auto note = [&](std::uint64_t& count, const std::string& text) {
    ++count;
    if (verdict.text.size() < 2'000) verdict.text += text + "\n";
  };
  for (std::uint32_t number = 0; number < kWriters; ++number) {
    Writer& writer = writers_[number];
    const std::string first = mismatch(space, number, writer.tree);
    std::string last = first;
    while (!last.empty() && !writer.open.empty()) {
      const WriterStep step = writer_step(seed_, number, writer.open.front());
      for (std::size_t i = 0; i < change_count(step) && !last.empty(); ++i) {
        apply(writer.tree, step, i);
        last = mismatch(space, number, writer.tree);
      }
      writer.open.pop_front();
    }
    writer.tree.removed.reset();
    writer.open.clear();
    if (!last.empty()) note(verdict.lost, "acknowledged: " + first + "; then: " + last);
    const std::string bytes = last.empty() ? read_back(space, writer.tree) : "";
    if (!bytes.empty()) note(verdict.torn, bytes);
  }
  return verdict;
}

}  // namespace spind::test
