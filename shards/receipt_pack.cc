#include "shards/receipt_pack.h"

#include <simdjson.h>

#include "core/json.h"
#include "shards/checksum.h"

namespace ftok {
namespace {

constexpr std::string_view kReceiptsFolder = "receipts/";

std::string last_line(std::string_view lines) {
  return JsonWriter().begin_object().field("checksum", checksum_of(lines)).end_object().take() + "\n";
}

}  // namespace

std::string write_receipt_pack(const std::vector<PackedReceipt>& receipts) {
  std::string file;
  for (const PackedReceipt& receipt : receipts) {
    JsonWriter json;
    json.begin_object().field("name", receipt.name).field("etag", receipt.etag).field("text", receipt.text);
    file += json.end_object().take() + "\n";
  }
  return file + last_line(file);
}

std::vector<PackedReceipt> parse_receipt_pack(std::string_view file) {
  std::vector<PackedReceipt> receipts;
  if (file.size() < 2 || !file.ends_with('\n')) return {};
  const size_t end = file.rfind('\n', file.size() - 2) + 1;  // of the lines; 0 where there is but one
  if (file.substr(end) != last_line(file.substr(0, end))) return {};
  simdjson::dom::parser parser;
  for (size_t at = 0; at < end;) {
    const size_t line_end = file.find('\n', at);
    simdjson::dom::element json;
    std::string_view name, etag, text;
    if (parser.parse(file.data() + at, line_end - at).get(json) != simdjson::SUCCESS ||
        json["name"].get(name) != simdjson::SUCCESS || json["etag"].get(etag) != simdjson::SUCCESS ||
        json["text"].get(text) != simdjson::SUCCESS) {
      return {};
    }
    receipts.push_back({std::string(name), std::string(etag), std::string(text)});
    at = line_end + 1;
  }
  return receipts;
}

std::string receipt_pack_of(std::string_view name) {
  const size_t slash = name.rfind('/');
  if (slash == std::string_view::npos || !name.ends_with(".json")) return "";
  const std::string_view folder = name.substr(0, slash);
  const size_t before = folder.rfind('/');
  if (before == std::string_view::npos) return "";
  const std::string_view above = folder.substr(0, before + 1);
  if (above != kReceiptsFolder && !above.ends_with("/" + std::string(kReceiptsFolder))) return "";
  return std::string(folder) + std::string(kReceiptPackEnding);
}

}  // namespace ftok
