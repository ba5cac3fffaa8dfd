#include "view/run_look.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/ascii.h"
#include "core/error.h"
#include "core/json.h"
#include "view/row_fields.h"
#include "view/view_answers.h"

namespace ftok {
namespace {

constexpr size_t kDocumentBytesMax = 1 << 20;      // of a document
constexpr size_t kShortTextBytes = 2'000;          // of one in a list
constexpr uint64_t kSearchedBytesMax = 256 << 20;  // of rows, for one answer
constexpr size_t kCursorsMax = 4096;

constexpr const char* kFields[] = {
    "id",        "url",          "date",       "dump",         "language",     "language_score",
    "file_path", "token_count",  "offset",     "reason",       "value",        "threshold",
    "detail",    "duplicate_of", "cluster_id", "cluster_size", "stopped_after"};

size_t cut_bytes(std::string_view text, size_t most) {
  size_t bytes = std::min(text.size(), most);
  while (bytes > 0 && bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return bytes;
}

void copy_field(JsonWriter& json, simdjson::dom::element row, const char* name, size_t bytes_max) {
  simdjson::dom::element value;
  if (row[name].get(value) != simdjson::SUCCESS || value.is_null()) return;
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) {
    json.key(name).raw(simdjson::minify(value));
    return;
  }
  const size_t bytes = cut_bytes(text, bytes_max);
  json.field(name, text.substr(0, bytes));
  if (bytes < text.size() && std::string_view(name) == "text") json.field("whole_bytes", uint64_t{text.size()});
}

void write_document(JsonWriter& json, simdjson::dom::element row, const RunPlace& place, size_t text_bytes_max) {
  json.begin_object()
      .field("kind", place.is_kept ? "kept" : "dropped")
      .field("part", place.part)
      .field("row", place.row);
  for (const char* name : kFields) copy_field(json, row, name, kShortTextBytes);
  copy_field(json, row, "text", text_bytes_max);
  json.end_object();
}

const std::string& file_of(const RunFacts& facts, size_t part, bool is_kept) {
  return is_kept ? facts.parts[part].texts : facts.parts[part].rejects;
}

// What the row of a reason has in it as it stands; "" for all.
std::string mark_of_reason(const std::string& reason) {
  if (reason.empty()) return "";
  std::string mark = "\"reason\":";
  append_json_string(mark, reason);
  return mark;
}

// `host`: the text in small letters, as hosts of addresses are.
bool is_match(simdjson::dom::element row, std::string_view text, std::string_view host, bool anywhere) {
  const std::string_view id = text_field(row, "id"), url = text_field(row, "url");
  if (anywhere) return id.find(text) != std::string_view::npos || url.find(text) != std::string_view::npos;
  return id == text || url == text || host_of_address(url) == host;
}

}  // namespace

RunPlace run_place(const ViewRequest& request) {
  const std::string kind = request.parameter("kind");
  if (kind != "kept" && kind != "dropped") throw ViewRefusal{400, "kind: expected kept or dropped"};
  return {kind == "kept", view_number(request, "part", 0), view_number(request, "row", 0)};
}

std::string RunLook::run() const {
  const std::shared_ptr<const RunFacts> facts = folder_.facts();
  JsonWriter json;
  json.begin_object().field("done", facts->is_done).field("recipe", facts->recipe);
  json.field("vocabulary", facts->vocabulary).field("shards", facts->shards);
  if (facts->inputs) json.field("inputs", *facts->inputs);
  json.field("parts", uint64_t{facts->parts.size()}).field("texts", facts->has_texts);
  json.field("rejects", facts->has_rejects).key("totals").begin_object();
  facts->tally.write_fields(json);
  json.end_object().key("notes").begin_array();
  for (const std::string& note : facts->notes) json.value(note);
  json.end_array();
  double age = 0;
  if (const std::string progress = facts->is_done ? "" : folder_.progress(age); !progress.empty()) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(progress).get(root) == simdjson::SUCCESS)
      json.field("age_seconds", age).key("progress").raw(simdjson::minify(root));
  }
  json.key("scan");
  scan_.write(json);
  return json.end_object().take();
}

