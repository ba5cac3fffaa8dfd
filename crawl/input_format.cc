#include "crawl/input_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/ascii.h"
#include "core/error.h"
#include "core/text_file.h"
#include "core/utf8.h"
#include "crawl/format_refused.h"
#include "crawl/sources/json_shape.h"
#include "crawl/sources/rows_input.h"
#include "crawl/sources/text_source.h"
#include "crawl/warc_source.h"

namespace ftok {
namespace {

// The last component of a path or an address, in lower case, without its query.
std::string file_name_of(std::string_view name) {
  if (name.find("://") != std::string_view::npos) name = name.substr(0, name.find_first_of("?#"));
  return lower_ascii(name.substr(name.rfind('/') + 1));
}

bool begins(const InputPrefix& prefix, std::string_view magic) { return prefix.bytes.starts_with(magic); }

// Skips `word` in any case, then one of the bytes that end a tag's name.
bool is_tag(std::string_view text, std::string_view word) {
  return starts_with_ignoring_case(text, word) && text.size() > word.size() &&
         (is_ascii_space(text[word.size()]) || text[word.size()] == '>');
}

// Bytes that are not part of valid UTF-8; a character that the end of the bytes cuts is part of it.
size_t invalid_utf8_bytes(std::string_view bytes, bool whole) {
  if (is_valid_utf8(bytes)) return 0;
  size_t invalid = 0;
  for (size_t at = 0; at < bytes.size();) {
    const Utf8Char one = decode_utf8(bytes, at);
    at += one.size;
    const bool cut = !whole && at == bytes.size();
    if (!one.valid && !cut) invalid += one.size;
  }
  return invalid;
}

// What tells bytes from text, counted over some of them.
struct OtherThanText {
  size_t bytes = 0, zeros = 0, controls = 0, invalid = 0;  // controls: of C0, but for those that texts have

  void add(std::string_view more, bool whole) {
    bytes += more.size();
    invalid += invalid_utf8_bytes(more, whole);
    for (const char c : more) {
      const auto byte = static_cast<unsigned char>(c);
      zeros += byte == 0 ? 1 : 0;
      controls += byte < 0x20 && (byte < 8 || byte > 13) && byte != 0x1B ? 1 : 0;  // BS, HT, LF, VT, FF, CR, ESC
    }
  }

