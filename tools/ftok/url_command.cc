// `ftok url check`: what the URL stage says of URLs, and which list says so.
#include <fmt/format.h>

#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/shown.h"
#include "core/text_file.h"
#include "filters/url.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

constexpr char kUrlExamples[] = R"(Examples:
  ftok url check --lists ut1/adult --hard-words words.txt https://example.com/page
  ftok url check --lists ut1 --json - < urls.txt
A folder of UT1 holds `domains` and `urls`, or such folders. Exit 0 whatever the verdicts.)";

struct UrlArguments {
  UrlOptions options;
  std::vector<std::string> urls;
  bool json = false;
};

void report_lists(const UrlStage& stage, const Log& log) {
  for (const UrlListReport& list : stage.lists().reports()) {
    if (list.missing) log(LogLevel::kWarning, fmt::format("{}: no such list; it matches nothing", list.path));
  }
}

void check(const UrlStage& stage, const std::string& url, bool json) {
  Document document;
  document.url = url;
  const Verdict verdict = stage.process(document);
  const std::string list = verdict.kept() ? std::string() : stage.list_of(verdict);
  if (json) {
    JsonWriter writer;
    writer.begin_object().field("url", url).field("outcome", verdict.kept() ? "keep" : "drop");
    writer.field("registered_domain", stage.public_suffixes().registered_domain(host_of_url(url)));
    if (!verdict.kept()) writer.field("reason", verdict.reason).field("match", verdict.detail).field("list", list);
    print_out(writer.end_object().take() + "\n");
    return;
  }
  const std::string because = verdict.kept() ? std::string()
                              : list.empty() ? fmt::format("\t{}\t{}", verdict.reason.view(), verdict.detail)
                                             : fmt::format("\t{}\t{}\t{}", verdict.reason.view(), verdict.detail, list);
  print_out(fmt::format("{}\t{}{}\n", verdict.kept() ? "keep" : "drop", shown_field(url), because));
}

// The lines of standard input, whoever wrote them: a byte-order mark and carriage returns are no part of an address.
void check_lines(const UrlStage& stage, bool json) {
  bool is_first = true;
  for (std::string line; std::getline(std::cin, line); is_first = false) {
    const bool is_utf16 = is_first && (line.starts_with("\xFF\xFE") || line.starts_with("\xFE\xFF"));
    if (is_utf16) throw Error("standard input is text in UTF-16: convert it to UTF-8 first (iconv)");
    std::string decoded;
    std::string_view url = is_first ? text_of_list(line, "standard input", decoded) : line;
    if (url.ends_with('\r')) url.remove_suffix(1);
    check(stage, std::string(url), json);
  }
}

}  // namespace

void add_url_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("url", "Judge URLs by the lists of the URL stage");
  command->require_subcommand(1);
  CLI::App* checked = command->add_subcommand("check", "Say for each URL: keep or drop, which rule, which list");
  const auto arguments = std::make_shared<UrlArguments>();
  UrlOptions& options = arguments->options;
  checked->add_option("URL", arguments->urls, "URLs; \"-\" reads one per line from standard input")->required();
  checked->add_option("--lists", options.lists, "folder in UT1's layout")->expected(1)->allow_extra_args(false);
  checked->add_option("--domains", options.domain_lists, "plain list of domains")->expected(1)->allow_extra_args(false);
  checked->add_option("--urls", options.url_lists, "plain list of URLs")->expected(1)->allow_extra_args(false);
  checked->add_option("--hard-words", options.hard_word_lists, "plain list of words; one of them drops a URL")
      ->expected(1)
      ->allow_extra_args(false);
  checked->add_option("--soft-words", options.soft_word_lists, "plain list of words; two of them drop a URL")
      ->expected(1)
      ->allow_extra_args(false);
  checked->add_option("--substrings", options.substring_lists, "plain list of substrings")
      ->expected(1)
      ->allow_extra_args(false);
  checked->add_flag("--addresses", options.match_addresses, "match IP addresses against the domain lists too");
  checked->add_flag("--without-scheme", options.urls_without_scheme,
                    "match URLs without http:// against the URL lists too");
  checked->add_flag("--json", arguments->json, "print one JSON object per URL");
  checked->footer(kUrlExamples);
  checked->callback([arguments] {
    const UrlStage stage(arguments->options);
    report_lists(stage, stderr_log());
    for (const std::string& url : arguments->urls) {
      if (url != "-") {
        check(stage, url, arguments->json);
        continue;
      }
      check_lines(stage, arguments->json);
    }
  });
}

}  // namespace ftok::cli
