// `ftok`: parses the command line, runs one command, turns errors into one line and an exit code: 0 done, 1 the run failed,
// 2 the command line or a recipe is wrong.
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include "core/error.h"
#include "tools/ftok/commands.h"

namespace {

constexpr char kAbout[] =
    "ftok: Common Crawl WARC files in, token shards out.\n"
    "`ftok COMMAND --help` shows a command's flags and examples.";

int run(int argc, char** argv) {
  CLI::App app(kAbout, "ftok");
  app.require_subcommand(1);
  app.set_version_flag("--version", "ftok " FTOK_VERSION);
  app.get_formatter()->column_width(34);
  ftok::cli::add_dedup_command(app);
  ftok::cli::add_extract_command(app);
  ftok::cli::add_filter_command(app);
  ftok::cli::add_shards_command(app);
  ftok::cli::add_encode_command(app);
  ftok::cli::add_decode_command(app);
  ftok::cli::add_vocab_command(app);
  ftok::cli::add_version_command(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::fprintf(stderr, "ftok: %s\n", error.what());
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const ftok::Error& error) {
    std::fprintf(stderr, "ftok: %s\n", error.what());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "ftok: out of memory\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ftok: internal error: %s\n", error.what());
  }
  return 1;
}
