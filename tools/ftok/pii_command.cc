// `ftok pii`: replaces personal data in a text, or measures how well that works on texts with known spans.
#include <fmt/format.h>
#include <simdjson.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/json.h"
#include "filters/pii.h"
#include "text/unicode.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/text_input.h"

namespace ftok::cli {
namespace {

constexpr char kPiiExamples[] = R"(Examples:
  ftok pii mail.txt > clean.txt             e-mail and public IPv4 addresses, as FineWeb
  ftok pii --kinds all --report mail.txt    every kind; counts on standard error
  ftok pii --kinds all --spans mail.txt     what would be replaced, one JSON object per span
  ftok pii --jsonl --spans pages.jsonl      the same of each text, one line of JSON per text
  ftok pii --kinds all --score gold.json    precision and recall by kind; gold is a JSON array of
                                            {"full_text", "spans": [{"entity_type", "start_position", "end_position"}]})";

struct PiiArguments {
  std::string file = "-", kinds = "email,ipv4", score;
  std::string text_key = "text";
  bool report = false, spans = false, json = false, misses = false, jsonl = false;
};

PiiOptions options_of(const PiiArguments& arguments) {
  if (arguments.kinds == "all") return PiiOptions::all();
  PiiOptions options = PiiOptions::head();
  options.kinds = CLI::detail::split(arguments.kinds, ',');
  return options;
}

void print_counts(const PiiCounts& counts, bool json) {
  JsonWriter writer;
  writer.begin_object();
  std::string plain;
  for (size_t kind = 0; kind < kPiiKinds; ++kind) {
    writer.field(name_of(static_cast<PiiKind>(kind)), counts[kind]);
    if (counts[kind] > 0) plain += fmt::format("{:<8} {}\n", name_of(static_cast<PiiKind>(kind)), counts[kind]);
  }
  note("{}", json ? writer.end_object().take() + "\n" : plain);
}

std::string span_text(const PiiSpan& span, std::string_view text) {
  JsonWriter json;
  json.begin_object().field("kind", name_of(span.kind)).field("begin", static_cast<uint64_t>(span.begin));
  json.field("end", static_cast<uint64_t>(span.end)).field("text", text.substr(span.begin, span.end - span.begin));
  return json.end_object().take();
}

void print_spans(const PiiStage& stage, const std::string& text) {
  std::string out;
  for (const PiiSpan& span : stage.find(text)) out += span_text(span, text) + "\n";
  print_out(out);
}

// JSON Lines: {"text": TEXT} or, with spans, {"spans": [...]} for each line.
void look_at_lines(const PiiStage& stage, const PiiArguments& arguments) {
  PiiCounts total{};
  for_each_json_text(open_file_source(arguments.file), arguments.text_key, [&](std::string_view line) {
    JsonWriter json;
    std::string text(line);
    json.begin_object();
    if (arguments.spans) {
      json.key("spans").begin_array();
      for (const PiiSpan& span : stage.find(text)) json.raw(span_text(span, text));
      json.end_array();
    } else {
      const PiiCounts counts = stage.scrub(text);
      for (size_t kind = 0; kind < kPiiKinds; ++kind) total[kind] += counts[kind];
      json.field("text", text);
    }
    print_out(json.end_object().take() + "\n");
  });
  if (arguments.report && !arguments.spans) print_counts(total, arguments.json);
}

// The kind an annotated entity belongs to, by the names of Microsoft's Presidio; none for what we do not look for.
std::optional<PiiKind> kind_of(std::string_view entity, std::string_view value) {
  if (entity == "EMAIL_ADDRESS") return PiiKind::kEmail;
  if (entity == "IP_ADDRESS") return value.find(':') == std::string_view::npos ? PiiKind::kIpv4 : PiiKind::kIpv6;
  if (entity == "PHONE_NUMBER") return PiiKind::kPhone;
  if (entity == "CREDIT_CARD") return PiiKind::kCard;
  if (entity == "IBAN_CODE") return PiiKind::kIban;
  if (entity == "US_SSN") return PiiKind::kUsSsn;
  return std::nullopt;
}

// Byte offsets of code points, as annotations count those.
std::vector<size_t> offsets_of(std::string_view text) {
  std::vector<size_t> out;
  for (size_t at = 0; at < text.size(); at += decode_utf8(text, at).size) out.push_back(at);
  out.push_back(text.size());
  return out;
}

struct Score {
  uint64_t gold = 0, found = 0, gold_hit = 0, found_right = 0;
};

// A gold span counts as found when a span of its kind covers it whole or is covered by it and shares at least half of
// it; a found span is right under the same rule.
bool agree(const PiiSpan& a, const PiiSpan& b) {
  const size_t begin = std::max(a.begin, b.begin), end = std::min(a.end, b.end);
  return a.kind == b.kind && begin < end && (end - begin) * 2 >= std::max(a.end - a.begin, b.end - b.begin);
}

std::vector<PiiSpan> gold_spans(const simdjson::dom::element& entry, std::string_view text) {
  std::vector<PiiSpan> out;
  const std::vector<size_t> offsets = offsets_of(text);
  for (const simdjson::dom::element span : entry["spans"].get_array()) {
    const uint64_t begin = span["start_position"].get_uint64(), end = span["end_position"].get_uint64();
    if (begin >= end || end >= offsets.size()) continue;
    const std::string_view value = text.substr(offsets[begin], offsets[end] - offsets[begin]);
    const std::optional<PiiKind> kind = kind_of(span["entity_type"].get_string().value(), value);
    if (kind) out.push_back({offsets[begin], offsets[end], *kind});
  }
  return out;
}

void score(const PiiStage& stage, const PiiArguments& arguments) {
  std::array<Score, kPiiKinds> scores{};
  simdjson::dom::parser parser;
  try {
    for (const simdjson::dom::element entry : parser.load(arguments.score).get_array()) {
      const std::string_view text = entry["full_text"].get_string();
      const std::vector<PiiSpan> gold = gold_spans(entry, text), found = stage.find(text);
      const auto has = [](const std::vector<PiiSpan>& spans, const PiiSpan& span) {
        return std::any_of(spans.begin(), spans.end(), [&](const PiiSpan& other) { return agree(other, span); });
      };
      const auto tell = [&](const char* what, const PiiSpan& span) {
        if (!arguments.misses) return;
        const std::string_view before = text.substr(0, span.begin).substr(span.begin > 30 ? span.begin - 30 : 0);
        print_report(fmt::format("{} {}: {}[{}]\n", what, name_of(span.kind), before,
                                 text.substr(span.begin, span.end - span.begin)));
      };
      for (const PiiSpan& span : gold) {
        Score& s = scores[static_cast<size_t>(span.kind)];
        ++s.gold;
        has(found, span) ? ++s.gold_hit : (tell("missed", span), s.gold_hit);
      }
      for (const PiiSpan& span : found) {
        Score& s = scores[static_cast<size_t>(span.kind)];
        ++s.found;
        has(gold, span) ? ++s.found_right : (tell("wrong", span), s.found_right);
      }
    }
  } catch (const simdjson::simdjson_error& error) {
    throw Error(fmt::format("{}: not the JSON expected: {}", arguments.score, error.what()));
  }
  const auto share = [](uint64_t part, uint64_t whole) {
    return whole == 0 ? std::string("-")
                      : fmt::format("{:.3f}", static_cast<double>(part) / static_cast<double>(whole));
  };
  std::string out = fmt::format("{:<8} {:>6} {:>6} {:>10} {:>7}\n", "kind", "gold", "found", "precision", "recall");
  for (size_t kind = 0; kind < kPiiKinds; ++kind) {
    const Score& s = scores[kind];
    out += fmt::format("{:<8} {:>6} {:>6} {:>10} {:>7}\n", name_of(static_cast<PiiKind>(kind)), s.gold, s.found,
                       share(s.found_right, s.found), share(s.gold_hit, s.gold));
  }
  print_out(out);
}

}  // namespace

