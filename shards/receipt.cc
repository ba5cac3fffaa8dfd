// PartReceipt to JSON and back.
#include <fmt/format.h>
#include <simdjson.h>

#include "core/error.h"
#include "core/json.h"
#include "shards/json_fields.h"
#include "shards/part.h"
#include "shards/sealed_json.h"

namespace ftok {

std::string write_part_receipt(const PartReceipt& receipt) {
  JsonWriter json(true);
  json.begin_object().field("format", "ftok-receipt").field("version", 1).field("part", receipt.number);
  json.field("binding", receipt.binding).key("report").raw(receipt.report);
  json.field("judged", receipt.judged);
  write_split_counts(json, receipt.documents, receipt.tokens);
  json.key("files").begin_array();
  for (const FileEntry& file : receipt.files) json.raw(write_file_entry(file));
  json.end_array().end_object();
  return seal_json(json.text());
}

Result<PartReceipt> parse_part_receipt(std::string_view file) {
  const Result<std::string_view> sealed = check_sealed_json(file);
  if (!sealed) return sealed.damage();
  PartReceipt receipt;
  try {
    JsonFields fields(file);
    fields.expect("format", "ftok-receipt");
    fields.expect("version", 1);
    receipt.number = fields.number("part");
    receipt.binding = fields.text("binding");
    receipt.report = fields.raw("report");
    receipt.judged = fields.number("judged");
    read_split_counts(fields, receipt.documents, receipt.tokens);
    for (const JsonFields& entry : fields.objects("files")) receipt.files.push_back(read_file_entry(entry));
  } catch (const JsonFields::Missing& missing) {
    return Damage{"bad_receipt", missing.what(), 0};
  }
  return receipt;
}

PartReceipt read_part_receipt(const std::string& path) {
  Result<PartReceipt> receipt = parse_part_receipt(read_file(path));
  if (!receipt) throw Error(fmt::format("{} is damaged: {}", path, receipt.damage().detail));
  return std::move(*receipt);
}

}  // namespace ftok
