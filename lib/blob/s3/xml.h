// A reader of the XML that S3 answers with: elements and their text. Attributes are passed over,
// declarations of types are refused, and what an answer may make us hold is bounded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spind/result.h"

namespace spind::s3 {

inline constexpr std::size_t kXmlDepthMax = 16;
inline constexpr std::size_t kXmlElementsMax = 20'000;

struct XmlElement {
  std::string name{};  // without the prefix of a namespace
  std::string text{};  // what stands directly in it
  std::vector<XmlElement> children{};

  const XmlElement* child(std::string_view child_name) const;   // the first one, or null
  std::string_view text_of(std::string_view child_name) const;  // empty if there is none
};

// The outermost element. io_error if it is not well-formed or over a limit.
Result<XmlElement> parse_xml(std::string_view text);

std::string xml_escape(std::string_view text);

}  // namespace spind::s3
