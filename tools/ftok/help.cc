#include "tools/ftok/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/live_area.h"
#include "core/wrap.h"

namespace ftok::cli {
namespace {

constexpr int kFlagColumns = 26, kNameColumns = 14;
constexpr double kLargestTold = 1e6;  // a range that ends above it has no end for a reader

struct Group {
  const char* title;
  std::vector<const char*> commands;
};

// What one wants to do, in the order in which one comes to it. What is named nowhere is shown under "Other".
const std::vector<Group>& groups() {
  static const std::vector<Group> all = {
      {"Make a corpus",
       {"run", "tokenize", "mix", "decontaminate", "recipe", "card", "crawl", "optout", "models", "remove-ids"}},
      {"Make it on many machines", {"plan", "task", "submit", "status", "resubmit", "job"}},
      {"Look at tokens", {"encode", "decode", "shards"}},
      {"Train a vocabulary", {"vocab"}},
      {"Train a model", {"train", "generate", "chat", "eval", "model", "probe", "rl", "reward"}},
      {"Inspect a document or a run", {"view", "explain", "whatif", "extract", "filter", "language", "pii", "url"}},
      {"Inspect files", {"warc", "dedup"}},
      {"The program itself", {"help", "completion", "version"}},
  };
  return all;
}

std::string first_sentence_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// The part of a type's name that says what is allowed: "[0 - 1000]", "{a,b}".
std::string between(const std::string& text, char open, char close) {
  const size_t from = text.find(open), to = text.rfind(close);
  return from == std::string::npos || to == std::string::npos || to < from ? "" : text.substr(from + 1, to - from - 1);
}

std::string range_told(const std::string& type) {
  if (type.find(" in [") == std::string::npos) return "";
  const std::string range = between(type, '[', ']');
  const size_t dash = range.find(" - ");
  if (dash == std::string::npos) return "";
  const std::string least = range.substr(0, dash), most = range.substr(dash + 3);
  if (std::strtod(most.c_str(), nullptr) <= kLargestTold) return fmt::format("from {} to {}", least, most);
  return std::strtod(least.c_str(), nullptr) == 0 ? "" : "at least " + least;
}

std::string choices_told(const CLI::Option& option) {
  const std::string choices = between(option.get_type_name(), '{', '}');
  if (choices.empty()) return "";
  const std::string& help = option.get_description();
  std::string told;
  bool all_there = true;
  for (const std::string& choice : CLI::detail::split(choices, ',')) {
    all_there = all_there && help.find(choice) != std::string::npos;
    told += (told.empty() ? "" : ", ") + choice;
  }
  return all_there ? "" : "one of " + told;
}

// What stands behind a flag: "DIR", "N".
std::string value_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";
  std::string type = option.get_type_name();
  if (type.find(" in [") != std::string::npos) type = type.starts_with("FLOAT") ? "FLOAT" : "INT";
  type = type.substr(0, type.find(':'));
  if (type == "INT" || type == "UINT") type = "N";
  if (type == "FLOAT") type = "X";
  if (type.empty() || type == "TEXT") type = between(option.get_type_name(), '{', '}').empty() ? "VALUE" : "NAME";
  return option.get_items_expected_min() == 0 ? " [" + type + "]" : " " + type;
}

std::string names_of(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += (names.empty() ? "-" : ", -") + name;
  if (names.empty()) names = "    ";
  for (const std::string& name : option.get_lnames())
    names += (names == "    " ? "--" : names.empty() ? "--" : ", --") + name;
  return names + value_of(option);
}

std::string described(const CLI::Option& option) {
  std::string text = option.get_description();
  std::vector<std::string> notes;
  for (const std::string& note : {choices_told(option), range_told(option.get_type_name())}) {
    if (!note.empty()) notes.push_back(note);
  }
  if (option.get_required() && !option.get_positional()) notes.emplace_back("required");
  const std::string& standard = option.get_default_str();
  if (!standard.empty() && standard != "\"\"" && standard != "[]") notes.push_back("default: " + standard);
  return notes.empty() ? text : fmt::format("{} ({})", text, fmt::join(notes, "; "));
}

std::string row(const std::string& name, const std::string& text, int width) {
  const std::string margin(static_cast<size_t>(width), ' ');
  std::string out = "  " + name;
  out += out.size() + 2 > margin.size() ? "\n" + margin : margin.substr(out.size());
  for (const char c : wrapped(text, kHelpColumns - width, 0)) out += c == '\n' ? "\n" + margin : std::string(1, c);
  return out + "\n";
}

bool is_shown(const CLI::App& command) { return !command.get_name().empty() && !command.get_group().empty(); }

std::string command_rows(const std::vector<const CLI::App*>& commands) {
  std::string out;
  for (const CLI::App* command : commands)
    out += row(command->get_name(), first_sentence_line(command->get_description()), kNameColumns);
  return out;
}

std::string grouped_commands(const CLI::App& app) {
  std::string out;
  std::vector<const CLI::App*> left;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (is_shown(*command)) left.push_back(command);
  }
  for (const Group& group : groups()) {
    std::vector<const CLI::App*> here;
    for (const char* name : group.commands) {
      const auto at = std::find_if(left.begin(), left.end(), [&](const auto* c) { return c->get_name() == name; });
      if (at == left.end()) continue;
      here.push_back(*at);
      left.erase(at);
    }
    if (!here.empty()) out += fmt::format("\n{}:\n{}", group.title, command_rows(here));
  }
  return left.empty() ? out : out + "\nOther:\n" + command_rows(left);
}

