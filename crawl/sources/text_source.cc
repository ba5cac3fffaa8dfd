#include "crawl/sources/text_source.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "crawl/charset.h"
#include "crawl/json_lines.h"

namespace ftok {
namespace {

class JsonlSource : public Source {
 public:
  JsonlSource(std::unique_ptr<DecodedInput> input, const SourceOptions& options)
      : reader_(std::move(input), static_cast<uint64_t>(options.record_bytes_max)),
        parser_(options.text_key, options.id_key, options.start_after, options.fields),
        options_(options) {}

  bool next(Item& item) override {
    JsonLine line;
    if (!reader_.next(line)) return false;
    item.sequence = sequence_++;
    Document& document = item.document;
    document.file_path = options_.file_path;
    document.dump = options_.dump;
    document.offset = line.offset;
    document.id = fmt::format("{}:{}", options_.name, line.number);
    bool has_id = false;
    item.verdict = line.verdict.kept() ? parser_.parse(line.text, document, has_id) : std::move(line.verdict);
    return true;
  }

  uint64_t bytes_read() const override { return reader_.bytes_read(); }
  std::vector<Damage> take_damage() override { return reader_.take_damage(); }

 private:
  JsonLineReader reader_;
  JsonDocumentParser parser_;
  SourceOptions options_;
  uint64_t sequence_ = 0;
};

class PlainTextSource : public Source {
 public:
  PlainTextSource(std::unique_ptr<DecodedInput> input, const SourceOptions& options)
      : input_(std::move(input)), options_(options) {}

  bool next(Item& item) override {
    if (done_) return false;
    done_ = true;
    item.document.file_path = options_.file_path;
    item.document.dump = options_.dump;
    item.document.offset = input_->stored_offset(input_->offset());
    item.document.id = options_.name;
    const auto bytes_max = static_cast<uint64_t>(options_.record_bytes_max);
    while (input_->window().size() <= bytes_max && input_->grow()) {
    }
    std::string_view bytes = input_->window();
    if (bytes.size() > bytes_max) {
      item.verdict = Verdict::drop("text.too_large", 0, static_cast<double>(bytes_max));
      return true;
    }
    if (bytes.empty()) return false;
    size_t size = bytes.size();
    if (const char* const damage = damage_within(*input_, size); damage != nullptr) {
      item.verdict = Verdict::drop("text.damaged", 0, 0, damage);
      return true;
    }
    item.document.charset = "UTF-8";
    item.document.replacements = decode_utf8_text(bytes, item.document.text);
    unify_newlines(item.document.text);
    return true;
  }

  uint64_t bytes_read() const override { return input_->bytes_read(); }
  std::vector<Damage> take_damage() override { return input_->take_damage(); }

 private:
  static void unify_newlines(std::string& text) {
    size_t out = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
      text[out++] = text[i];
    }
    text.resize(out);
  }

  std::unique_ptr<DecodedInput> input_;
  SourceOptions options_;
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
