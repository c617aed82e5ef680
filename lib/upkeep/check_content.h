// What the versions of one space refer to: attachments, counts of references, holders in the vault.
#pragma once

#include <unordered_map>

#include "content/content.h"
#include "space/reading.h"
#include "upkeep/findings.h"
#include "upkeep/lineage.h"

namespace spind::upkeep {

// A set of keys, told from another one by their number and the sum of their hashes.
struct KeySum {
  std::uint64_t count = 0, hash = 0;
  void add(std::string_view key);
  bool operator==(const KeySum&) const = default;
};

// Counts references anew, in as many passes as bounded memory asks for. One thread at a time.
class ContentCheck {
 public:
  ContentCheck(space::Reading& reading, const model::Head& head, content::Content& content,
               const Lineage& lineage, Findings& findings, Steps& steps);
  Status run(bool read_content);
  // Of a space that is being erased: only whether the vault still holds what rows say.
  Status run_held();

 private:
  Result<bool> check_version(NodeId node, const model::VersionRecord& version);
  Result<std::uint64_t> inline_size(std::string_view row);
  Result<std::uint64_t> manifest_size(std::string_view row);
  Status check_unused();
  Status check_attachments();
  Status check_dropped();
  Status check_held(std::string_view reference_key);
  Result<bool> all_can_be_counted();
  Status compare_attachments(std::uint32_t pass, std::uint32_t passes, bool& found);
  void compare_count(const model::PieceId& piece, std::uint64_t counted, std::uint64_t expected);
  Status read_through(NodeId node, const model::VersionRecord& version);
  Status count_pass(std::uint32_t pass, std::uint32_t passes);
  Status compare_pass(std::uint32_t pass, std::uint32_t passes,
                      std::unordered_map<std::string, std::uint64_t>& counts);

  space::Reading& reading_;
  const model::Head& head_;
  content::Content& content_;
  const Lineage& lineage_;
  Findings& findings_;
  Steps& steps_;
  content::Owner owner_;
  KeySum referred_;               // attachments that versions refer to, and that are there
  std::uint64_t references_ = 0;  // to pieces
  bool countable_ = true;         // nothing that refers to pieces is lost
};

}  // namespace spind::upkeep
