// The uploads of one space: each whole, with the pieces that it says, and known to those who sweep.
#pragma once

#include "model/upload_record.h"
#include "space/reading.h"
#include "upkeep/findings.h"

namespace spind::upkeep {

// One thread at a time.
class UploadCheck {
 public:
  UploadCheck(space::Reading& reading, const model::Head& head, Findings& findings, Steps& steps)
      : reading_(reading), head_(head), findings_(findings), steps_(steps) {}
  Status run();

 private:
  Status check_upload(EntryNumber number, const model::UploadRecord& upload);
  Status check_noted();
  Mend away(EntryNumber number, const std::string& text);

  space::Reading& reading_;
  const model::Head& head_;
  Findings& findings_;
  Steps& steps_;
  std::uint64_t uploads_ = 0;
  std::uint64_t pieces_ = 0;  // settled ones that uploads have
};

}  // namespace spind::upkeep
