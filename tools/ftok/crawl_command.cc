// `ftok crawl list | paths | get`: what Common Crawl has, and fetching it politely to files.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/amounts.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/live_area.h"
#include "core/shown.h"
#include "core/text_file.h"
#include "crawl/commoncrawl.h"
#include "crawl/decoded_input.h"
#include "crawl/download.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/fetch_flags.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

constexpr uint64_t kListBytesMax = 1u << 30;

struct CrawlFlags {
  FetchFlags fetch;
  std::string base_url;
  bool json = false;
  // paths
  std::string crawl, kind = "warc";
  int64_t sample = 0;
  uint64_t seed = 0;
  bool urls = false;
  // get
  std::vector<std::string> inputs, input_lists;
  std::string output;
  bool flat = false, quiet = false;
  size_t limit = 0;

  CrawlSite site() const {
    CrawlSite site;
    if (base_url.empty()) return site;
    if (!is_http_url(base_url))
      throw UsageError("--base-url: got '" + shown_input(base_url) + "', expected an http or https URL");
    std::string url = base_url;
    while (url.ends_with('/')) url.pop_back();
    site.index_url = site.data_url = url;
    return site;
  }
};

void run_list(const CrawlFlags& flags) {
  const auto crawls = list_crawls(flags.site(), flags.fetch.options(), stderr_log());
  std::string out;
  if (flags.json) {
    JsonWriter json(true);
    json.begin_array();
    for (const Crawl& crawl : crawls) {
      json.begin_object()
          .field("id", crawl.id)
          .field("name", crawl.name)
          .field("from", crawl.from)
          .field("to", crawl.to);
      json.end_object();
    }
    out = json.end_array().text() + "\n";
  } else {
    for (const Crawl& crawl : crawls) {
      out += fmt::format("{:<20} {:<10} {:<10} {}\n", crawl.id, crawl.from.substr(0, 10), crawl.to.substr(0, 10),
                         crawl.name);
    }
  }
  flags.json ? print_out(out) : print_report(out);
}

void run_paths(const CrawlFlags& flags) {
  const CrawlSite site = flags.site();
  const FetchOptions options = flags.fetch.options();
  const Log log = stderr_log();
  const std::string crawl = flags.crawl == "latest" ? list_crawls(site, options, log).front().id : flags.crawl;
  std::vector<std::string> paths = list_paths(site, crawl, flags.kind, options, log);
  if (flags.sample > 0) paths = sample_paths(std::move(paths), static_cast<size_t>(flags.sample), flags.seed);
  std::string out;
  for (const std::string& path : paths) out += (flags.urls ? url_of_input(site, path) : path) + "\n";
  print_text(out);
}

// One download of `ftok crawl get`.
struct Wanted {
  std::string url, path;
};

std::vector<std::string> read_input_list(const std::string& path) {
  const auto input = make_decoded_input(open_file_source(path));
  std::string text;
  while (input->grow()) {
    text += input->window();
    input->consume(input->window().size());
    if (text.size() > kListBytesMax) throw Error("cannot read " + path + ": larger than 1 GiB");
  }
  if (const auto damage = input->take_damage(); !damage.empty()) {
    throw Error(fmt::format("cannot read {}: {} at byte {}", path, damage[0].code.view(), damage[0].offset));
  }
  std::string decoded;
  return parse_input_list(text_of_list(text, path, decoded));
}

std::vector<Wanted> wanted(const CrawlFlags& flags) {
  const CrawlSite site = flags.site();
  std::vector<std::string> inputs = flags.inputs;
  for (const std::string& list : flags.input_lists) {
    for (std::string& line : read_input_list(list)) inputs.push_back(std::move(line));
  }
  if (flags.limit > 0 && inputs.size() > flags.limit) inputs.resize(flags.limit);
  if (inputs.empty()) throw UsageError("nothing to get: give URLs or paths, or --input-list FILE");
  std::vector<Wanted> all;
  std::set<std::string> urls, names;
  for (const std::string& input : inputs) {
    const std::string url = url_of_input(site, input);
    if (!urls.insert(url).second) continue;
    const std::string name = local_name(url, flags.flat);
    if (!names.insert(name).second)
      throw UsageError("two inputs would be stored as " + name + (flags.flat ? "; leave out --flat" : ""));
    all.push_back({url, flags.output + "/" + name});
  }
  return all;
}

// What became of the downloads so far, and the lines that tell it. Thread-safe.
class Board {
 public:
  Board(size_t files, bool quiet, bool json) : files_(files), json_(json), quiet_(quiet) {}

  Log log() {
    return [this](LogLevel level, const std::string& message) {
      std::lock_guard lock(mutex_);
      area_.erase();
      stderr_log()(level, message);
    };
  }

  void add_bytes(uint64_t bytes) {
    bytes_ += bytes;
    if (quiet_ || !area_.is_terminal()) return;
    std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (now - drawn_at_ < std::chrono::milliseconds(200)) return;
    drawn_at_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const auto got = static_cast<double>(bytes_);
    area_.draw({fmt::format("{} of {} files, {}, {}/s", done_, files_, bytes_text(got),
                            bytes_text(got / std::max(seconds, 1e-3)))});
  }

