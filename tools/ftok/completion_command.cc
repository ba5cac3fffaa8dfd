// `ftok completion bash|zsh|fish`: a completion script made by walking the parser's own tree of commands and flags, so
// that it cannot say anything the parser does not.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/completion_values.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

struct Flag {
  std::vector<std::string> names;  // "--output", "-o"
  std::string help;                // first line
  bool takes_value = false;
  std::vector<std::string> choices;  // its values, where they are a closed set
  std::vector<std::string> known;    // names that it takes beside a file
};

struct Command {
  std::string path;                                           // "crawl get"; "" for ftok itself
  std::vector<std::pair<std::string, std::string>> children;  // name, help
  std::vector<Flag> flags;
  std::vector<std::string> choices;  // of its positional arguments
  std::vector<std::string> known;    // names that these take beside files
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// CLI11 writes a closed set into the type's name: "TEXT:{warc,wet,wat}".
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{'), close = type.find('}');
  std::vector<std::string> choices;
  if (open == std::string::npos || close == std::string::npos) return choices;
  for (size_t at = open + 1; at < close;) {
    const size_t end = std::min(type.find(',', at), close);
    choices.push_back(type.substr(at, end - at));
    at = end + 1;
  }
  const auto is_plain = [](const std::string& choice) {
    return !choice.empty() &&
           choice.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
               std::string::npos;
  };
  if (!std::all_of(choices.begin(), choices.end(), is_plain)) choices.clear();
  return choices;
}

std::vector<std::string> child_names(const Command& command) {
  std::vector<std::string> names;
  for (const auto& [name, help] : command.children) names.push_back(name);
  return names;
}

void walk(const CLI::App& app, const std::string& path, std::vector<Command>& commands) {
  Command command;
  command.path = path;
  for (const CLI::Option* option : app.get_options({})) {
    if (option->get_group().empty()) continue;  // hidden
    if (option->get_positional()) {
      for (const std::string& choice : choices_of(*option)) command.choices.push_back(choice);
      for (const std::string& value : completion_values(path, option->get_name())) {
        if (std::ranges::find(command.known, value) == command.known.end()) command.known.push_back(value);
      }
      continue;
    }
    Flag flag;
    for (const std::string& name : option->get_lnames()) flag.names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) flag.names.push_back("-" + name);
    flag.help = first_line(option->get_description());
    flag.takes_value = option->get_items_expected_max() > 0;
    flag.choices = choices_of(*option);
    if (!option->get_lnames().empty()) flag.known = completion_values(path, "--" + option->get_lnames().front());
    if (!flag.names.empty()) command.flags.push_back(std::move(flag));
  }
  std::vector<const CLI::App*> children;
  for (const CLI::App* child : app.get_subcommands({})) {
    if (!child->get_name().empty() && !child->get_group().empty()) children.push_back(child);
  }
  for (const CLI::App* child : children)
    command.children.emplace_back(child->get_name(), first_line(child->get_description()));
  if (path == "help") command.choices = child_names(commands.front());
  commands.push_back(std::move(command));
  for (const CLI::App* child : children)
    walk(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), commands);
}

std::string join(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

// "section.key=": the value follows without a space.
bool are_keys(const std::vector<std::string>& words) { return !words.empty() && words.front().ends_with('='); }

// 'text' for a POSIX shell or fish.
std::string quote(const std::string& text, bool fish = false) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += fish ? "\\'" : "'\\''";
    } else if (c == '\\' && fish) {
      out += "\\\\";
    } else {
      out += c;
    }
  }
  return out + "'";
}

// The words of commands, " crawl| crawl get|...", for finding the command a line is at.
std::string all_paths(const std::vector<Command>& commands) {
  std::string paths;
  for (const Command& command : commands) {
    if (!command.path.empty()) paths += (paths.empty() ? "" : "|") + quote(command.path);
  }
  return paths;
}

std::string bash_script(const std::vector<Command>& commands) {
  std::string at_command, at_flag;
  for (const Command& command : commands) {
    std::vector<std::string> flags;
    for (const Flag& flag : command.flags) {
      flags.insert(flags.end(), flag.names.begin(), flag.names.end());
      if (!flag.takes_value) continue;
      std::string patterns;
      for (const std::string& name : flag.names)
        patterns += (patterns.empty() ? "" : "|") + quote(command.path + " " + name);
      const std::string words = flag.choices.empty() ? (flag.known.empty() ? "" : "-W " + quote(join(flag.known)) + " ")
                                                     : "-W " + quote(join(flag.choices));
      at_flag += fmt::format("    {}) {}COMPREPLY=($(compgen {} -- \"$cur\")); return ;;\n", patterns,
                             are_keys(flag.known) ? "compopt -o nospace 2>/dev/null; " : "",
                             flag.choices.empty() && !are_keys(flag.known) ? words + "-f" : words);
    }
    std::vector<std::string> words = child_names(command);
    words.insert(words.end(), command.choices.begin(), command.choices.end());
    words.insert(words.end(), command.known.begin(), command.known.end());
    at_command += fmt::format("    {}) words={} flags={}{} ;;\n", quote(command.path), quote(join(words)),
                              quote(join(flags)), command.known.empty() ? "" : " files=-f");
  }
  return "# bash completion of ftok: source <(ftok completion bash)\n"
         "_ftok() {\n"
         "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  local path= words= flags= files= i next\n"
         "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
         "    next=\"${path:+$path }${COMP_WORDS[i]}\"\n"
         "    case \"$next\" in\n"
         "    " +
         all_paths(commands) +
         ") path=\"$next\" ;;\n"
         "    esac\n"
         "  done\n"
         "  COMPREPLY=()\n"
         "  case \"$path $prev\" in\n" +
         at_flag +
         "  esac\n"
         "  case \"$path\" in\n" +
         at_command +
         "  esac\n"
         "  if [[ \"$cur\" == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))\n"
         "  elif [[ -n \"$words\" ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$words\" $files -- \"$cur\"))\n"
         "  fi\n"
         "}\n"
         "complete -o default -F _ftok ftok\n";
}

