// `ftok version`: the version, and what it was built with.
#include <fmt/format.h>

#include "text/unicode.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {

void add_version_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("version", "Print the version and what it was built with");
  command->callback([] { print("ftok {}\nUnicode {}\ncompiler {}\n", FTOK_VERSION, kUnicodeVersion, __VERSION__); });
}

}  // namespace ftok::cli