std::optional<uint64_t> RunLook::rows(const RunFacts& facts, size_t part, bool is_kept,
                                      const std::string& reason) const {
  const std::optional<uint64_t> told = facts.parts[part].rows(is_kept, reason);
  return told ? told : scan_.rows(part, is_kept, reason);
}

// The nearest place at or before the document number `at`; `to_pass`: how many of the kind lie between.
RunLook::Cursor RunLook::cursor(const RunFacts& facts, bool is_kept, const std::string& reason, uint64_t at,
                                uint64_t& to_pass) const {
  Cursor cursor;
  uint64_t before = 0;
  for (size_t part = 0; part < facts.parts.size(); ++part) {
    const std::optional<uint64_t> count = rows(facts, part, is_kept, reason);
    cursor.part = part;
    if (!count || at < before + *count) break;
    before += *count;
    ++cursor.part;
  }
  to_pass = at - before;
  if (reason.empty() && cursor.part < facts.parts.size() && rows(facts, cursor.part, is_kept, reason)) {
    cursor.row = to_pass;  // every row counts
    to_pass = 0;
    return cursor;
  }
  const std::lock_guard lock(mutex_);
  const auto known = cursors_.upper_bound({is_kept, reason, at});
  if (known == cursors_.begin()) return cursor;
  const auto& [key, place] = *std::prev(known);
  const bool is_same = std::get<0>(key) == is_kept && std::get<1>(key) == reason;
  if (!is_same || std::get<2>(key) < before) return cursor;
  to_pass = at - std::get<2>(key);
  return place;
}

void RunLook::remember(const CursorKey& key, const Cursor& cursor) const {
  const std::lock_guard lock(mutex_);
  if (cursors_.size() >= kCursorsMax) cursors_.clear();
  cursors_[key] = cursor;
}

std::string RunLook::documents(bool is_kept, const std::string& reason, uint64_t at) const {
  const std::shared_ptr<const RunFacts> facts = folder_.facts();
  std::optional<uint64_t> total = 0;
  for (size_t part = 0; part < facts->parts.size() && total; ++part) {
    const std::optional<uint64_t> count = rows(*facts, part, is_kept, reason);
    total = count ? std::optional(*total + *count) : std::nullopt;
  }
  JsonWriter json;
  json.begin_object().field("at", at).key("documents").begin_array();
  uint64_t to_pass = 0, given = 0, searched = 0;
  Cursor here = cursor(*facts, is_kept, reason, at, to_pass);
  const std::string mark = mark_of_reason(reason);
  while (here.part < facts->parts.size() && given < kPageDocuments && searched < kSearchedBytesMax) {
    const std::string& path = file_of(*facts, here.part, is_kept);
    std::unique_ptr<RunRowReader> reader = path.empty() ? nullptr : readers_.take(path, here.row);
    std::string_view line;
    while (reader && given < kPageDocuments && searched < kSearchedBytesMax && reader->next(line)) {
      searched += line.size();
      here.row = reader->at();
      if (!mark.empty() && line.find(mark) == std::string_view::npos) continue;
      simdjson::dom::element row;
      if (!reader->parse(line, row) || (!reason.empty() && text_field(row, "reason") != reason)) continue;
      if (to_pass > 0) {
        --to_pass;
        continue;
      }
      write_document(json, row, {is_kept, here.part, here.row - 1}, kShortTextBytes);
      ++given;
    }
    if (given == kPageDocuments || searched >= kSearchedBytesMax) {
      if (reader) readers_.give_back(std::move(reader));
    } else {
      here = {here.part + 1, 0};
    }
  }
  const uint64_t next = at + given - std::min(at, to_pass);
  remember({is_kept, reason, next}, here);
  const bool is_more =
      total ? next < *total && (given > 0 || searched >= kSearchedBytesMax) : here.part < facts->parts.size();
  json.end_array().field("next", next).field("more", is_more).key("total");
  total ? json.value(*total) : json.null();
  return json.end_object().take();
}

