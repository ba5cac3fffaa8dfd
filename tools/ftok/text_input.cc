#include "tools/ftok/text_input.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <span>
#include <utility>

#include "core/error.h"
#include "core/lenient_json.h"
#include "core/text_file.h"
#include "crawl/charset.h"
#include "crawl/http.h"
#include "crawl/input_format.h"
#include "crawl/json_lines.h"

namespace ftok::cli {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr size_t kInputLineBytesMax = size_t{1} << 30;

// Appends up to kReadBytes; false at the end.
bool read_more(ByteSource& source, std::string& buffer) {
  const size_t size = buffer.size();
  buffer.resize(size + kReadBytes);
  const size_t got = source.read(buffer.data() + size, kReadBytes);
  buffer.resize(size + got);
  return got != 0;
}

}  // namespace

std::string read_all(ByteSource& source, uint64_t bytes_max) {
  std::string text;
  while (read_more(source, text)) {
    if (text.size() > bytes_max)
      throw Error(fmt::format("{}: more than {} bytes; use --jsonl for many texts", source.name(), bytes_max));
  }
  text.erase(0, text.size() - without_byte_order_mark(text).size());
  return text;
}

std::string read_one_text(const std::string& path, std::string_view instead) {
  constexpr size_t kBytesMax = size_t{1} << 31;
  const std::unique_ptr<DecodedInput> input = make_decoded_input(open_file_source(path));
  while (input->grow()) {
    if (input->window().size() > kBytesMax)
      throw Error(fmt::format("{}: more than {} bytes; use --jsonl for many texts", path, kBytesMax));
  }
  for (const Damage& damage : input->take_damage())
    throw Error(fmt::format("{} is damaged at byte {}: {}", path, damage.offset, damage.code.view()));
  const std::string_view text = without_byte_order_mark(input->window());
  const std::string_view start = text.substr(0, InputPrefix::kBytes);
  const bool is_whole = start.size() == text.size();
  if (!is_binary(start, is_whole)) {
    for (size_t at = start.size(); at < text.size(); at += InputPrefix::kBytes) {
      if (is_binary(text.substr(at, InputPrefix::kBytes), false))
        throw Error(fmt::format("{} is no text: binary data in it, from byte {} on", path, at));
    }
    return std::string(text);
  }
  const SourceOptions options;
  const InputPrefix prefix{path, start, is_whole, options};
  for (const InputFormat& format : input_formats()) {
    if (format.sniff == nullptr || !format.sniff(prefix)) continue;
    if (std::string_view(format.name) == "other-encoding") break;
    throw Error(fmt::format("{} is {}, not a text{}{}", path, format.title, instead.empty() ? "" : "; ", instead));
  }
  return std::string(text);
}

void refuse_no_page(const std::string& file, std::string_view bytes, std::string_view instead) {
  const std::string shown = file == "-" ? "standard input" : file;
  const SourceOptions options;
  const std::string_view start = without_byte_order_mark(bytes).substr(0, InputPrefix::kBytes);
  const InputPrefix prefix{file, start, start.size() == bytes.size(), options};
  const std::span<const InputFormat> formats = input_formats();
  const auto told = std::find_if(formats.begin(), formats.end(), [&](const InputFormat& format) {
    return format.sniff != nullptr && format.sniff(prefix);
  });
  // A comma tells no table: many a page has one in each line.
  const bool is_table = told != formats.end() && std::string_view("csv tsv").find(told->name) != std::string_view::npos;
  const bool is_named_table = prefix.is_named(".csv") || prefix.is_named(".tsv");
  if (told != formats.end() && told->open_lines != nullptr && (!is_table || is_named_table))
    throw Error(fmt::format("{} is {}, not an HTML page; {}", shown, told->title, instead));
  if (is_no_page(bytes) && !choose_charset(bytes, "").encoding.starts_with("UTF-16"))
    throw Error(fmt::format("{}: not an HTML page but {}", shown, sniff_type(bytes)));
}

void for_each_json_object(std::unique_ptr<ByteSource> source, const std::string& text_key,
                          const std::function<void(simdjson::dom::element)>& visit) {
  for_each_json_line(std::move(source), text_key, [&](uint64_t, simdjson::dom::element root) { visit(root); });
}

void for_each_json_line(std::unique_ptr<ByteSource> source, const std::string& text_key,
                        const std::function<void(uint64_t number, simdjson::dom::element)>& visit) {
  SourceOptions options;
  options.text_key = text_key;
  options.id_key = "";  // not read
  const std::string name = source->name();
  OpenedBytes opened = open_input_bytes(std::move(source), options);
  if (!opened.format->holds_texts()) {
    throw Error(fmt::format("{} is {}, not JSON Lines", name, opened.format->title));
  }
  // What is told as plain text is taken for lines with an error, which is then named.
  JsonLineReader reader(std::move(opened.input), kInputLineBytesMax);
  simdjson::dom::parser parser(kInputLineBytesMax + simdjson::SIMDJSON_PADDING);
  std::string plain, sanitized;
  uint64_t replaced = 0;
  JsonLine line;
  while (reader.next(line)) {
    const auto fail = [&](const std::string& why) {
      throw Error(fmt::format("{}: line {}: {}", name, line.number, why));
    };
    if (!line.verdict.kept()) {
      fail(line.verdict.detail.empty() ? fmt::format("longer than {} bytes", kInputLineBytesMax) : line.verdict.detail);
    }
    simdjson::dom::element root;
    const simdjson::error_code parsed =
        parse_json(parser, utf8_line(line.text, sanitized, replaced), root, plain, true);
    if (parsed != simdjson::SUCCESS) fail(simdjson::error_message(parsed));
    try {
      visit(line.number, root);
    } catch (const Error& error) {
      fail(error.what());
    }
  }
  for (const Damage& damage : reader.take_damage()) {
    throw Error(fmt::format("{}: {}: {} {}", name, damage.offset, damage.code, damage.detail));
  }
}

void for_each_json_text(std::unique_ptr<ByteSource> source, const std::string& key,
                        const std::function<void(std::string_view)>& visit) {
  for_each_json_object(std::move(source), key, [&](simdjson::dom::element root) {
    simdjson::dom::object object;
    std::string_view text;
    if (root.get(object) != simdjson::SUCCESS || !get_last(object, key, text))
      throw Error(fmt::format("no string \"{}\"", key));
    visit(text);
  });
}

}  // namespace ftok::cli