  // Counts and texts in one, as MessagePack and the like have them, are both, in a thousandth of the bytes and more.
  bool is_mixed() const {
    constexpr size_t kShare = 1024, kMin = 8;
    return std::min(controls, invalid) >= kMin && std::min(controls, invalid) * kShare > bytes;
  }
  bool is_controls() const { return controls >= 8 && controls * 20 > bytes; }
};

bool is_archive(const InputPrefix& prefix) {
  const std::string_view start = prefix.start();
  if (begins_archive(start)) return true;
  if (start.empty()) return is_named_archive(prefix.name);
  if (!is_named_archive(prefix.name))
    return !start.starts_with('{') && start.find("\nWARC/1.") != std::string_view::npos;
  // A damaged archive is searched for its records; an error page or a list of paths under its name is a failed input.
  const bool text = start.find('\0') == std::string_view::npos && invalid_utf8_bytes(prefix.bytes, prefix.whole) == 0;
  if (!text || start.find("WARC") != std::string_view::npos) return true;
  throw Error(fmt::format("{} is not a WARC file: it begins with \"{}\"", prefix.name,
                          start.substr(0, start.find_first_of("\r\n")).substr(0, 80)));
}

// By its magic (PARE where it is encrypted) with a NUL, which no text has, or with its name. By its name alone where it
// is shorter than the magic: an empty .parquet file is a damaged one, not an empty text.
bool is_parquet(const InputPrefix& prefix) {
  if (prefix.whole && prefix.bytes.size() < 4 && prefix.is_named(".parquet")) return true;
  const bool magic = begins(prefix, "PAR1") || begins(prefix, "PARE");
  return magic && (prefix.bytes.find('\0') != std::string_view::npos || prefix.is_named(".parquet"));
}

// Files, and streams as Hugging Face datasets stores them: FF FF FF FF, the length of the schema.
bool is_arrow(const InputPrefix& prefix) {
  return begins(prefix, "ARROW1") || begins(prefix, "FEA1") || begins(prefix, "\xFF\xFF\xFF\xFF");
}

// Protocols 2 to 5 name themselves; protocol 0 is letters: a list or a dictionary begins "(lp0" and a line end.
bool is_pickle(const InputPrefix& prefix) {
  const std::string_view bytes = prefix.bytes;
  if (bytes.size() > 1 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5) return true;
  if (!bytes.starts_with("(lp") && !bytes.starts_with("(dp")) return false;
  const size_t end = bytes.find_first_not_of("0123456789", 3);
  return end != std::string_view::npos && end > 3 && bytes[end] == '\n';
}

bool is_avro(const InputPrefix& prefix) { return begins(prefix, "Obj\x01"); }

bool is_tar(const InputPrefix& prefix) { return prefix.bytes.size() > 262 && prefix.bytes.substr(257, 5) == "ustar"; }

bool is_zip(const InputPrefix& prefix) {
  return begins(prefix, "PK\x03\x04") || begins(prefix, "PK\x05\x06") || begins(prefix, "Rar!\x1A") ||
         begins(prefix, "7z\xBC\xAF\x27\x1C");
}

bool is_pdf(const InputPrefix& prefix) {
  return prefix.start().starts_with("%PDF-") || prefix.start().starts_with("%!PS-");
}

bool is_utf16(const InputPrefix& prefix) { return begins(prefix, "\xFF\xFE") || begins(prefix, "\xFE\xFF"); }

bool is_rtf(const InputPrefix& prefix) { return prefix.start().starts_with("{\\rtf"); }

// Without the comments before it.
std::string_view behind_comments(std::string_view start) {
  while (start.starts_with("<!--")) {
    const size_t end = start.find("-->");
    if (end == std::string_view::npos) break;
    start = trim(start.substr(end + 3));
  }
  return start;
}

// What "<!doctype" names; empty without one.
std::string_view doctype_of(std::string_view start) {
  constexpr std::string_view kDoctype = "<!doctype";
  if (!is_tag(start, kDoctype)) return {};
  return trim(start.substr(kDoctype.size()));
}

bool begins_element(std::string_view start) { return start.size() > 1 && start[0] == '<' && is_alpha(start[1]); }

// What begins a whole page (MIME Sniffing Standard, 7.1), comments before it aside. The tags that begin many a text in
// Markdown tell a page only where the name says so or the page's end does.
bool is_html(const InputPrefix& prefix) {
  const std::string_view start = behind_comments(prefix.start());
  if (starts_with_ignoring_case(doctype_of(start), "html")) return true;
  static constexpr std::string_view kTags[] = {"<html", "<head", "<body", "<script", "<style", "<title", "<meta"};
  if (std::any_of(std::begin(kTags), std::end(kTags), [&](std::string_view tag) { return is_tag(start, tag); }))
    return true;
  const bool named = prefix.is_named(".html") || prefix.is_named(".htm") || prefix.is_named(".xhtml");
  if (named && start.starts_with('<')) return true;
  if (!begins_element(start)) return false;
  const std::string lower = lower_ascii(start);
  return lower.find("</body>") != std::string::npos || lower.find("</html>") != std::string::npos;
}

// A declaration, a document type, or a first tag that names its vocabulary: "<mediawiki xmlns=...", "<rss version=...".
bool is_xml(const InputPrefix& prefix) {
  const std::string_view start = behind_comments(prefix.start());
  if (is_tag(start, "<?xml") || is_tag(start, "<rss") || !doctype_of(start).empty()) return true;
  if (!begins_element(start)) return false;
  const std::string_view tag = start.substr(0, start.find('>'));
  return prefix.is_named(".xml") || tag.find(" xmlns=") != std::string_view::npos ||
         tag.find(" xmlns:") != std::string_view::npos;
}

// "[{": what an array of objects begins with. A text may well begin with a bracket.
bool is_json_array(const InputPrefix& prefix) {
  const std::string_view start = prefix.start();
  if (!start.starts_with('[')) return false;
  const std::string_view element = trim(start.substr(1));
  if (element.starts_with(']')) return prefix.whole && trim(element.substr(1)).empty();
  if (!element.starts_with('{')) return false;
  const std::string_view key = trim(element.substr(1));
  return key.starts_with('"') || key.starts_with('}') || (key.empty() && !prefix.whole);
}

// An array of strings, of arrays, of numbers, or one such array a line: no rows with keys. A bracket with a word or a
// number in it begins many a text.
bool is_other_json_array(const InputPrefix& prefix) {
  const std::string_view start = prefix.start();
  if (!start.starts_with('[')) return false;
  const JsonShape array(start);
  if (!array.is_valid()) return false;
  if (!array.is_whole()) return array.has_divider();
  const size_t next = array.rest().find_first_not_of(" \t\r\n");
  if (!array.has_string() && !array.has_divider()) return false;
  if (next == std::string_view::npos) return true;
  const bool on_a_line = array.rest().substr(0, next).find('\n') != std::string_view::npos;
  return on_a_line && array.rest()[next] == '[' && JsonShape(array.rest().substr(next)).is_valid();
}

// "{" and a key, or nothing, on the first line.
bool is_json_lines(const InputPrefix& prefix) {
  const std::string_view start = prefix.start();
  const bool named = prefix.is_named(".jsonl") || prefix.is_named(".ndjson");
  if (named && !is_binary(prefix.bytes, prefix.whole)) return true;
  if (!start.starts_with('{')) return false;
  const std::string_view key = trim(start.substr(1, start.find_first_of("\n") - 1));
  return key.starts_with('"') || key.starts_with('}');
}

// An object printed over several lines.
bool is_json_object(const InputPrefix& prefix) {
  const std::string_view start = prefix.start();
  if (!start.starts_with('{') || !trim(start.substr(1)).starts_with('"')) return false;
  const JsonShape object(start);
  return object.is_valid() && object.has_line_end();
}

bool is_csv(const InputPrefix& prefix) {
  if (is_binary(prefix.bytes, prefix.whole)) return false;
  if (prefix.is_named(".csv") || looks_delimited(prefix.bytes, prefix.whole, ',', prefix.options.text_key)) return true;
  // Semicolons and bars stand in many a text: only where they make the text's column.
  return has_delimited_text(prefix.bytes, prefix.whole, ';', prefix.options.text_key) ||
         has_delimited_text(prefix.bytes, prefix.whole, '|', prefix.options.text_key);
}

bool is_tsv(const InputPrefix& prefix) {
  if (is_binary(prefix.bytes, prefix.whole)) return false;
  return prefix.is_named(".tsv") || prefix.is_named(".tab") ||
         looks_delimited(prefix.bytes, prefix.whole, '\t', prefix.options.text_key);
}

// Binary by its bytes, but without the control characters that binary data has: Latin-1, Windows-1251, Shift_JIS, GBK.
bool is_other_encoding(const InputPrefix& prefix) {
  const auto is_control = [](unsigned char c) { return c < 0x20 && std::strchr("\t\n\f\r", c) == nullptr; };
  return std::none_of(prefix.bytes.begin(), prefix.bytes.end(), [&](char c) { return c == '\0' || is_control(c); }) &&
         is_binary(prefix.bytes, prefix.whole);
}

bool is_no_text(const InputPrefix& prefix) { return is_binary(prefix.bytes, prefix.whole); }

bool is_any(const InputPrefix&) { return true; }

std::unique_ptr<DecodedInput> as_it_is(std::unique_ptr<DecodedInput> input, const SourceOptions&) { return input; }

constexpr char kAsRows[] = "write its rows as JSON Lines, one {\"text\": ...} per line";
constexpr char kUnpack[] = "unpack it and name the files";

constexpr InputFormat kFormats[] = {
    {"warc", "WARC, ARC or WET", is_archive, nullptr, make_warc_source},
    {"wet", "WET", nullptr, nullptr, make_warc_source},
    {"parquet", "Parquet", is_parquet, open_parquet, nullptr, "", Locator::kRow, false, open_parquet_rows},
    {"arrow", "Arrow", is_arrow, nullptr, nullptr, kAsRows},
    {"avro", "Avro", is_avro, nullptr, nullptr, kAsRows},
    {"pickle", "a Python pickle", is_pickle, nullptr, nullptr, kAsRows},
    {"tar", "a tar archive", is_tar, nullptr, nullptr, kUnpack},
    {"zip", "a packed archive (zip, 7z, rar)", is_zip, nullptr, nullptr, kUnpack},
    {"pdf", "PDF or PostScript", is_pdf, nullptr, nullptr, "extract its text first"},
    {"rtf", "RTF", is_rtf, nullptr, nullptr, "save it as plain text first"},
    {"utf-16", "text in UTF-16 or UTF-32", is_utf16, nullptr, nullptr, "convert it to UTF-8 first (iconv)"},
    {"html", "HTML", is_html, nullptr, nullptr, "extract its text first (ftok extract)"},
    {"xml", "XML", is_xml, nullptr, nullptr, "extract its text first"},
    {"json", "a JSON array of objects", is_json_array, open_json_array, nullptr, "", Locator::kRow},
    {"json-values", "a JSON array of values that are not objects", is_other_json_array, nullptr, nullptr, kAsRows},
    {"json-object", "one JSON object over several lines", is_json_object, nullptr, nullptr,
     "write an object per line, or an array of objects"},
    {"jsonl", "JSON Lines", is_json_lines, as_it_is, nullptr},
    {"csv", "comma-separated values", is_csv, open_csv, nullptr, "", Locator::kRow},
    {"tsv", "tab-separated values", is_tsv, open_tsv, nullptr, "", Locator::kRow},
    {"other-encoding", "text in another encoding than UTF-8", is_other_encoding, nullptr, nullptr,
     "convert it to UTF-8 first (iconv)"},
    {"binary", "binary data", is_no_text, nullptr, nullptr,
     "ftok reads WARC, ARC, WET, Parquet, JSON, CSV, TSV and UTF-8 text"},
    {"text", "plain text", is_any, nullptr, make_plain_text_source, "", Locator::kByte, true},
};

// Of the whole table, those that are refused too.
const InputFormat& named(std::string_view name) {
  return *std::find_if(std::begin(kFormats), std::end(kFormats),
                       [&](const InputFormat& format) { return name == format.name; });
}

[[noreturn]] void refuse(const std::string& name, const InputFormat& format) {
  throw FormatRefused(
      fmt::format("{} is {}, which is not read: {}; or say that its format is text to read its bytes as they are", name,
                  format.title, format.advice));
}

const InputFormat& tell(const DecodedInput& input, bool whole, const SourceOptions& options) {
  const std::string_view bytes = input.window().substr(0, InputPrefix::kBytes);
  const InputPrefix prefix{input.name(), bytes, whole && bytes.size() == input.window().size(), options};
  const auto told = std::find_if(std::begin(kFormats), std::end(kFormats), [&](const InputFormat& format) {
    return format.sniff != nullptr && format.sniff(prefix);
  });
  if (!told->is_read()) refuse(input.name(), *told);
  return *told;
}

// Plain text is told by its beginning; this checks the rest as it is read, 64 KiB at a time, and refuses a file that
// goes on as binary data. A few stray zero bytes in a long text are allowed.
class PlainTextCheck {
 public:
  explicit PlainTextCheck(std::string name) : name_(std::move(name)) {}

