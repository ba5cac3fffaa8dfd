#include "crawl/text_source.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "crawl/ascii.h"
#include "crawl/charset.h"

namespace ftok {
namespace {

// What both kinds share: the decoded input, and which of its members broke.
class TextSource : public Source {
 public:
  TextSource(std::unique_ptr<DecodedInput> input, const SourceOptions& options)
      : input_(std::move(input)), options_(options) {}

  uint64_t bytes_read() const override { return input_->bytes_read(); }
  std::vector<Damage> take_damage() override { return input_->take_damage(); }

 protected:
  void start_item(Item& item) {
    item.sequence = sequence_++;
    item.document.file_path = options_.file_path;
    item.document.dump = options_.dump;
    item.document.offset = input_->stored_offset(input_->offset());
  }
  // The damage of a member that broke within the next `size` bytes of the window, or null.
  const char* damage_within(size_t size) const {
    for (const Member& member : input_->members()) {
      if (member.start > input_->offset() + size) break;
      if (member.damage != nullptr && member.end >= input_->offset() && member.end <= input_->offset() + size) {
        return member.damage;
      }
    }
    return nullptr;
  }
  uint64_t record_bytes_max() const { return static_cast<uint64_t>(options_.record_bytes_max); }

  std::unique_ptr<DecodedInput> input_;
  SourceOptions options_;
  uint64_t sequence_ = 0;
};

class JsonlSource : public TextSource {
 public:
  using TextSource::TextSource;

  bool next(Item& item) override {
    while (true) {
      size_t line = 0;
      bool too_large = false;
      if (!find_line(line, too_large)) return false;
      ++line_number_;
      if (!too_large && trim(input_->window().substr(0, line)).empty() && damage_within(line) == nullptr) {
        input_->consume(line);
        continue;
      }
      start_item(item);
      item.document.id = fmt::format("{}:{}", options_.file_path, line_number_);
      if (too_large) {
        item.verdict = Verdict::drop("text.too_large", 0, static_cast<double>(record_bytes_max()));
        skip_line();
        return true;
      }
      if (const char* const damage = damage_within(line); damage != nullptr) {
        item.verdict = Verdict::drop("text.damaged", 0, 0, damage);
      } else {
        item.verdict = parse(input_->window().substr(0, line), item.document);
      }
      input_->consume(line);
      return true;
    }
  }

 private:
  // The next line, its newline included; false at the end of the input.
  bool find_line(size_t& line, bool& too_large) {
    size_t from = 0;
    while (true) {
      const std::string_view window = input_->window();
      const void* const hit =
          from < window.size() ? std::memchr(window.data() + from, '\n', window.size() - from) : nullptr;
      if (hit != nullptr) {
        line = static_cast<size_t>(static_cast<const char*>(hit) - window.data()) + 1;
        too_large = line > record_bytes_max() + 1;
        return true;
      }
      from = window.size();
      if (from > record_bytes_max()) return too_large = true;
      if (!input_->grow()) {
        line = input_->window().size();
        return line > 0;
      }
    }
  }

  void skip_line() {
    while (true) {
      const std::string_view window = input_->window();
      const size_t end = window.find('\n');
      input_->consume(end == std::string_view::npos ? window.size() : end + 1);
      if (end != std::string_view::npos || !input_->grow()) return;
    }
  }

  static bool take_string(const simdjson::dom::object& object, std::string_view key, std::string& out) {
    std::string_view value;
    if (object[key].get(value) != simdjson::SUCCESS) return false;
    out = value;
    return true;
  }

  Verdict parse(std::string_view line, Document& document) {
    // simdjson refuses bytes that are not UTF-8; they are replaced first, and counted.
    if (!simdjson::validate_utf8(line)) {
      document.replacements = decode_utf8_text(line, sanitized_);
      sanitized_.reserve(sanitized_.size() + ByteWindow::kPadding);
      line = sanitized_;
    }
    simdjson::dom::element root;
    const simdjson::error_code error = parser_.parse(line.data(), line.size(), false).get(root);
    simdjson::dom::object object;
    if (error != simdjson::SUCCESS || root.get(object) != simdjson::SUCCESS) {
      return Verdict::drop("text.bad_json", 0, 0,
                           error != simdjson::SUCCESS ? simdjson::error_message(error) : "no object");
    }
    if (!take_string(object, options_.text_key, document.text)) {
      return Verdict::drop("text.no_text", 0, 0, options_.text_key);
    }
    int64_t number = 0;
    if (!take_string(object, options_.id_key, document.id) &&
        object[options_.id_key].get(number) == simdjson::SUCCESS) {
      document.id = std::to_string(number);
    }
    take_string(object, "url", document.url);
    take_string(object, "date", document.date);
    take_string(object, "dump", document.dump);
    take_string(object, "language", document.language);
    double score = 0;
    if (object["language_score"].get(score) == simdjson::SUCCESS) document.language_score = score;
    document.charset = "UTF-8";
    return Verdict::keep();
  }

  simdjson::dom::parser parser_;
  std::string sanitized_;
  uint64_t line_number_ = 0;
};

class PlainTextSource : public TextSource {
 public:
  using TextSource::TextSource;

  bool next(Item& item) override {
    if (done_) return false;
    done_ = true;
    start_item(item);
    item.document.id = options_.file_path;
    while (input_->window().size() <= record_bytes_max() && input_->grow()) {
    }
    std::string_view bytes = input_->window();
    if (bytes.size() > record_bytes_max()) {
      item.verdict = Verdict::drop("text.too_large", 0, static_cast<double>(record_bytes_max()));
      return true;
    }
    if (bytes.empty()) return false;
    if (const char* const damage = damage_within(bytes.size()); damage != nullptr) {
      item.verdict = Verdict::drop("text.damaged", 0, 0, damage);
      return true;
    }
    item.document.charset = "UTF-8";
    item.document.replacements = decode_utf8_text(bytes, item.document.text);
    unify_newlines(item.document.text);
    return true;
  }

 private:
  static void unify_newlines(std::string& text) {
    size_t out = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
      text[out++] = text[i];
    }
    text.resize(out);
  }

  bool done_ = false;
};

}  // namespace

std::unique_ptr<Source> make_jsonl_source(std::unique_ptr<DecodedInput> input, const SourceOptions& options) {
  return std::make_unique<JsonlSource>(std::move(input), options);
}

std::unique_ptr<Source> make_plain_text_source(std::unique_ptr<DecodedInput> input, const SourceOptions& options) {
  return std::make_unique<PlainTextSource>(std::move(input), options);
}

}  // namespace ftok
