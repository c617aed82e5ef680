#include "base/errno_error.h"

#include <cerrno>
#include <system_error>

namespace spind {
namespace {

Code code_of(int number) {
  switch (number) {
    case ENOENT: return Code::not_found;
    case EEXIST: return Code::already_exists;
    case EISDIR: return Code::is_a_folder;
    case ENOTDIR: return Code::not_a_folder;
    case ENAMETOOLONG: return Code::name_too_long;
    case ENOSPC:
    case EDQUOT: return Code::no_space;
    case EMFILE:
    case ENFILE: return Code::unavailable;
    case EOPNOTSUPP:
    case ENOSYS: return Code::unsupported;
    default: return Code::io_error;
  }
}

}  // namespace

Error errno_error(int number, std::string_view action, const std::string& path) {
  Error error{code_of(number), "cannot ", path};
  error.text.append(action).append(": ").append(std::generic_category().message(number));
  if (number == EMFILE) error.text += " in this process; raise its limit (ulimit -n)";
  if (number == ENFILE) error.text += "; raise the system's limit (fs.file-max)";
  return error;
}

}  // namespace spind
