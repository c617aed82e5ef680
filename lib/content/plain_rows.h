// Finds the rows of a vault's spaces that are plain still, and seals them.
//
// A row is read and put as it is, in commits of the space: what lies below is sealed by that, and
// to everybody above nothing changes. Nothing is noted of how far it came: a row says itself
// whether it is sealed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "content/space_rows.h"

namespace spind::content {

inline constexpr kv::Family kSpaceFamilies[] = {kv::Family::state, kv::Family::journal,
                                                kv::Family::attachment};

// Each space of which there are rows in the family.
Status visit_spaces(const kv::View& rows, kv::Family family,
                    const std::function<Status(const SpaceId&)>& visit);

// One thread at a time; beside all that uses the store. Borrows everything.
class PlainRows {
 public:
  // `step` is asked after so many rows more were sealed, and can stop it.
  using Step = std::function<Status(std::uint64_t rows)>;
  PlainRows(SpaceRows& rows, kv::Store& sealing, const model::VaultId& vault, Step step)
      : below_(rows.below()), sealing_(sealing), vault_(vault), step_(std::move(step)) {}

  // Seals all there are. What it has answered ok to is durable.
  Status seal();
  // Those that are there, of spaces too of which nothing tells whose they are.
  Result<std::uint64_t> count(const kv::View& below);
  // Where the rows of the vault's spaces lie, and those of all.
  Result<std::vector<kv::Range>> ranges();
  static std::vector<kv::Range> all_ranges();

 private:
  enum class Whose { vault, nobody_knows, others };
  Result<Whose> whose(const kv::View& below, const SpaceId& space) const;
  Status visit_own(kv::Family family, const std::function<Status(const SpaceId&)>& visit);
  Status seal_space(kv::Family family, const SpaceId& space);
  Result<std::vector<std::string>> next_page(kv::Family family, std::string& begin,
                                             const std::string& end) const;
  Status seal_page(kv::Family family, const SpaceId& space, const std::vector<std::string>& keys);

  kv::Store& below_;
  kv::Store& sealing_;
  const model::VaultId vault_;
  const Step step_;
};

}  // namespace spind::content