void add_pii_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("pii", "Replace personal data in a text");
  const auto arguments = std::make_shared<PiiArguments>();
  command->add_option("FILE", arguments->file, "a text; none or \"-\" reads standard input");
  command->add_option("--kinds", arguments->kinds,
                      "all, or a list: email,ipv4,ipv6,phone,card,iban,us_ssn,api_key (default email,ipv4)");
  command->add_flag("--report", arguments->report, "counts by kind on standard error");
  command->add_flag("--spans", arguments->spans, "print what would be replaced instead of the text");
  CLI::Option* const jsonl = command->add_flag(
      "--jsonl", arguments->jsonl, "FILE is JSON Lines, or rows of Parquet, CSV or TSV: a line for each text");
  command->add_option("--text-key", arguments->text_key, "its key of the text (default text)")->needs(jsonl);
  command->add_flag("--json", arguments->json, "the report as JSON");
  command->add_option("--score", arguments->score, "measure precision and recall on annotated texts");
  command->add_flag("--misses", arguments->misses, "with --score: print what was missed and what was wrong");
  command->footer(kPiiExamples);
  command->callback([arguments] {
    const PiiStage stage(options_of(*arguments));
    if (!arguments->score.empty()) return score(stage, *arguments);
    if (arguments->jsonl) return look_at_lines(stage, *arguments);
    std::string text = read_one_text(arguments->file, "--jsonl reads the texts of JSON, Parquet and tables");
    if (arguments->spans) return print_spans(stage, text);
    const PiiCounts counts = stage.scrub(text);
    print_text(text);
    if (arguments->report) print_counts(counts, arguments->json);
  });
}

}  // namespace ftok::cli