  void operator()(std::string_view appended) {
    const bool at_end = appended.empty();
    for (; !appended.empty(); appended.remove_prefix(std::min(appended.size(), kPart))) {
      found_.add(appended.substr(0, kPart), false);
      if (found_.bytes >= InputPrefix::kBytes) judge();
    }
    if (at_end) judge();
  }

 private:
  static constexpr size_t kPart = size_t{16} << 10;

  void judge() {
    constexpr size_t kMin = 16, kZeroShare = 1024, kInvalidShare = 10;
    const bool has_zeros = found_.zeros >= kMin && found_.zeros * kZeroShare > found_.bytes;
    const bool is_invalid = found_.invalid >= kMin && found_.invalid * kInvalidShare > found_.bytes;
    if (has_zeros || is_invalid || found_.is_mixed() || found_.is_controls()) refuse(name_, named("binary"));
    found_ = {};
  }

  std::string name_;
  OtherThanText found_;
};

// Decodes the beginning; true when that is all of it.
bool read_prefix(DecodedInput& input) {
  while (input.window().size() < InputPrefix::kBytes) {
    if (!input.grow()) return true;
  }
  return false;
}

// A byte-order mark is not content; archives have none.
void skip_byte_order_mark(DecodedInput& input) {
  while (input.window().size() < 3 && input.grow()) {
  }
  input.consume(input.window().size() - without_byte_order_mark(input.window()).size());
}

const InputFormat& find(const std::string& name) {
  for (const InputFormat& format : kFormats) {
    if (name == format.name && format.is_read()) return format;
  }
  throw UsageError(fmt::format("format: expected {}, got {}", fmt::join(input_format_names(), ", "), name));
}

}  // namespace

// One of the archives' extensions, somewhere in the name: "x.wet.y" too.
bool is_named_archive(std::string_view name) {
  const std::string file = file_name_of(name.substr(0, name.find('?')));
  for (const std::string_view part : {".warc", ".arc", ".wet", ".wat"}) {
    const size_t at = file.find(part);
    if (at == std::string::npos) continue;
    const size_t end = at + part.size();
    if (end == file.size() || file[end] == '.') return true;
  }
  return false;
}

bool begins_archive(std::string_view bytes) { return bytes.starts_with("WARC/") || bytes.starts_with("filedesc:"); }

std::string_view InputPrefix::start() const { return trim(bytes); }

bool InputPrefix::is_named(std::string_view extension) const {
  std::string file = file_name_of(name);
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (file.ends_with(packed)) file.resize(file.size() - packed.size());
  }
  return file.ends_with(extension);
}

