#include "crawl/source.h"

#include <string_view>

#include "core/error.h"
#include "crawl/ascii.h"
#include "crawl/charset.h"
#include "crawl/decoded_input.h"
#include "crawl/json_lines.h"
#include "crawl/sources/text_source.h"
#include "crawl/warc_source.h"

namespace ftok {
namespace {

constexpr size_t kLookBytes = 4096;  // decoded bytes a format is told from

bool named_as_archive(std::string_view name) {
  const size_t query = name.find('?');
  const std::string file = lower_ascii(name.substr(0, query).substr(name.substr(0, query).rfind('/') + 1));
  for (const std::string_view part : {".warc", ".arc", ".wet", ".wat"}) {
    const size_t at = file.find(part);
    if (at == std::string::npos) continue;
    const size_t end = at + part.size();
    if (end == file.size() || file[end] == '.') return true;
  }
  return false;
}

// "warc", "jsonl" or "text"; throws when the bytes are none of them.
std::string_view format_of(const DecodedInput& input) {
  std::string_view start = input.window().substr(0, kLookBytes);
  if (start.starts_with("\xEF\xBB\xBF")) start.remove_prefix(3);
  start = trim(start);
  if (start.empty() || start.starts_with("WARC/") || start.starts_with("filedesc:")) return "warc";
  std::string ignored;
  const bool cut = input.window().size() > kLookBytes;  // perhaps inside a character: that is no fault
  const bool text = start.find('\0') == std::string_view::npos && decode_utf8_text(start, ignored) <= (cut ? 1U : 0U);
  if (named_as_archive(input.name())) {
    // A damaged archive is searched for its records; an error page or a list of paths under its name is a failed input.
    if (!text || start.find("WARC") != std::string_view::npos) return "warc";
    throw Error(input.name() + " is no WARC: it begins with \"" +
                std::string(start.substr(0, start.find_first_of("\r\n")).substr(0, 80)) + "\"");
  }
  if (start.starts_with('{')) return "jsonl";
  if (start.find("\nWARC/1.") != std::string_view::npos) return "warc";
  if (text) return "text";
  throw Error(input.name() + " is neither WARC, ARC, WET, JSONL nor UTF-8 text (say --format to read it all the same)");
}

}  // namespace

std::string dump_of(const std::string& path) {
  static constexpr std::string_view kPrefix = "CC-MAIN-";
  for (size_t at = path.find(kPrefix); at != std::string::npos; at = path.find(kPrefix, at + 1)) {
    const std::string_view rest = std::string_view(path).substr(at + kPrefix.size());
    // YYYY-WW and no digit behind: file names hold CC-MAIN-20240523... too.
    if (rest.size() < 7 || rest[4] != '-' || (rest.size() > 7 && is_digit(rest[7]))) continue;
    bool digits = true;
    for (const size_t i : {0, 1, 2, 3, 5, 6}) digits = digits && is_digit(rest[i]);
    if (digits) return path.substr(at, kPrefix.size() + 7);
  }
  return {};
}

namespace {

// The decoded input, its format and the options with the input's name filled in.
struct Opened {
  std::unique_ptr<DecodedInput> input;
  std::string format;
  SourceOptions options;
};

Opened open(std::unique_ptr<ByteSource> bytes, const SourceOptions& options) {
  Opened opened{nullptr, options.format, options};
  if (opened.options.file_path.empty()) opened.options.file_path = bytes->name();
  if (opened.options.dump.empty()) opened.options.dump = dump_of(opened.options.file_path);
  opened.input = make_decoded_input(std::move(bytes));
  if (opened.format == "auto") {
    while (opened.input->window().size() < kLookBytes && opened.input->grow()) {
    }
    opened.format = format_of(*opened.input);
  }
  return opened;
}

std::unique_ptr<Source> source_of(Opened opened) {
  if (opened.format == "jsonl") return make_jsonl_source(std::move(opened.input), opened.options);
  if (opened.format == "text") return make_plain_text_source(std::move(opened.input), opened.options);
  if (opened.format == "warc" || opened.format == "wet")
    return make_warc_source(std::move(opened.input), opened.options);
  throw UsageError("format: expected auto, warc, wet, jsonl or text, got " + opened.format);
}

}  // namespace

std::unique_ptr<Source> make_source(std::unique_ptr<ByteSource> bytes, const SourceOptions& options) {
  return source_of(open(std::move(bytes), options));
}

LinesOrRecords::LinesOrRecords() = default;
LinesOrRecords::~LinesOrRecords() = default;
LinesOrRecords::LinesOrRecords(LinesOrRecords&&) noexcept = default;
LinesOrRecords& LinesOrRecords::operator=(LinesOrRecords&&) noexcept = default;

LinesOrRecords open_lines_or_records(std::unique_ptr<ByteSource> bytes, const SourceOptions& options) {
  Opened opened = open(std::move(bytes), options);
  LinesOrRecords result;
  if (opened.format == "jsonl") {
    result.lines =
        std::make_unique<JsonLineReader>(std::move(opened.input), static_cast<uint64_t>(options.record_bytes_max));
  } else {
    result.records = source_of(std::move(opened));
  }
  return result;
}

}  // namespace ftok