struct Options {
  std::vector<const CLI::Option*> flags, arguments;
};

Options options_of(const CLI::App& command) {
  Options options;
  const CLI::Option* help = nullptr;
  for (const CLI::Option* option : command.get_options({})) {
    if (option->get_group().empty()) continue;  // hidden
    if (option->get_positional()) options.arguments.push_back(option);
    if (!option->nonpositional()) continue;
    if (option == command.get_help_ptr()) {
      help = option;
    } else {
      options.flags.push_back(option);
    }
  }
  if (help != nullptr) options.flags.push_back(help);
  return options;
}

std::string argument_name(const CLI::Option& option) {
  const std::string name = option.get_name(true);
  return option.get_items_expected_max() > 1 && name.find("...") == std::string::npos ? name + "..." : name;
}

std::string usage(const CLI::App& command, const std::string& path, const Options& options) {
  std::string line = "Usage: " + path;
  if (command.get_parent() == nullptr) return line + " COMMAND [OPTIONS]\n";
  if (!command.get_subcommands({}).empty()) line += " COMMAND";
  if (!options.flags.empty()) line += " [OPTIONS]";
  for (const CLI::Option* option : options.arguments)
    line += option->get_required() ? " " + argument_name(*option) : " [" + argument_name(*option) + "]";
  return wrapped(line, kHelpColumns, 8) + "\n";
}

}  // namespace

std::string wrapped_footer(std::string_view line) {
  if (columns_of(line) <= kHelpColumns) return std::string(line);
  if (!line.starts_with("  ")) return wrapped(line, kHelpColumns, 0);
  const size_t begin = line.find_first_not_of(' ');
  const size_t gap = line.find("   ", begin);
  if (!line.substr(begin).starts_with("ftok ") && line.find(" | ") == std::string_view::npos) {
    const size_t text = gap == std::string_view::npos ? begin : line.find_first_not_of(' ', gap);
    return wrapped(line, kHelpColumns, static_cast<int>(text));
  }
  std::string_view command = line, said;
  if (gap != std::string_view::npos) {
    command = line.substr(0, gap);
    said = line.substr(line.find_first_not_of(" (#", gap));
    if (said.ends_with(')')) said.remove_suffix(1);
  }
  std::string out = said.empty() ? "" : fmt::format("  # {}\n", said);
  const std::string lines = wrapped(command, kHelpColumns - 2, 6);
  for (const char c : lines) out += c == '\n' ? std::string(" \\\n") : std::string(1, c);
  return out;
}

std::string help_text(const CLI::App& command, const std::string& path) {
  const Options options = options_of(command);
  std::string out;
  for (const std::string& line : CLI::detail::split(command.get_description(), '\n'))
    out += wrapped(line, kHelpColumns, 0) + "\n";
  out += "\n" + usage(command, path, options);
  if (command.get_parent() == nullptr) {
    out += grouped_commands(command);
  } else if (std::vector<const CLI::App*> commands =
                 command.get_subcommands([](const CLI::App* c) { return is_shown(*c); });
             !commands.empty()) {
    out += "\nCommands:\n" + command_rows(commands);
  }
  if (!options.arguments.empty()) out += "\nArguments:\n";
  for (const CLI::Option* option : options.arguments)
    out += row(argument_name(*option), described(*option), kFlagColumns);
  if (!options.flags.empty()) out += "\nOptions:\n";
  for (const CLI::Option* option : options.flags) out += row(names_of(*option), described(*option), kFlagColumns);
  if (!command.get_footer().empty()) out += '\n';
  for (const std::string& line : CLI::detail::split(command.get_footer(), '\n')) {
    if (!command.get_footer().empty()) out += wrapped_footer(line) + "\n";
  }
  return out;
}

}  // namespace ftok::cli
