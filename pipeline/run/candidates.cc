#include "pipeline/run/candidates.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <xxhash.h>

#include <cstring>
#include <type_traits>

#include "core/error.h"

namespace ftok {
namespace {

constexpr std::string_view kMagic = "FTOKCND2";
constexpr char kEnd = 0, kDocument = 1, kReject = 2;
constexpr size_t kEntryHead = 5;  // kind and length

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_string(std::string& out, const std::string& text) {
  put(out, static_cast<uint32_t>(text.size()));
  out += text;
}

// The fields of a Document that outlive the first half of a run, for the writer and the reader alike.
template <typename D, typename Visit>
void visit_strings(D& d, Visit&& visit) {
  for (auto* field : {&d.id, &d.url, &d.date, &d.dump, &d.file_path, &d.truncated, &d.charset, &d.text, &d.language,
                      &d.title, &d.author, &d.site, &d.published, &d.html_language, &d.canonical_url, &d.description}) {
    visit(*field);
  }
}

class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T number() {
    T value{};
    const std::string_view taken = take(sizeof value);
    if (ok_) std::memcpy(&value, taken.data(), sizeof value);
    return value;
  }
  std::string_view take(size_t size) {
    if (size > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  bool whole() const { return ok_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace

std::string write_input_report(const InputReport& report) {
  JsonWriter json;
  json.begin_object().field("input", report.input).field("stored_bytes", report.stored_bytes);
  json.field("xxh128", report.digest).field("quarantined", report.quarantined);
  json.key("tally").begin_object();
  report.tally.write_fields(json);
  json.end_object().key("damage").begin_array();
  for (const Damage& damage : report.damage) {
    json.begin_object()
        .field("offset", damage.offset)
        .field("code", damage.code)
        .field("detail", damage.detail)
        .end_object();
  }
  json.end_array().end_object();
  return json.take();
}

Result<InputReport> parse_input_report(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  const auto bad = [](const char* what) { return Damage{"bad_report", what, 0}; };
  if (parser.parse(text.data(), text.size()).get(object) != simdjson::SUCCESS) return bad("not a JSON object");
  InputReport report;
  const auto string_field = [&](const char* name, std::string& out) {
    std::string_view value;
    if (object[name].get_string().get(value) != simdjson::SUCCESS) return false;
    out = value;
    return true;
  };
  if (!string_field("input", report.input) || !string_field("xxh128", report.digest) ||
      !string_field("quarantined", report.quarantined) ||
      object["stored_bytes"].get_uint64().get(report.stored_bytes) != simdjson::SUCCESS) {
    return bad("a field is missing");
  }
  simdjson::dom::element tally;
  if (object["tally"].get(tally) != simdjson::SUCCESS) return bad("no tally");
  Result<Tally> parsed = parse_tally(simdjson::minify(tally));
  if (!parsed.ok()) return parsed.damage();
  report.tally = *parsed;
  simdjson::dom::array places;
  if (object["damage"].get_array().get(places) != simdjson::SUCCESS) return bad("no damage list");
  for (const auto place : places) {
    Damage damage;
    std::string_view code, detail;
    if (place["offset"].get_uint64().get(damage.offset) != simdjson::SUCCESS ||
        place["code"].get_string().get(code) != simdjson::SUCCESS ||
        place["detail"].get_string().get(detail) != simdjson::SUCCESS) {
      return bad("a damaged place without offset, code or detail");
    }
    damage.code = "damage";  // codes are static strings in the process that found them; here they join the detail
    damage.detail = detail.empty() ? std::string(code) : fmt::format("{}: {}", code, detail);
    report.damage.push_back(std::move(damage));
  }
  return report;
}

struct CandidateWriter::Hash {
  XXH3_state_t* state = XXH3_createState();
  Hash() { XXH3_64bits_reset(state); }
  ~Hash() { XXH3_freeState(state); }
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;
};

CandidateWriter::CandidateWriter(const std::string& path) : file_(path), hash_(std::make_unique<Hash>()) {
  file_.write(kMagic);
  XXH3_64bits_update(hash_->state, kMagic.data(), kMagic.size());
}

CandidateWriter::~CandidateWriter() = default;

void CandidateWriter::entry(char kind, std::string_view payload) {
  std::string head(1, kind);
  put(head, static_cast<uint32_t>(payload.size()));
  for (const std::string_view bytes : {std::string_view(head), payload}) {
    file_.write(bytes);
    XXH3_64bits_update(hash_->state, bytes.data(), bytes.size());
  }
}

void CandidateWriter::document(const Document& document) {
  payload_.clear();
  visit_strings(document, [&](const std::string& field) { put_string(payload_, field); });
  put(payload_, document.offset);
  put(payload_, document.replacements);
  put(payload_, document.language_score);
  put(payload_, document.classifier_score);
  put(payload_, static_cast<uint32_t>(document.dedup_keys.size()));
  for (const uint64_t key : document.dedup_keys) put(payload_, key);
  entry(kDocument, payload_);
}

void CandidateWriter::reject(std::string_view json_line) { entry(kReject, json_line); }

void CandidateWriter::finish(const InputReport& report) {
  entry(kEnd, write_input_report(report));
  std::string checksum;
  put(checksum, static_cast<uint64_t>(XXH3_64bits_digest(hash_->state)));
  file_.write(checksum);
  file_.commit();
}

CandidateReader::CandidateReader(const std::string& path) : file_(path) {
  const std::string_view bytes = file_.bytes();
  if (bytes.size() < kMagic.size() + kEntryHead + 8 || !bytes.starts_with(kMagic)) damaged("not a candidate file");
  uint64_t checksum = 0;
  std::memcpy(&checksum, bytes.data() + bytes.size() - 8, 8);
  if (checksum != XXH3_64bits(bytes.data(), bytes.size() - 8)) damaged("its checksum does not match");
  position_ = kMagic.size();
  end_ = bytes.size() - 8;
  size_t at = position_;  // the report stands last: walk the heads
  while (at + kEntryHead <= end_) {
    uint32_t size = 0;
    std::memcpy(&size, bytes.data() + at + 1, 4);
    if (bytes[at] == kEnd) {
      Result<InputReport> report = parse_input_report(bytes.substr(at + kEntryHead, size));
      if (!report.ok()) damaged("its report cannot be read");
      report_ = std::move(*report);
      end_ = at;
      return;
    }
    at += kEntryHead + size;
  }
  damaged("it has no report");
}

void CandidateReader::damaged(const char* what) const {
  throw Error(fmt::format("{}: {}; delete it and run again", file_.path(), what));
}

bool CandidateReader::next(Candidate& candidate) {
  if (position_ >= end_) return false;
  const std::string_view bytes = file_.bytes();
  uint32_t size = 0;
  std::memcpy(&size, bytes.data() + position_ + 1, 4);
  const char kind = bytes[position_];
  const std::string_view payload = bytes.substr(position_ + kEntryHead, size);
  position_ += kEntryHead + size;
  candidate = Candidate{};
  if (kind == kReject) {
    candidate.reject = payload;
    return true;
  }
  candidate.is_document = true;
  Document& d = candidate.document;
  FieldReader fields(payload);
  visit_strings(d, [&](std::string& field) { field = fields.take(fields.number<uint32_t>()); });
  d.offset = fields.number<uint64_t>();
  d.replacements = fields.number<uint64_t>();
  d.language_score = fields.number<double>();
  d.classifier_score = fields.number<double>();
  const uint32_t keys = fields.number<uint32_t>();
  for (uint32_t i = 0; i < keys && i < 65536; ++i) d.dedup_keys.push_back(fields.number<uint64_t>());
  if (!fields.whole()) damaged("an entry cannot be read");
  return true;
}

}  // namespace ftok
