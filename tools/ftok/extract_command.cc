// `ftok extract`: the main text of HTML pages.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/json.h"
#include "extract/extract.h"
#include "tools/ftok/commands.h"

namespace ftok::cli {

namespace {

struct ExtractFlags {
  std::vector<std::string> files;
  std::string mode = "balanced", html_parser = "ftok";
  bool precision = false, recall = false;
  bool json = false, jsonl = false, metadata = false, markdown = false, comments = false, links = false, images = false;
};

constexpr char kExamples[] =
    "Examples:\n"
    "  ftok extract page.html\n"
    "  curl -s https://example.org/ | ftok extract --metadata\n"
    "  ftok extract --jsonl --precision a.html b.html > texts.jsonl";

std::string read_page(const std::string& path) {
  constexpr size_t kPageMax = size_t{256} << 20;
  const std::unique_ptr<ByteSource> source = open_file_source(path);
  std::string page;
  for (;;) {
    const size_t before = page.size();
    page.resize(before + (size_t{1} << 16));
    page.resize(before + source->read(page.data() + before, size_t{1} << 16));
    if (page.size() == before) return page;
    if (page.size() > kPageMax) throw Error(fmt::format("{}: larger than {} bytes", path, kPageMax));
  }
}

void append_metadata(JsonWriter& json, const html::Metadata& metadata) {
  json.field("title", metadata.title).field("author", metadata.author).field("published", metadata.published);
  json.field("site", metadata.site).field("html_language", metadata.html_language);
  json.field("canonical_url", metadata.canonical_url).field("description", metadata.description);
}

void print_fields(const html::Metadata& metadata) {
  const std::pair<const char*, const std::string*> fields[] = {
      {"title", &metadata.title},
      {"author", &metadata.author},
      {"published", &metadata.published},
      {"site", &metadata.site},
      {"html_language", &metadata.html_language},
      {"canonical_url", &metadata.canonical_url},
      {"description", &metadata.description}};
  for (const auto& [name, value] : fields) {
    if (!value->empty()) fmt::print("{}: {}\n", name, *value);
  }
}

std::string to_json(const std::string& file, const ExtractResult& page, bool indented) {
  JsonWriter json(indented);
  json.begin_object().field("file", file).field("text", page.text);
  append_metadata(json, page.metadata);
  if (page.drop_reason != nullptr) json.field("dropped", page.drop_reason).field("detail", page.detail);
  json.field("steps", page.steps).field("arena_bytes", page.arena_bytes).end_object();
  return json.take();
}

void print_page(const std::string& file, const ExtractResult& page, const ExtractFlags& flags) {
  if (flags.jsonl || flags.json) {
    fmt::print("{}\n", to_json(file, page, flags.json && !flags.jsonl));
    return;
  }
  if (page.drop_reason != nullptr) {
    fmt::print(stderr, "ftok: {}: {} {}\n", file, page.drop_reason, page.detail);
  }
  if (flags.metadata) {
    print_fields(page.metadata);
    if (!page.text.empty()) fmt::print("\n");
  }
  if (!page.text.empty()) fmt::print("{}\n", page.text);
}

void run_extract(const ExtractFlags& flags) {
  ExtractOptions options;
  options.mode = flags.precision ? "precision" : flags.recall ? "recall" : flags.mode;
  options.html_parser = flags.html_parser;
  options.markdown = flags.markdown;
  options.comments = flags.comments;
  options.links = flags.links;
  options.images = flags.images;
  if (flags.files.size() > 1 && !flags.jsonl) {
    throw UsageError("extract: more than one FILE needs --jsonl");
  }
  const std::vector<std::string> files = flags.files.empty() ? std::vector<std::string>{"-"} : flags.files;
  for (const std::string& file : files) {
    print_page(file, extract(read_page(file), options), flags);
  }
}

}  // namespace

void add_extract_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("extract", "Print the main text of HTML pages");
  auto flags = std::make_shared<ExtractFlags>();
  command->add_option("FILE", flags->files, "HTML in UTF-8; standard input without it");
  command->add_option("--mode", flags->mode, "balanced, precision or recall")
      ->check(CLI::IsMember({"balanced", "precision", "recall"}));
  CLI::Option* precision = command->add_flag("--precision", flags->precision, "the same as --mode precision");
  command->add_flag("--recall", flags->recall, "the same as --mode recall")->excludes(precision);
  command->add_option("--html-parser", flags->html_parser, "ftok or gumbo")->check(CLI::IsMember({"ftok", "gumbo"}));
  command->add_flag("--comments", flags->comments, "keep readers' comments");
  command->add_flag("--links", flags->links, "write a link's address after its text");
  command->add_flag("--images", flags->images, "write images' alternative texts");
  command->add_flag("--markdown", flags->markdown, "lay the text out as Markdown");
  command->add_flag("--metadata", flags->metadata, "print the page's own fields first");
  command->add_flag("--json", flags->json, "one JSON object, fields and counters included");
  command->add_flag("--jsonl", flags->jsonl, "one JSON object a line and FILE");
  command->footer(kExamples);
  command->callback([flags] { run_extract(*flags); });
}

}  // namespace ftok::cli
