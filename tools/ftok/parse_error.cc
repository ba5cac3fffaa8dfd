#include "tools/ftok/parse_error.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "core/nearest_name.h"

namespace ftok::cli {
namespace {

// The innermost command that was named, and its name from the start: "shards cat".
const CLI::App& innermost(const CLI::App& app, std::string& name) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().back();
    name += (name.empty() ? "" : " ") + at->get_name();
  }
  return *at;
}

// The first argument that looks like a flag of no option of the command, without "=VALUE".
std::string unknown_flag(const CLI::App& command, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument(argv[i]);
    if (argument == "--") break;
    if (argument.size() < 2 || argument[0] != '-') continue;
    const std::string flag(argument.substr(0, argument.find('=')));
    if (command.get_option_no_throw(flag) == nullptr) return flag;
  }
  return "";
}

std::string nearest_flag(const CLI::App& command, const std::string& flag) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return nearest_name(flag, names);
}

// CLI11 says "Could not convert: --threads = abc"; only numbers are ever converted.
std::string conversion(std::string_view message) {
  const size_t name = message.find(": ");
  const size_t equals = message.find(" = ");
  if (name == std::string_view::npos || equals == std::string_view::npos || equals < name) return std::string(message);
  return fmt::format("{}: got '{}', expected a number", message.substr(name + 2, equals - name - 2),
                     message.substr(equals + 3));
}

// Whether what is wrong is the command that should follow: `ftok shards`, `ftok shards cnvert`.
bool needs_subcommand(const CLI::App& command, const CLI::ParseError& error) {
  if (command.get_require_subcommand_min() == 0 || !command.get_subcommands().empty()) return false;
  return dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
         dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
}

std::string missing_subcommand(const CLI::App& command, const std::string& name, int argc, char** argv) {
  std::vector<std::string> names;
  for (const CLI::App* child : command.get_subcommands({})) names.push_back(child->get_name());
  const auto is_flag = [](std::string_view argument) { return argument.starts_with('-'); };
  int at = 1;
  while (at < argc && argv[at] != command.get_name()) ++at;
  for (++at; at < argc && is_flag(argv[at]);) ++at;
  const std::string all = fmt::format("{}", fmt::join(names, ", "));
  if (at >= argc) return fmt::format("`ftok {}` needs a command: {}", name, all);
  const std::string nearest = nearest_name(argv[at], names);
  return fmt::format("unknown command '{}' of `ftok {}`{}", argv[at], name,
                     nearest.empty() ? "; it has " + all : fmt::format(", did you mean '{}'?", nearest));
}

}  // namespace

std::string describe(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::string name;
  const CLI::App& command = innermost(app, name);
  const std::string help = fmt::format("`ftok {}{}--help` lists what there is", name, name.empty() ? "" : " ");
  if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) return conversion(error.what());
  if (needs_subcommand(command, error)) return missing_subcommand(command, name, argc, argv);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) return error.what();
  const std::string flag = unknown_flag(command, argc, argv);
  if (flag.empty()) return fmt::format("{}; {}", error.what(), help);
  const std::string nearest = nearest_flag(command, flag);
  return fmt::format("unknown flag {} of `ftok{}{}`{}", flag, name.empty() ? "" : " ", name,
                     nearest.empty() ? "; " + help : fmt::format(", did you mean {}?", nearest));
}

}  // namespace ftok::cli
