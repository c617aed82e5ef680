// A journal entry takes any skeleton and any payload, and accepts only what its encoder makes. The
// first byte chooses whether the rest is the skeleton's inside or the payload's, to which then a
// right skeleton is made.
#include <string>

#include "fuzz/fuzz.h"
#include "model/entry.h"
#include "model/record_codec.h"

namespace {

namespace model = spind::model;
using model::RecordTag;
using spind::fuzz::require;

std::string framed(RecordTag tag, std::string_view body,
                   std::uint8_t format = model::kRecordFormat) {
  std::string row = model::begin_record(tag, 128, format);
  row += body;
  return model::finish_record(std::move(row));
}

void try_skeleton(std::string_view input) {
  (void)model::decode_skeleton(input);
  const std::string row = framed(RecordTag::skeleton, input);
  const auto skeleton = model::decode_skeleton(row);
  if (skeleton.ok()) require(model::decode_entry(row, input).code() != spind::Code::ok);
}

// The encoder's own skeleton, with the commitment exchanged for one to `payload`.
std::string skeleton_of(std::string_view payload) {
  const model::EncodedEntry sound = model::encode(model::Entry{});
  std::string row = sound.skeleton.substr(0, sound.skeleton.size() - spind::kSealBytes);
  const auto commitment = spind::sha256(spind::as_bytes(payload));
  row.resize(row.size() - commitment.size());
  row += spind::as_text(commitment);
  return model::finish_record(std::move(row));
}

void try_payload(std::string_view input) {
  for (std::uint8_t format = model::kRecordFormat; format <= model::kSpaceFormat; ++format) {
    const std::string payload = framed(RecordTag::payload, input, format);
    const auto entry = model::decode_entry(skeleton_of(payload), payload);
    if (entry.ok()) require(model::encode(*entry).payload == payload);
  }
  require(!model::decode_entry(skeleton_of("other"), framed(RecordTag::payload, input)).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest = spind::fuzz::text(data + 1, size - 1);
  if (data[0] % 4 == 0)
    try_skeleton(rest);
  else
    try_payload(rest);
  return 0;
}
