#include "crawl/warc_source.h"

#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "core/ascii.h"
#include "core/shown.h"
#include "crawl/charset.h"

namespace ftok {
namespace {

constexpr std::string_view kResponse = "response";
constexpr std::string_view kConversionText = "conversion_text";

// An HTTP response begins with its version; some servers say ICY or HTTP/2 without a point.
bool is_http(const WarcRecord& record) {
  return starts_with_ignoring_case(record.block, "HTTP/") || record.block.starts_with("ICY ") ||
         (starts_with_ignoring_case(record.content_type, "application/http") && record.version.starts_with('W'));
}

class WarcSource : public Source {
 public:
  WarcSource(std::unique_ptr<DecodedInput> input, const SourceOptions& options)
      : reader_(std::move(input), {.record_bytes_max = static_cast<uint64_t>(options.record_bytes_max)}),
        file_path_(options.file_path),
        dump_(options.dump) {}

  bool next(Item& item) override {
    WarcRecord& record = record_;
    if (!reader_.next(record)) return false;
    item.sequence = sequence_++;
    item.document.offset = record.offset;
    item.document.file_path = file_path_;
    item.document.dump = dump_;
    fill_names(item.document);
    judge(item);
    return true;
  }

  uint64_t bytes_read() const override { return reader_.input().bytes_read(); }

  std::vector<Damage> take_damage() override {
    std::vector<Damage> all = reader_.take_damage();
    all.insert(all.end(), std::make_move_iterator(damage_.begin()), std::make_move_iterator(damage_.end()));
    damage_.clear();
    return all;
  }

 private:
  void fill_names(Document& document) {
    // Whatever bytes a field has: documents are UTF-8 throughout (core/shown.h).
    document.url = escape_bytes(record_.url);
    document.date = escape_bytes(record_.date);
    document.truncated = escape_bytes(record_.truncated);
    document.identified_type = escape_bytes(record_.identified_type);
    document.id = escape_bytes(record_.id);
    // ARC records, and broken WARC ones, have no id: one made of what names the capture is the same in every run.
    if (document.id.empty()) document.id = fmt::format("{}/{}", document.date, document.url);
  }

  void judge(Item& item) {
    const Reason kind = Reason::of_static(record_kind(record_));
    const bool document = kind == kResponse || kind == kConversionText;
    if (record_.damage != nullptr) {
      const std::string detail =
          record_.detail.empty() ? record_.damage : fmt::format("{}: {}", record_.damage, record_.detail);
      // A damaged record that would have been skipped anyway is not a lost document; it is still reported.
      if (document || record_.type.empty()) {
        const bool too_large = std::strcmp(record_.damage, "warc.too_large") == 0;
        item.verdict = too_large
                           ? Verdict::drop("warc.too_large", static_cast<double>(record_.content_length), 0, detail)
                           : Verdict::drop("warc.damaged", 0, 0, detail);
      } else {
        item.verdict = Verdict::skip(kind, detail);
        damage_.push_back({Reason::of_static(record_.damage), record_.detail, record_.offset});
      }
      return;
    }
    if (!document) {
      item.verdict = Verdict::skip(kind);
    } else if (kind == kConversionText) {
      item.document.charset = "UTF-8";
      item.document.replacements = decode_utf8_text(record_.block, item.document.text);
    } else {
      item.document.payload = record_.block;
    }
  }

  WarcReader reader_;
  WarcRecord record_;
  std::string file_path_, dump_;
  uint64_t sequence_ = 0;
  std::vector<Damage> damage_;
};

}  // namespace

const char* record_kind(const WarcRecord& record) {
  const std::string_view type = record.type;
  if (equals_ignoring_case(type, "response")) {
    // What a damaged block was can no longer be told from its bytes.
    return is_http(record) || (record.damage != nullptr && record.block.empty()) ? kResponse.data() : "not_http";
  }
  if (equals_ignoring_case(type, "conversion")) {
    return starts_with_ignoring_case(record.content_type, "text/plain") ? kConversionText.data() : "conversion";
  }
  for (const char* kind : {"request", "metadata", "revisit", "warcinfo", "resource", "continuation"}) {
    if (equals_ignoring_case(type, kind)) return kind;
  }
  return "unknown_type";
}

std::unique_ptr<Source> make_warc_source(std::unique_ptr<DecodedInput> input, const SourceOptions& options) {
  return std::make_unique<WarcSource>(std::move(input), options);
}

}  // namespace ftok
