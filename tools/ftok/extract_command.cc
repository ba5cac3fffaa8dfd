// `ftok extract`: the main text of HTML pages.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/json.h"
#include "core/refuse_to_overwrite.h"
#include "core/shown.h"
#include "core/signals.h"
#include "crawl/charset.h"
#include "crawl/decoded_input.h"
#include "crawl/http.h"
#include "crawl/http_stage.h"
#include "crawl/input_format.h"
#include "document/document_fields.h"
#include "document/text_lines.h"
#include "extract/extract.h"
#include "extract/extract_stage.h"
#include "extract/report.h"
#include "pipeline/inputs.h"
#include "pipeline/read_input.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/text_input.h"

namespace ftok::cli {

namespace {

struct ExtractFlags {
  std::vector<std::string> files;
  InputListOptions inputs;
  size_t threads = 0;
  std::string mode = "balanced", html_parser = "ftok", report;
  bool precision = false, recall = false;
  bool json = false, jsonl = false, metadata = false, markdown = false, title = false, comments = false, links = false,
       images = false;
};

constexpr char kExamples[] =
    "Examples:\n"
    "  ftok extract page.html\n"
    "  curl -s https://example.org/ | ftok extract --metadata\n"
    "  ftok extract --jsonl --precision a.html b.html > texts.jsonl\n"
    "  ftok extract page.html --report report.html > text.txt\n"
    "  ftok extract crawl/*.warc.gz --jsonl | head -n 1";

constexpr size_t kPageMax = size_t{256} << 20;

std::string read_bytes(const std::string& path) {
  const std::unique_ptr<ByteSource> source = open_input(path, {});
  std::string page;
  for (;;) {
    const size_t before = page.size();
    page.resize(before + (size_t{1} << 16));
    page.resize(before + source->read(page.data() + before, size_t{1} << 16));
    if (page.size() == before) return page;
    if (page.size() > kPageMax) throw Error(fmt::format("{}: larger than {} bytes", path, kPageMax));
  }
}

// The page as a browser would get it: what is compressed is decoded, and anything but a page is refused by name.
std::string read_page(const std::string& path) {
  std::string page = read_bytes(path);
  if (const std::string_view coding = coding_by_magic(page); !coding.empty()) {
    std::string decoded;
    const ContentDecoded result = decode_content(coding, page, kPageMax, decoded);
    if (result.kind == ContentDecoded::Kind::kDecoded || result.kind == ContentDecoded::Kind::kTruncated)
      page = std::move(decoded);
  }
  refuse_no_page(path, page, "its texts are extracted: `ftok filter` and `ftok tokenize` read them");
  return page;
}

void append_metadata(JsonWriter& json, const html::Metadata& metadata) {
  json.field("title", metadata.title).field("author", metadata.author).field("published", metadata.published);
  json.field("site", metadata.site).field("html_language", metadata.html_language);
  json.field("canonical_url", metadata.canonical_url).field("description", metadata.description);
  if (metadata.license.empty()) return;
  json.field("license", metadata.license).field("license_source", metadata.license_source);
}

void print_fields(const html::Metadata& metadata) {
  const std::pair<const char*, const std::string*> fields[] = {{"title", &metadata.title},
                                                               {"author", &metadata.author},
                                                               {"published", &metadata.published},
                                                               {"site", &metadata.site},
                                                               {"html_language", &metadata.html_language},
                                                               {"canonical_url", &metadata.canonical_url},
                                                               {"description", &metadata.description},
                                                               {"license", &metadata.license},
                                                               {"license_source", &metadata.license_source}};
  for (const auto& [name, value] : fields) {
    if (!value->empty()) print("{}: {}\n", name, printable(*value));
  }
}

std::string to_json(const std::string& file, const ExtractResult& page, bool indented) {
  JsonWriter json(indented);
  json.begin_object()
      .field("id", shown_input(file))
      .field("url", page.metadata.canonical_url)
      .field("file", shown_input(file))
      .field("text", page.text);
  append_metadata(json, page.metadata);
  if (page.drop_reason != nullptr) json.field("dropped", page.drop_reason).field("detail", page.detail);
  json.field("steps", page.steps).field("arena_bytes", page.arena_bytes).end_object();
  return json.take();
}

void print_page(const std::string& file, const ExtractResult& page, const ExtractFlags& flags) {
  if (flags.jsonl || flags.json) {
    print("{}\n", to_json(file, page, flags.json && !flags.jsonl));
    return;
  }
  if (page.drop_reason != nullptr) {
    note("ftok: {}: no text: {}{}{}\n", file == "-" ? "standard input" : file, page.drop_reason,
         *page.detail == '\0' ? "" : ", ", page.detail);
  }
  if (flags.metadata) {
    print_fields(page.metadata);
    if (!page.text.empty()) print("\n");
  }
  if (!page.text.empty()) put_text(page.text + "\n");
}

// The page in UTF-8, by its byte-order mark, <meta> or looks.
std::string to_utf8(const std::string& page) {
  std::string out;
  decode_text(choose_charset(page, "").encoding, page, out);
  return out;
}

// One object per kept page: "id", "url", "text" and the page's own fields.
std::string to_json(const Document& document) {
  JsonWriter json;
  json.begin_object();
  write_document_fields(json, document, kInPageLine);
  json.end_object();
  return json.take() + "\n";
}

// Whether a FILE is an archive of pages: by its name, or by its first bytes where it can be read twice.
bool is_archive_file(const std::string& file) {
  std::error_code code;
  if (is_named_archive(file) && (is_address(file) || std::filesystem::exists(file, code))) return true;
  if (!std::filesystem::is_regular_file(file, code)) return false;
  constexpr size_t kEnough = 16;
  const std::unique_ptr<DecodedInput> input = make_decoded_input(open_input(file, {}));
  while (input->window().size() < kEnough && input->grow()) {
  }
  return begins_archive(input->window());
}

// What FILE stands for: itself, or where it is a glob in quotes and no file, what matches.
std::vector<std::string> files_of(const std::string& file) {
  std::error_code code;
  if (file.find_first_of("*?[") == std::string::npos || std::filesystem::exists(file, code)) return {file};
  return list_inputs({.inputs = {file}, .input_lists = {}, .slice = {}});
}

// The pages of archives in order, no filters. A page without text has no line; how many there were is said at the end.
class ArchivePages {
 public:
  ArchivePages(const ExtractOptions& options, size_t threads) : threads_(threads) {
    plan_.stages.push_back(std::make_unique<HttpStage>(HttpOptions{}));
    plan_.stages.push_back(std::make_unique<ExtractStage>(options));
    catch_stop_signals();
  }

