// Text as UTF-8. Unicode's tables come from utf8proc.
#pragma once

#include <string>
#include <string_view>

namespace spind {

// Whether it is UTF-8 as RFC 3629 has it: shortest forms only, no surrogates, nothing above
// U+10FFFF.
bool valid_utf8(std::string_view text);

// The form in which names are compared where names that differ only by case or normal form are
// one: canonically decomposed, case folded (full), composed again (NFC). Equal for names that
// Windows or macOS would take for the same. At most 18 times as long as `name`. Text that is not
// UTF-8 comes back as it is.
std::string name_fold(std::string_view name);

}  // namespace spind