const char* locator_name(Locator locator) { return locator == Locator::kByte ? "byte" : "row"; }

std::span<const InputFormat> input_formats() { return kFormats; }

std::vector<std::string> input_format_names() {
  std::vector<std::string> names = {"auto"};
  for (const InputFormat& format : kFormats) {
    if (format.is_read()) names.emplace_back(format.name);
  }
  return names;
}

const InputFormat& tell_input_format(std::unique_ptr<ByteSource> bytes, const SourceOptions& options) {
  if (options.format != "auto") return find(options.format);
  const auto input = make_decoded_input(std::move(bytes));
  skip_byte_order_mark(*input);
  const bool whole = read_prefix(*input);
  return tell(*input, whole, options);
}

namespace {

// An input whose format is known; its lines or records are not opened yet.
OpenedBytes open_told(std::unique_ptr<ByteSource> bytes, const SourceOptions& options) {
  OpenedBytes opened;
  opened.options = options;
  if (opened.options.file_path.empty()) opened.options.file_path = bytes->name();
  if (opened.options.name.empty()) opened.options.name = opened.options.file_path;
  if (opened.options.dump.empty()) opened.options.dump = dump_of(opened.options.file_path);
  if (options.format != "auto" && options.start_after.empty()) opened.format = &find(options.format);
  opened.input = make_decoded_input(std::move(bytes));
  skip_byte_order_mark(*opened.input);
  if (opened.format == nullptr) {
    const bool whole = read_prefix(*opened.input);
    opened.format = &tell(*opened.input, whole, options);
    // What a run left that stopped early is rows, or lines.
    if (!options.start_after.empty() && opened.format->name != std::string_view("parquet")) {
      if (opened.format->name != std::string_view("jsonl") && !opened.format->is_text)
        throw FormatRefused(fmt::format("{} is {}, not the texts of a run that stopped after {}",
                                        opened.options.file_path, opened.format->title, options.start_after));
      opened.format = &find("jsonl");
    }
    if (opened.format->is_text) {
      PlainTextCheck check(opened.input->name());
      if (opened.input->window().size() > InputPrefix::kBytes)
        check(opened.input->window().substr(InputPrefix::kBytes));
      opened.input->check_as_read(std::move(check));
    }
  }
  return opened;
}

std::unique_ptr<Source> documents_of(OpenedBytes opened) {
  const InputFormat& format = *opened.format;
  if (format.open_rows != nullptr) return format.open_rows(std::move(opened.input), opened.options);
  if (format.open_lines == nullptr && format.open_records != nullptr)
    return format.open_records(std::move(opened.input), opened.options);
  if (format.open_lines != nullptr) opened.input = format.open_lines(std::move(opened.input), opened.options);
  return make_jsonl_source(std::move(opened.input), opened.options);
}

}  // namespace