  void print(const std::string& input) {
    total_.add(visit_input_with_threads(input, plan_, threads_, log_, [](Item& item) {
                 take_layout(item.document);
                 if (item.verdict.kept()) print_out(to_json(item.document));
               }).tally);
  }

  void print_drops() const {
    for (const auto& [reason, count] : total_.dropped)
      log_(LogLevel::kInfo, fmt::format("{} pages without a line: {}", count, reason));
  }

 private:
  const size_t threads_;
  const Log log_ = stderr_log();
  Plan plan_;
  Tally total_;
};

// All that was named: archives and pages, in this order.
void extract_all(const ExtractFlags& flags, const ExtractOptions& options, const std::vector<std::string>& files,
                 const std::vector<std::string>& inputs) {
  if (!flags.jsonl) {
    throw UsageError(inputs.empty() ? "extract: an archive of pages needs --jsonl, one JSON object per page"
                                    : "--input: needs --jsonl, one JSON object per page");
  }
  if (!flags.report.empty()) throw UsageError("--report: shows one page, got an archive");
  ArchivePages archives(options, flags.threads);
  for (const std::string& input : inputs) archives.print(input);
  for (const std::string& file : files) {
    if (is_archive_file(file)) archives.print(file);
    else print_page(file, extract(to_utf8(read_page(file)), options), flags);
  }
  archives.print_drops();
}

void run_extract(const ExtractFlags& flags) {
  ExtractOptions options;
  options.mode = flags.precision ? "precision" : flags.recall ? "recall" : flags.mode;
  options.html_parser = flags.html_parser;
  options.markdown = flags.markdown;
  options.title = flags.title;
  options.comments = flags.comments;
  options.links = flags.links;
  options.images = flags.images;
  const bool from_inputs = !flags.inputs.inputs.empty() || !flags.inputs.input_lists.empty();
  std::vector<std::string> files;
  for (const std::string& named : flags.files) {
    const std::vector<std::string> found = files_of(named);
    files.insert(files.end(), found.begin(), found.end());
  }
  if (from_inputs || std::any_of(files.begin(), files.end(), is_archive_file))
    return extract_all(flags, options, files, from_inputs ? list_inputs(flags.inputs) : std::vector<std::string>());
  if (files.size() > 1 && !flags.jsonl) throw UsageError("extract: more than one FILE needs --jsonl");
  if (files.empty()) files.emplace_back("-");
  if (!flags.report.empty() && files.size() > 1) throw UsageError("--report: shows one page, got more than one FILE");
  refuse_to_overwrite("--report", flags.report, files);
  for (const std::string& file : files) {
    const std::string page = to_utf8(read_page(file));
    print_page(file, extract(page, options), flags);
    if (!flags.report.empty())
      write_output(flags.report, report_extraction(page, file == "-" ? "standard input" : file, options));
  }
}

}  // namespace

void add_extract_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("extract", "Print the main text of HTML pages");
  auto flags = std::make_shared<ExtractFlags>();
  command->add_option("FILE", flags->files,
                      "HTML page, or with --jsonl a WARC file or address; standard input without it");
  command->add_option("--input", flags->inputs.inputs, "WARC file, glob or address; repeatable")
      ->allow_extra_args(false);
  command->add_option("--input-list", flags->inputs.input_lists, "File with one input per line; - reads standard input")
      ->allow_extra_args(false);
  command->add_option("-j,--threads", flags->threads, "threads for archives; 0: all cores")->capture_default_str();
  command->add_option("--mode", flags->mode, "balanced, precision or recall")
      ->check(CLI::IsMember({"balanced", "precision", "recall"}));
  CLI::Option* precision = command->add_flag("--precision", flags->precision, "the same as --mode precision");
  command->add_flag("--recall", flags->recall, "the same as --mode recall")->excludes(precision);
  command->add_option("--html-parser", flags->html_parser, "ftok or gumbo")->check(CLI::IsMember({"ftok", "gumbo"}));
  command->add_flag("--title", flags->title, "keep the page's title heading in the text; --markdown always does");
  command->add_flag("--comments", flags->comments, "keep readers' comments");
  command->add_flag("--links", flags->links, "write a link's address after its text");
  command->add_flag("--images", flags->images, "write images' alternative texts");
  command->add_flag("--markdown", flags->markdown, "lay the text out as Markdown");
  command->add_flag("--metadata", flags->metadata, "print the page's own fields first");
  command
      ->add_option("--report", flags->report,
                   "write a web page to FILE that shows what was kept, what was dropped and why")
      ->type_name("FILE");
  command->add_flag("--json", flags->json, "one JSON object, fields and counters included");
  command->add_flag(
      "--jsonl", flags->jsonl,
      "one JSON object per page and line: id (the FILE), url (the canonical one), text, the page's fields");
  command->footer(kExamples);
  command->callback([flags] { run_extract(*flags); });
}

}  // namespace ftok::cli
