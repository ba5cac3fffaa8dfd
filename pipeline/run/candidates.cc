#include "pipeline/run/candidates.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <xxhash.h>

#include <cstring>
#include <type_traits>

#include "core/error.h"
#include "document/document_fields.h"

namespace ftok {
namespace {

constexpr std::string_view kMagic = "FTOKCND6";
constexpr char kEnd = 0, kDocument = 1, kReject = 2;
constexpr size_t kEntryHead = 5;  // kind and length
constexpr size_t kStateBytes = 8 + 8 + 1;

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_string(std::string& out, std::string_view text) {
  put(out, static_cast<uint32_t>(text.size()));
  out += text;
}

// One field of a document after the other, each in the form that FieldReader reads.
class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out) {}

  template <typename Number>
  void operator()(std::string_view, const Number& number) const {
    put(out_, number);
  }
  void operator()(std::string_view, const std::string& text) const { put_string(out_, text); }
  void operator()(std::string_view, const std::vector<NamedScore>& scores) const {
    put(out_, static_cast<uint32_t>(scores.size()));
    for (const NamedScore& score : scores) {
      put_string(out_, score.name);
      put(out_, score.value);
    }
  }
  void operator()(std::string_view, const std::vector<NamedTexts>& labels) const {
    put(out_, static_cast<uint32_t>(labels.size()));
    for (const NamedTexts& label : labels) {
      put_string(out_, label.name);
      put(out_, static_cast<uint8_t>(label.is_list));
      put(out_, static_cast<uint32_t>(label.texts.size()));
      for (const std::string& text : label.texts) put_string(out_, text);
    }
  }
  template <typename Number>
  void operator()(std::string_view, const std::vector<Number>& numbers) const {
    put(out_, static_cast<uint32_t>(numbers.size()));
    for (const Number number : numbers) put(out_, number);
  }

 private:
  std::string& out_;
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : bytes_(bytes) {}

  template <typename Number>
  void operator()(std::string_view, Number& value) {
    value = number<Number>();
  }
  void operator()(std::string_view, std::string& text) { text = take(number<uint32_t>()); }
  void operator()(std::string_view, std::vector<NamedScore>& scores) {
    for (uint32_t count = number<uint32_t>(); count > 0 && ok_; --count) {
      const std::optional<Reason> name = Reason::intern(take(number<uint32_t>()));
      ok_ = ok_ && name;
      if (ok_) scores.push_back({*name, number<double>()});
    }
  }
  void operator()(std::string_view, std::vector<NamedTexts>& labels) {
    for (uint32_t count = number<uint32_t>(); count > 0 && ok_; --count) {
      const std::optional<Reason> name = Reason::intern(take(number<uint32_t>()));
      ok_ = ok_ && name;
      if (!ok_) return;
      NamedTexts& label = labels.emplace_back(NamedTexts{*name, number<uint8_t>() != 0, {}});
      for (uint32_t texts = number<uint32_t>(); texts > 0 && ok_; --texts)
        label.texts.emplace_back(take(number<uint32_t>()));
      ok_ = ok_ && (label.is_list || label.texts.size() == 1);
    }
  }
  template <typename Number>
  void operator()(std::string_view, std::vector<Number>& numbers) {
    for (uint32_t count = number<uint32_t>(); count > 0 && ok_; --count) numbers.push_back(number<Number>());
  }
  bool whole() const { return ok_ && bytes_.empty(); }

 private:
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
    const std::optional<Reason> named = Reason::intern(code);
    if (!named) return bad("a damaged place with a code that is not one");
    damage.code = *named;
    damage.detail = detail;
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
  for_each_field(document, kInCandidates, FieldWriter(payload_));
  entry(kDocument, payload_);
}

void CandidateWriter::reject(std::string_view json_line) { entry(kReject, json_line); }

void CandidateWriter::finish(const InputReport& report) {
  entry(kEnd, write_input_report(report));
  std::string end;
  put(end, report.state.bytes);
  put(end, report.state.modified_ns);
  put(end, static_cast<uint8_t>(report.state.is_known));
  XXH3_64bits_update(hash_->state, end.data(), end.size());
  put(end, static_cast<uint64_t>(XXH3_64bits_digest(hash_->state)));
  file_.write(end);
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
      if (size > end_ - at - kEntryHead) damaged("its report is cut short");
      Result<InputReport> report = parse_input_report(bytes.substr(at + kEntryHead, size));
      if (!report.ok()) damaged("its report cannot be read");
      report_ = std::move(*report);
      report_.state = read_state(bytes.substr(at + kEntryHead + size, end_ - at - kEntryHead - size));
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

InputState CandidateReader::read_state(std::string_view bytes) const {
  InputState state;
  if (bytes.size() != kStateBytes) damaged("it does not say what its input was");
  std::memcpy(&state.bytes, bytes.data(), 8);
  std::memcpy(&state.modified_ns, bytes.data() + 8, 8);
  state.is_known = bytes[16] != 0;
  return state;
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
  FieldReader fields(payload);
  for_each_field(candidate.document, kInCandidates, fields);
  if (!fields.whole()) damaged("an entry cannot be read");
  return true;
}

}  // namespace ftok