  void finish(const Wanted& file, const DownloadResult& result) {
    std::lock_guard lock(mutex_);
    area_.erase();
    ++done_;
    if (json_) {
      JsonWriter json;
      json.begin_object()
          .field("url", shown_input(file.url))
          .field("path", escape_bytes(file.path))
          .field("bytes", result.receipt.bytes);
      json.field("sha256", result.receipt.sha256).field("was_there", result.was_there);
      json.field("resumed_from", result.resumed_from).end_object();
      print_out(json.text() + "\n");
    } else {
      print_text(file.path + "\n");
    }
    if (quiet_) return;
    const std::string how = result.was_there          ? "already there"
                            : result.resumed_from > 0 ? fmt::format("fetched from byte {} on", result.resumed_from)
                                                      : "fetched";
    std::fprintf(stderr, "ftok: [%zu/%zu] %s: %s, %.1f MB\n", done_, files_, file.path.c_str(), how.c_str(),
                 static_cast<double>(result.receipt.bytes) / 1e6);
  }

  void fail(const std::string& why) {
    std::lock_guard lock(mutex_);
    area_.erase();
    ++failed_;
    std::fprintf(stderr, "ftok: error: %s\n", printable(hide_secrets(why)).c_str());
  }

  size_t failed() const { return failed_; }

 private:
  using Clock = std::chrono::steady_clock;

  const size_t files_;
  const bool json_, quiet_;
  std::mutex mutex_;
  LiveArea area_{stderr};
  std::atomic<uint64_t> bytes_{0};
  size_t done_ = 0;
  std::atomic<size_t> failed_{0};
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_at_;
};

void run_get(const CrawlFlags& flags) {
  const std::vector<Wanted> files = wanted(flags);
  const FetchOptions options = flags.fetch.options();
  make_folder(flags.output);
  Board board(files.size(), flags.quiet, flags.json);
  const Log log = board.log();
  std::atomic<size_t> next{0};
  std::exception_ptr bug;
  std::mutex bug_mutex;
  const auto work = [&] {
    for (size_t i = next++; i < files.size(); i = next++) {
      try {
        uint64_t before = 0;
        const DownloadResult result =
            download_file(files[i].url, files[i].path, options, log, [&](uint64_t bytes, uint64_t) {
              board.add_bytes(bytes >= before ? bytes - before : 0);
              before = bytes;
            });
        board.finish(files[i], result);
      } catch (const Error& error) {
        board.fail(error.what());
      } catch (...) {
        std::lock_guard lock(bug_mutex);
        bug = std::current_exception();
        next = files.size();
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    const size_t count = std::min<size_t>(files.size(), static_cast<size_t>(flags.fetch.connections));
    for (size_t i = 0; i < count; ++i) workers.emplace_back(work);
  }
  if (bug != nullptr) std::rethrow_exception(bug);
  if (board.failed() > 0) {
    throw Error(fmt::format("{} of {} files could not be fetched; the same command continues with them", board.failed(),
                            files.size()));
  }
}

void add_shared_flags(CLI::App& command, const std::shared_ptr<CrawlFlags>& flags) {
  flags->fetch.add_to(command);
  command.add_option("--base-url", flags->base_url, "Another server with Common Crawl's layout (a mirror)");
}

}  // namespace

void add_crawl_command(CLI::App& app) {
  CLI::App* crawl = app.add_subcommand("crawl", "List Common Crawl's crawls and files, and fetch them");
  crawl->require_subcommand(1);
  crawl->footer(
      "Examples:\n"
      "  ftok crawl list\n"
      "  ftok crawl paths CC-MAIN-2024-22 --sample 100 --seed 1 > paths.txt\n"
      "  ftok crawl get --input-list paths.txt --output crawl --contact me@example.org");

  const auto flags = std::make_shared<CrawlFlags>();
  CLI::App* list = crawl->add_subcommand("list", "List the crawls, newest first");
  list->add_flag("--json", flags->json, "Print a JSON array");
  add_shared_flags(*list, flags);
  list->callback([flags] { run_list(*flags); });

  CLI::App* paths = crawl->add_subcommand("paths", "List the files of a crawl, sorted, or a sample of them");
  paths->add_option("CRAWL", flags->crawl, "Name of a crawl, such as CC-MAIN-2024-22, or `latest`")->required();
  paths->add_option("--kind", flags->kind, "Kind of file")
      ->check(CLI::IsMember({"warc", "wet", "wat"}))
      ->capture_default_str();
  paths
      ->add_option("--sample", flags->sample,
                   "Only this many, chosen by --seed; a larger sample includes the smaller ones")
      ->check(CLI::PositiveNumber);
  paths->add_option("--seed", flags->seed, "Seed of the sample")->capture_default_str();
  paths->add_flag("--urls", flags->urls, "Print whole URLs");
  add_shared_flags(*paths, flags);
  paths->callback([flags] { run_paths(*flags); });

  CLI::App* get =
      crawl->add_subcommand("get", "Fetch files, resuming what an earlier command left; prints their paths");
  get->add_option("INPUT", flags->inputs, "URLs, s3://commoncrawl/... or paths of a crawl");
  get->add_option("--input-list", flags->input_lists,
                  "File with one input per line, plain, .gz or .zst; - is standard input")
      ->allow_extra_args(false);
  get->add_option("-o,--output", flags->output, "Folder to store them in")->required();
  get->add_flag("--flat", flags->flat, "Store under the last part of the path only");
  get->add_option("--limit", flags->limit, "Only the first N inputs");
  get->add_flag("--json", flags->json, "Print one JSON object per file");
  get->add_flag("-q,--quiet", flags->quiet, "No progress on standard error");
  add_shared_flags(*get, flags);
  get->footer(
      "A file is complete or absent. Beside it is NAME.receipt.json with its SHA-256; while it is fetched, "
      "NAME.part.\n"
      "docs/crawling.md says how failures are handled.");
  get->callback([flags] { run_get(*flags); });
}

}  // namespace ftok::cli
