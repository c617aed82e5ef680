// What the versions of one space refer to: attachments, counts of references, holders in the vault.
#pragma once

#include <functional>
#include <unordered_map>

#include "content/content.h"
#include "space/reading.h"
#include "upkeep/findings.h"

namespace spind::upkeep {

// Counts references anew, in as many passes as bounded memory asks for. One thread at a time.
class ContentCheck {
 public:
  ContentCheck(space::Reading& reading, content::Content& content, Findings& findings,
               Steps& steps);
  Status run(bool read_content);

 private:
  using Visit = std::function<Status(NodeId, const model::VersionRecord&)>;
  Status visit_versions(const Visit& visit);
  Result<std::vector<model::Piece>> pieces_of(NodeId node, const model::VersionRecord& version);
  Status check_attachments(NodeId node, const model::VersionRecord& version, bool read_content);
  Status read_through(NodeId node, const model::VersionRecord& version);
  Status count_pass(std::uint32_t pass, std::uint32_t passes);
  Status compare_pass(std::uint32_t pass, std::uint32_t passes,
                      std::unordered_map<std::string, std::uint64_t>& counts);

  space::Reading& reading_;
  content::Content& content_;
  Findings& findings_;
  Steps& steps_;
  content::Owner owner_;
};

}  // namespace spind::upkeep
