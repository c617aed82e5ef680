#include "blob/s3/xml.h"

#include <charconv>
#include <cstdint>
#include <utility>

#include "base/try.h"

namespace spind::s3 {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

Error not_xml(std::string_view why) {
  return {Code::io_error, "an answer that is not the XML of S3: " + std::string(why)};
}

bool append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point == 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
  return true;
}

// What stands between '&' and ';'.
bool append_reference(std::string& out, std::string_view name) {
  constexpr std::pair<std::string_view, char> kNamed[] = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [known, c] : kNamed) {
    if (name == known) {
      out += c;
      return true;
    }
  }
  if (!name.starts_with('#')) return false;
  name.remove_prefix(1);
  const int base = name.starts_with('x') ? 16 : 10;
  if (base == 16) name.remove_prefix(1);
  std::uint32_t point = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, failure] = std::from_chars(name.data(), end, point, base);
  return failure == std::errc() && stop == end && append_utf8(out, point);
}

Status append_text(std::string& out, std::string_view raw) {
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t reference = std::min(raw.find('&', at), raw.size());
    out += raw.substr(at, reference - at);
    if (reference == raw.size()) break;
    const std::size_t end = raw.find(';', reference);
    if (end == std::string_view::npos ||
        !append_reference(out, raw.substr(reference + 1, end - reference - 1)))
      return not_xml("an unknown reference");
    at = end + 1;
  }
  return {};
}

class Parser {
 public:
  explicit Parser(std::string_view text) : left_(text) {}

  Result<XmlElement> parse() {
    while (!root_done_) SPIND_TRY(step());
    while (!left_.empty()) {  // comments and space may follow
      if (left_.starts_with("<!--")) {
        SPIND_TRY(pass_over("-->"));
      } else if (kSpace.find(left_.front()) != std::string_view::npos) {
        left_.remove_prefix(1);
      } else {
        return not_xml("something behind its end");
      }
    }
    return std::move(root_);
  }

 private:
  Status step() {
    if (left_.empty()) return not_xml("it ends too early");
    if (left_.front() != '<') return read_text();
    if (left_.starts_with("<?")) return pass_over("?>");
    if (left_.starts_with("<!--")) return pass_over("-->");
    if (left_.starts_with("<![CDATA[")) return read_cdata();
    if (left_.starts_with("<!")) return not_xml("a declaration");
    return left_.starts_with("</") ? read_end() : read_start();
  }

  Status pass_over(std::string_view end) {
    const std::size_t at = left_.find(end);
    if (at == std::string_view::npos) return not_xml("it ends too early");
    left_.remove_prefix(at + end.size());
    return {};
  }

  Status read_text() {
    const std::size_t size = std::min(left_.find('<'), left_.size());
    const std::string_view raw = left_.substr(0, size);
    left_.remove_prefix(size);
    if (!open_.empty()) return append_text(open_.back().text, raw);
    // A mark of the byte order may stand in front of everything.
    const bool blank = raw.find_first_not_of(" \t\r\n\xef\xbb\xbf") == std::string_view::npos;
    return blank ? Status() : not_xml("text outside of it");
  }

  Status read_cdata() {
    left_.remove_prefix(std::string_view("<![CDATA[").size());
    const std::size_t size = left_.find("]]>");
    if (size == std::string_view::npos || open_.empty()) return not_xml("a section without end");
    open_.back().text += left_.substr(0, size);
    left_.remove_prefix(size + 3);
    return {};
  }

  // The tag's content up to its '>', which may stand in the value of an attribute.
  Result<std::string_view> read_tag() {
    char quote = 0;
    for (std::size_t i = 1; i < left_.size(); ++i) {
      const char c = left_[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        const std::string_view tag = left_.substr(1, i - 1);
        left_.remove_prefix(i + 1);
        return tag;
      } else if (c == '<') {
        break;
      }
    }
    return not_xml("a tag without end");
  }

  Status read_start() {
    SPIND_TRY_ASSIGN(std::string_view tag, read_tag());
    const bool empty = tag.ends_with('/');
    if (empty) tag.remove_suffix(1);
    std::string_view name = tag.substr(0, std::min(tag.find_first_of(kSpace), tag.size()));
    const std::string_view qualified = name;
    if (const std::size_t colon = name.rfind(':'); colon != std::string_view::npos)
      name.remove_prefix(colon + 1);
    if (name.empty()) return not_xml("a tag without name");
    if (open_.size() >= kXmlDepthMax || ++elements_ > kXmlElementsMax)
      return not_xml("too many elements");
    open_.push_back({.name = std::string(name)});
    qualified_.emplace_back(qualified);
    if (empty) close();
    return {};
  }

  Status read_end() {
    SPIND_TRY_ASSIGN(std::string_view tag, read_tag());
    tag.remove_prefix(1);
    while (!tag.empty() && kSpace.find(tag.back()) != std::string_view::npos) tag.remove_suffix(1);
    if (open_.empty() || qualified_.back() != tag) return not_xml("an end that nothing began");
    close();
    return {};
  }

  void close() {
    XmlElement element = std::move(open_.back());
    open_.pop_back();
    qualified_.pop_back();
    if (!open_.empty()) {
      open_.back().children.push_back(std::move(element));
      return;
    }
    root_ = std::move(element);
    root_done_ = true;
  }

  std::string_view left_;
  std::vector<XmlElement> open_;        // the innermost one last
  std::vector<std::string> qualified_;  // their names with the prefixes of namespaces
  std::size_t elements_ = 0;
  XmlElement root_;
  bool root_done_ = false;
};

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const {
  for (const XmlElement& element : children) {
    if (element.name == child_name) return &element;
  }
  return nullptr;
}

std::string_view XmlElement::text_of(std::string_view child_name) const {
  const XmlElement* const element = child(child_name);
  return element == nullptr ? std::string_view() : std::string_view(element->text);
}

Result<XmlElement> parse_xml(std::string_view text) { return Parser(text).parse(); }

std::string xml_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace spind::s3
