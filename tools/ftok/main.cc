// `ftok`: parses the command line, runs one command, turns errors into one line and an exit code: 0 done, 1 the run
// failed, 2 the command line or a recipe is wrong.
#include <fmt/format.h>
#include <oneapi/tbb/global_control.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/run_on_threads.h"
#include "core/shown.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/help.h"
#include "tools/ftok/laid_out.h"
#include "tools/ftok/parse_error.h"
#include "tools/ftok/terminal.h"

namespace {

constexpr char kAbout[] = "ftok: web pages and other texts in, token shards and language models out.";
constexpr int kMisuseExitCode = 2;
constexpr char kFooter[] =
    "`ftok help COMMAND` shows a command's flags and examples. Three commands to begin with:\n"
    "  ftok tokenize book.txt -o shards\n"
    "  ftok train --data shards -o model\n"
    "  ftok generate model";

// A first argument that is not a command.
[[noreturn]] void refuse_command(const CLI::App& app, const std::string& got) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  const std::string nearest = ftok::nearest_name(got, names);
  throw ftok::UsageError("unknown command '" + got + "'" +
                         (nearest.empty() ? "; `ftok --help` lists them" : ", did you mean '" + nearest + "'?"));
}

// What CLI11 would read as another number than was written: it takes -1 for the largest number of a type without a
// sign, what is too large for the largest, and 010 for 8. "" where there is nothing of that kind.
std::string wrong_whole_number(const std::string& text, uint64_t largest, bool has_sign) {
  const size_t digits = text.starts_with('-') ? 1 : 0;
  if (digits == text.size() || text.find_first_not_of("0123456789", digits) != std::string::npos) return "";
  if (text[digits] == '0' && text.size() > digits + 1)
    return fmt::format("got '{}', expected a whole number without zeros in front", text);
  if (has_sign) return "";  // CLI11 refuses what does not fit
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number <= largest) return "";
  return fmt::format("got '{}', expected a whole number from 0{}", text,
                     largest == UINT64_MAX ? "" : fmt::format(" to {}", largest));
}

// Of all flags that take a whole number, which their type says: "N" or the like, or "N:INT in [1 - 9]" of a range.
void check_whole_numbers(CLI::App& app) {
  for (CLI::Option* const option : app.get_options()) {
    const std::string all = option->get_type_name(), type = all.substr(0, all.find(':'));
    if (type != "N" && type != "INT" && type != "UINT" && type != "SEED" && type != "ID") continue;
    if (all.find("FLOAT") != std::string::npos) continue;
    if (option->get_description().find("(K, M, G)") != std::string::npos)
      continue;  // a text until parse_size() reads it
    const bool has_sign = type == "INT" || all.find(":INT") != std::string::npos;
    const uint64_t largest = option->check_lname("threads") ? ftok::kThreadsMax : UINT64_MAX;
    option->check([=](const std::string& text) { return wrong_whole_number(text, largest, has_sign); }, "");
  }
  for (CLI::App* const command : app.get_subcommands([](CLI::App*) { return true; })) check_whole_numbers(*command);
}

int run(int argc, char** argv) {
  CLI::App app(kAbout, "ftok");
  app.set_version_flag("--version", "ftok " FTOK_VERSION);
  app.footer(kFooter);
  app.formatter_fn([](const CLI::App* command, const std::string& path, CLI::AppFormatMode) {
    return ftok::cli::help_text(*command, path);
  });
  app.require_subcommand(0, 1);  // an argument of a command that is named like another command is an argument
  ftok::cli::add_decontaminate_command(app);
  ftok::cli::add_dedup_command(app);
  ftok::cli::add_extract_command(app);
  ftok::cli::add_filter_command(app);
  ftok::cli::add_language_command(app);
  ftok::cli::add_pii_command(app);
  ftok::cli::add_shards_command(app);
  ftok::cli::add_url_command(app);
  ftok::cli::add_optout_command(app);
  ftok::cli::add_encode_command(app);
  ftok::cli::add_decode_command(app);
  ftok::cli::add_vocab_command(app);
  ftok::cli::add_run_command(app);
  ftok::cli::add_job_commands(app);
  ftok::cli::add_submit_command(app);
  ftok::cli::add_remove_ids_command(app);
  ftok::cli::add_card_command(app);
  ftok::cli::add_tokenize_command(app);
  ftok::cli::add_mix_command(app);
  ftok::cli::add_explain_command(app);
  ftok::cli::add_train_command(app);
  ftok::cli::add_generate_command(app);
  ftok::cli::add_chat_command(app);
  ftok::cli::add_reward_command(app);
  ftok::cli::add_rl_command(app);
  ftok::cli::add_probe_command(app);
  ftok::cli::add_eval_command(app);
  ftok::cli::add_model_command(app);
  ftok::cli::add_recipe_command(app);
  ftok::cli::add_crawl_command(app);
  ftok::cli::add_models_command(app);
  ftok::cli::add_version_command(app);
  ftok::cli::add_warc_command(app);
  ftok::cli::add_whatif_command(app);
  ftok::cli::add_completion_command(app);
  ftok::cli::add_help_command(app);
#ifdef FTOK_HAS_VIEW
  ftok::cli::add_view_command(app);
#endif
  check_whole_numbers(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      std::ostringstream text;
      const int code = app.exit(error, text, text);
      ftok::cli::print_out(text.str());
      return code;
    }
    if (app.get_subcommands().empty() && argc > 1 && argv[1][0] != '-') refuse_command(app, argv[1]);
    throw ftok::UsageError(ftok::cli::describe(app, error, argc, argv));
  }
  if (!app.get_subcommands().empty()) return 0;
  std::fputs(app.help().c_str(), stderr);  // a script that gave no command has not got what it wanted
  return kMisuseExitCode;
}

void say(const std::string& message) {
  std::fprintf(stderr, "%s\n",
               ftok::cli::laid_out("ftok: " + ftok::printable(ftok::hide_secrets(message)), stderr).c_str());
}

// Runs `work`, which returns an exit code; says what it throws in one line.
template <typename Work>
int told(const Work& work) {
  try {
    return work();
  } catch (const ftok::Error& error) {
    say(error.what());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    say("out of memory");
  } catch (const std::filesystem::filesystem_error& error) {
    say(fmt::format("cannot use {}: {}", error.path1().string(), error.code().message()));
  } catch (const std::system_error& error) {
    say(fmt::format("the system refuses: {}", error.what()));
  } catch (const std::exception& error) {
    say(fmt::format("internal error: {}", error.what()));
  }
  return 1;
}

// Waits until the threads of TBB have ended. Those that have computed digests then give back what libcrypto gave them;
// its clean-up at exit, which a library may ask for before main, takes it from threads that end later: a segmentation
// fault at the end of a run, once in some thousands.
void end_pool() {
  oneapi::tbb::task_scheduler_handle pool{oneapi::tbb::attach()};
  oneapi::tbb::finalize(pool, std::nothrow);
}

}  // namespace

int main(int argc, char** argv) {
  const int code = told([&] {
    ftok::cli::hold_standard_streams();
    return run(argc, argv);
  });
  end_pool();
  if (code != 0) return code;
  return told([] {
    ftok::cli::finish_output();
    return 0;
  });
}
