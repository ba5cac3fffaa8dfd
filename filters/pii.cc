#include "filters/pii.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "core/error.h"
#include "filters/pii_finders/pii_finders.h"

namespace ftok {
namespace {

struct KindInfo {
  const char* name;
  Reason reason;
  std::vector<std::string_view> replacements;  // in turn
};

const std::array<KindInfo, kPiiKinds>& kinds() {
  static const std::array<KindInfo, kPiiKinds> table = {{
      {"email", "pii.email", {"email@example.com", "firstname.lastname@example.org"}},
      {"ipv4",
       "pii.ipv4",
       {"22.214.171.124", "126.96.36.199", "188.8.131.52", "184.108.40.206", "220.127.116.11", "18.104.22.168"}},
      {"ipv6", "pii.ipv6", {"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4"}},
      {"phone", "pii.phone", {"+1-202-555-0100", "+1-202-555-0101", "+1-202-555-0102", "+1-202-555-0103"}},
      {"card", "pii.card", {"0000 0000 0000 0000"}},
      {"iban", "pii.iban", {"XX00 0000 0000 0000 00"}},
      {"us_ssn", "pii.us_ssn", {"000-00-0000"}},
      {"api_key", "pii.api_key", {"REDACTED_API_KEY"}},
  }};
  return table;
}

}  // namespace

const char* name_of(PiiKind kind) { return kinds()[static_cast<size_t>(kind)].name; }

void PiiOptions::visit(OptionVisitor& visitor) {
  visitor.field("kinds", kinds,
                "what to replace: email, ipv4 (FineWeb's two), ipv6, phone, card, iban, us_ssn, api_key");
  visitor.choice("email_case", email_case, {"lower", "any"},
                 "letters of an e-mail address: lower case alone (FineWeb at release), or any (datatrove 0.10.1)");
  visitor.field("public_addresses_only", public_addresses_only, "leave private IP addresses alone (FineWeb: yes)");
}

PiiOptions PiiOptions::head() {
  PiiOptions options;
  options.email_case = "any";
  return options;
}

PiiOptions PiiOptions::all() {
  PiiOptions options = head();
  options.kinds.clear();
  for (const KindInfo& kind : ftok::kinds()) options.kinds.emplace_back(kind.name);
  return options;
}

PiiStage::PiiStage(PiiOptions options) : options_(std::move(options)) {
  for (const std::string& name : options_.kinds) {
    const auto found =
        std::find_if(kinds().begin(), kinds().end(), [&](const KindInfo& kind) { return name == kind.name; });
    if (found == kinds().end()) {
      std::string known;
      for (const KindInfo& kind : kinds()) known += fmt::format("{}{}", known.empty() ? "" : ", ", kind.name);
      throw UsageError(fmt::format("pii.kinds: got \"{}\", expected one of {}", name, known));
    }
    enabled_[static_cast<size_t>(found - kinds().begin())] = true;
  }
}

// Kinds are looked for one after the other, each only in what the ones before left: an IPv4 address within an e-mail
// address is part of that, as in datatrove, which replaces e-mail addresses first.
std::vector<PiiSpan> PiiStage::find(std::string_view text) const {
  std::vector<PiiSpan> spans, found, merged;
  if (finds(PiiKind::kEmail)) pii::find_emails(text, options_.email_case == "any", spans);
  const bool wants_numbers = finds(PiiKind::kApiKey) || finds(PiiKind::kIban) || finds(PiiKind::kCard) ||
                             finds(PiiKind::kUsSsn) || finds(PiiKind::kPhone);
  const pii::DigitRuns runs = wants_numbers ? pii::find_digit_runs(text) : pii::DigitRuns();

  const auto add_kind = [&](PiiKind kind, const auto& find_in) {
    if (!finds(kind)) return;
    found.clear();
    size_t begin = 0;
    for (const PiiSpan& span : spans) {
      if (span.begin > begin) find_in(pii::Range{begin, span.begin});
      begin = span.end;
    }
    if (begin < text.size()) find_in(pii::Range{begin, text.size()});
    if (found.empty()) return;
    merged.clear();
    std::merge(spans.begin(), spans.end(), found.begin(), found.end(), std::back_inserter(merged),
               [](const PiiSpan& a, const PiiSpan& b) { return a.begin < b.begin; });
    spans.swap(merged);
  };
  const auto runs_in = [&](pii::Range range) {
    const auto before = [](const pii::Range& run, size_t at) { return run.begin < at; };
    const auto first = std::lower_bound(runs.begin(), runs.end(), range.begin, before);
    const auto last = std::lower_bound(first, runs.end(), range.end, before);
    return pii::DigitRuns(first, last);
  };
  const auto add_numbers = [&](PiiKind kind, auto finder) {
    if (runs.empty()) return;
    add_kind(kind, [&](pii::Range range) { finder(text, range, runs_in(range), found); });
  };
  const bool public_only = options_.public_addresses_only;
  add_numbers(PiiKind::kApiKey, pii::find_api_keys);
  add_numbers(PiiKind::kIban, pii::find_ibans);
  add_numbers(PiiKind::kCard, pii::find_cards);
  add_numbers(PiiKind::kUsSsn, pii::find_us_ssns);
  add_kind(PiiKind::kIpv6, [&](pii::Range range) { pii::find_ipv6(text, range, public_only, found); });
  add_kind(PiiKind::kIpv4, [&](pii::Range range) { pii::find_ipv4(text, range, public_only, found); });
  add_numbers(PiiKind::kPhone, pii::find_phones);
  return spans;
}

PiiCounts PiiStage::scrub(std::string& text) const {
  PiiCounts counts{};
  const std::vector<PiiSpan> spans = find(text);
  if (spans.empty()) return counts;
  std::string out;
  out.reserve(text.size() + spans.size() * 16);
  size_t begin = 0;
  for (const PiiSpan& span : spans) {
    const auto kind = static_cast<size_t>(span.kind);
    const std::vector<std::string_view>& replacements = kinds()[kind].replacements;
    out.append(text, begin, span.begin - begin).append(replacements[counts[kind]++ % replacements.size()]);
    begin = span.end;
  }
  out.append(text, begin);
  text = std::move(out);
  return counts;
}

Verdict PiiStage::process(Document& document, Report* report) const {
  const PiiCounts counts = scrub(document.text);
  scrub(document.markdown);
  if (report != nullptr) {
    for (size_t kind = 0; kind < kPiiKinds; ++kind) {
      if (!enabled_[kind]) continue;
      report->measurements.push_back({kinds()[kind].reason, "", static_cast<double>(counts[kind]), 0, false, ""});
    }
  }
  return Verdict::keep();
}

StageKind pii_kind() {
  StageKind kind = stage_kind<PiiStage, PiiOptions>("pii", "replaces personal data, drops nothing");
  kind.after_dedup = true;  // scrubbing must not make two documents equal
  return kind;
}

}  // namespace ftok