std::string RunLook::find(const std::string& text, bool anywhere, const std::string& from) const {
  if (text.empty()) throw ViewRefusal{400, "text: expected what to look for"};
  const std::shared_ptr<const RunFacts> facts = folder_.facts();
  ViewRequest place;  // "FILE.ROW": files are two a part
  place.parameters = {{"file", from.substr(0, from.find('.'))},
                      {"row", from.find('.') == std::string::npos ? "" : from.substr(from.find('.') + 1)}};
  uint64_t file = view_number(place, "file", 0), first = view_number(place, "row", 0), given = 0, searched = 0;
  const uint64_t files = 2 * facts->parts.size();
  std::string mark;  // as it stands in a row
  append_json_string(mark, text);
  mark = mark.substr(1, mark.size() - 2);
  const std::string host = lower_ascii(text);
  const bool is_host = !anywhere && text.find('/') == std::string::npos;  // which rows may have in capitals
  JsonWriter json;
  json.begin_object().key("documents").begin_array();
  while (file < files && given < kPageDocuments && searched < kSearchedBytesMax) {
    const bool is_kept = file % 2 == 0;
    const std::string& path = file_of(*facts, file / 2, is_kept);
    const bool is_looked_into = !path.empty() && (anywhere || scan_.may_hold(file / 2, is_kept, text) ||
                                                  scan_.may_hold(file / 2, is_kept, host));
    std::unique_ptr<RunRowReader> reader = is_looked_into ? readers_.take(path, first) : nullptr;
    std::string_view line;
    while (reader && given < kPageDocuments && searched < kSearchedBytesMax && reader->next(line)) {
      searched += line.size();
      first = reader->at();
      simdjson::dom::element row;
      if (!is_host && line.find(mark) == std::string_view::npos) continue;
      if (!reader->parse(line, row) || !is_match(row, text, host, anywhere)) continue;
      write_document(json, row, {is_kept, file / 2, first - 1}, kShortTextBytes);
      ++given;
    }
    if (given == kPageDocuments || searched >= kSearchedBytesMax) {
      if (reader) readers_.give_back(std::move(reader));
    } else {
      ++file;
      first = 0;
    }
  }
  json.end_array().field("next", fmt::format("{}.{}", file, first)).field("more", file < files);
  return json.field("searched", file).field("files", files).end_object().take();
}

RunDocument RunLook::read(const RunPlace& place) const {
  const std::shared_ptr<const RunFacts> facts = folder_.facts();
  const std::string* const path =
      place.part < facts->parts.size() ? &file_of(*facts, place.part, place.is_kept) : nullptr;
  if (path == nullptr || path->empty()) throw ViewRefusal{404, "there is no such document"};
  std::unique_ptr<RunRowReader> reader = readers_.take(*path, place.row);
  std::string_view line;
  simdjson::dom::element row;
  if (!reader->next(line) || !reader->parse(line, row)) throw ViewRefusal{404, "there is no such document"};
  RunDocument document;
  const std::pair<const char*, std::string*> fields[] = {
      {"id", &document.id},         {"url", &document.url},           {"date", &document.date},
      {"dump", &document.dump},     {"language", &document.language}, {"file_path", &document.file_path},
      {"reason", &document.reason}, {"text", &document.text}};
  for (const auto& [name, value] : fields) *value = text_field(row, name);
  uint64_t offset = 0;
  if (row["offset"].get(offset) == simdjson::SUCCESS) document.offset = offset;
  document.line = line;
  readers_.give_back(std::move(reader));
  return document;
}

std::string RunLook::document(const RunPlace& place) const {
  const RunDocument document = read(place);
  simdjson::dom::parser parser;
  simdjson::dom::element row;
  if (parser.parse(document.line).get(row) != simdjson::SUCCESS) throw ViewRefusal{404, "there is no such document"};
  JsonWriter json;
  write_document(json, row, place, kDocumentBytesMax);
  return json.take();
}

}  // namespace ftok
