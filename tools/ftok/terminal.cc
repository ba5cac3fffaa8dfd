#include "tools/ftok/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "core/error.h"
#include "core/shown.h"
#include "tools/ftok/laid_out.h"

namespace ftok::cli {
namespace {

constexpr char kOutputFailed[] = "cannot write to standard output";

}  // namespace

Log stderr_log(bool quiet) {
  return [quiet](LogLevel level, const std::string& message) {
    if (quiet && level == LogLevel::kInfo) return;
    const char* kind = level == LogLevel::kInfo ? "" : level == LogLevel::kWarning ? "warning: " : "error: ";
    std::fprintf(stderr, "%s\n",
                 laid_out(fmt::format("ftok: {}{}", kind, printable(hide_secrets(message))), stderr).c_str());
  };
}

bool wants_colour(std::FILE* stream) {
  const char* no_colour = std::getenv("NO_COLOR");  // https://no-color.org
  return ::isatty(::fileno(stream)) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

void put_note(const std::string& text) {
  std::fputs(laid_out(printable(hide_secrets(text), true), stderr).c_str(), stderr);
}

void put_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) throw_errno(kOutputFailed, errno);
}

void buffer_output() {
  static char bytes[size_t{256} << 10];  // until the process ends
  if (::isatty(STDOUT_FILENO) != 1) std::setvbuf(stdout, bytes, _IOFBF, sizeof bytes);
}

void put_text(std::string_view text) {
  static const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  if (is_terminal) {
    put_out(printable(text, true));
  } else {
    put_out(text);
  }
}

void print_text(std::string_view text) {
  put_text(text);
  print_out("");
}

void print_report(std::string_view text) { print_out(printable(text, true)); }

void print_out(std::string_view text) {
  put_out(text);
  if (std::fflush(stdout) != 0) throw_errno(kOutputFailed, errno);
}

void finish_output() {
  errno = 0;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) throw_errno(kOutputFailed, errno != 0 ? errno : EIO);
}

void hold_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    const int opened = ::open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY);  // the lowest free number: fd
    if (opened != fd) throw Error("cannot open /dev/null in place of a closed standard stream");
  }
}

}  // namespace ftok::cli
