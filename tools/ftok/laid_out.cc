#include "tools/ftok/laid_out.h"

#include <unistd.h>

#include "core/live_area.h"
#include "core/wrap.h"

namespace ftok::cli {

std::string laid_out(const std::string& text, std::FILE* stream, int indent) {
  return ::isatty(::fileno(stream)) == 1 ? wrapped(text, terminal_size(stream).columns, indent) : text;
}

}  // namespace ftok::cli