// "name:help" for zsh's _describe.
std::string described(const std::string& name, const std::string& help) {
  std::string out;
  for (const char c : name) out += c == ':' ? std::string("\\:") : std::string(1, c);
  return quote(out + ":" + help);
}

std::string zsh_script(const std::vector<Command>& commands) {
  std::string at_command, at_flag;
  for (const Command& command : commands) {
    std::string words, flags;
    for (const auto& [name, help] : command.children) words += " " + described(name, help);
    for (const std::string& choice : command.choices) words += " " + described(choice, "");
    for (const std::string& name : command.known) words += " " + described(name, "");
    for (const Flag& flag : command.flags) {
      for (const std::string& name : flag.names) flags += " " + described(name, flag.help);
      if (!flag.takes_value) continue;
      std::string patterns;
      for (const std::string& name : flag.names)
        patterns += (patterns.empty() ? "" : "|") + quote(command.path + " " + name);
      const std::string known =
          flag.known.empty() ? ""
                             : fmt::format("compadd {}-- {}; ", are_keys(flag.known) ? "-S '' " : "", join(flag.known));
      at_flag += fmt::format("    {}) {}; return ;;\n", patterns,
                             flag.choices.empty() ? known + "_files" : "compadd -- " + join(flag.choices));
    }
    at_command += fmt::format("    {}) commands=({}) flags=({}){} ;;\n", quote(command.path), words, flags,
                              command.known.empty() ? "" : " files=1");
  }
  return "#compdef ftok\n"
         "# zsh completion of ftok: ftok completion zsh > \"${fpath[1]}/_ftok\"\n"
         "_ftok() {\n"
         "  local path_now= next word files=\n"
         "  local -a commands flags\n"
         "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
         "    next=\"${path_now:+$path_now }$word\"\n"
         "    case \"$next\" in\n"
         "    " +
         all_paths(commands) +
         ") path_now=\"$next\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path_now ${words[CURRENT-1]}\" in\n" +
         at_flag +
         "  esac\n"
         "  case \"$path_now\" in\n" +
         at_command +
         "  esac\n"
         "  if [[ \"${words[CURRENT]}\" == -* ]]; then\n"
         "    _describe -o flag flags\n"
         "  elif (( ${#commands} )); then\n"
         "    _describe command commands\n"
         "    [[ -n $files ]] && _files\n"
         "  else\n"
         "    _files\n"
         "  fi\n"
         "}\n"
         "if [[ \"${funcstack[1]}\" == _ftok ]]; then _ftok \"$@\"; else compdef _ftok ftok; fi\n";
}

std::string fish_script(const std::vector<Command>& commands) {
  std::string paths, lines;
  for (const Command& command : commands) {
    const std::string here = "-n " + quote("__ftok_at " + quote(command.path, true), true);
    if (!command.path.empty()) paths += " " + quote(command.path, true);
    if (!command.children.empty()) lines += fmt::format("complete -c ftok {} -f\n", here);
    for (const auto& [name, help] : command.children) {
      lines += fmt::format("complete -c ftok {} -a {} -d {}\n", here, name, quote(help, true));
    }
    if (!command.choices.empty())
      lines += fmt::format("complete -c ftok {} -f -a {}\n", here, quote(join(command.choices), true));
    if (!command.known.empty())
      lines += fmt::format("complete -c ftok {} -F -a {}\n", here, quote(join(command.known), true));
    for (const Flag& flag : command.flags) {
      lines += "complete -c ftok " + here;
      for (const std::string& name : flag.names) {
        const bool is_long = name.starts_with("--");
        lines += (is_long ? " -l " : " -s ") + name.substr(is_long ? 2 : 1);
      }
      if (flag.takes_value) lines += flag.choices.empty() ? " -r -F" : " -x -a " + quote(join(flag.choices), true);
      if (!flag.known.empty()) lines += " -a " + quote(join(flag.known), true);
      lines += " -d " + quote(flag.help, true) + "\n";
    }
  }
  return "# fish completion of ftok: ftok completion fish | source\n"
         "function __ftok_at\n"
         "  set -l here ''\n"
         "  for word in (commandline -opc)[2..-1]\n"
         "    set -l next (string trim -- \"$here $word\")\n"
         "    if contains -- \"$next\"" +
         paths +
         "\n"
         "      set here \"$next\"\n"
         "    end\n"
         "  end\n"
         "  test \"$here\" = \"$argv[1]\"\n"
         "end\n" +
         lines;
}

}  // namespace

void add_completion_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("completion", "Print a script that completes ftok's commands and flags");
  const auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "Shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Examples:\n"
      "  source <(ftok completion bash)\n"
      "  ftok completion zsh > \"${fpath[1]}/_ftok\"\n"
      "  ftok completion fish > ~/.config/fish/completions/ftok.fish");
  command->callback([&app, shell] {
    std::vector<Command> commands;
    walk(app, "", commands);
    print_out(*shell == "bash"  ? bash_script(commands)
              : *shell == "zsh" ? zsh_script(commands)
                                : fish_script(commands));
  });
}

}  // namespace ftok::cli