OpenedBytes open_input_bytes(std::unique_ptr<ByteSource> bytes, const SourceOptions& options) {
  OpenedBytes opened = open_told(std::move(bytes), options);
  if (opened.format->open_lines != nullptr) {
    opened.input = opened.format->open_lines(std::move(opened.input), opened.options);
  }
  return opened;
}

OpenedInput open_input_format(std::unique_ptr<ByteSource> bytes, const SourceOptions& options) {
  OpenedBytes opened = open_input_bytes(std::move(bytes), options);
  OpenedInput result{opened.format, opened.options, nullptr, nullptr};
  if (opened.format->open_lines != nullptr) {
    result.lines = std::move(opened.input);
  } else {
    result.records = opened.format->open_records(std::move(opened.input), opened.options);
  }
  return result;
}

std::unique_ptr<Source> open_documents(std::unique_ptr<ByteSource> bytes, const SourceOptions& options,
                                       const InputFormat** format) {
  OpenedBytes opened = open_told(std::move(bytes), options);
  if (format != nullptr) *format = opened.format;
  return documents_of(std::move(opened));
}

std::unique_ptr<Source> open_text_rows(std::unique_ptr<ByteSource> bytes, const SourceOptions& options,
                                       const InputFormat** format) {
  const std::string name = bytes->name();
  OpenedBytes opened = open_told(std::move(bytes), options);
  if (!opened.format->holds_texts()) throw Error(fmt::format("{} is {}, not JSON Lines", name, opened.format->title));
  if (opened.format->is_text) opened.format = &find("jsonl");
  *format = opened.format;
  return documents_of(std::move(opened));
}

bool is_binary(std::string_view bytes, bool whole) {
  OtherThanText found;
  found.add(bytes, whole);
  return found.zeros > 0 || found.invalid * 10 > found.bytes || found.is_mixed() || found.is_controls();
}

}  // namespace ftok
