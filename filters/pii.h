// PiiStage ("pii"): replaces what identifies a person or opens an account by values that do neither.
//
//   kind      what counts as one                                               what takes its place
//   email     datatrove's pattern for e-mail addresses                         email@example.com,
//   firstname.lastname@example.org
//   ipv4      datatrove's pattern, public addresses only                       six addresses in turn (FineWeb's)
//   ipv6      any text form of RFC 4291, public addresses only                 2001:db8::1 .. ::4 (RFC 3849)
//   phone     international, North American and grouped national numbers      +1-202-555-0100 .. 0103 (fictitious)
//   card      12..19 digits of a known issuer range with a valid Luhn digit    0000 0000 0000 0000
//   iban      a country's length with a valid mod-97 check                     XX00 0000 0000 0000 00
//   us_ssn    ddd-dd-dddd outside the numbers never issued                     000-00-0000
//   api_key   shapes published by AWS, GitHub, Google, Slack, Stripe, ...      REDACTED_API_KEY
//
// FineWeb scrubs e-mail and IPv4 alone. Its replacements continue from one document to the next; here the turn
// restarts with each document, so the text is a function of the document alone, whatever the sharding.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"
#include "document/stage_kind.h"

namespace ftok {

enum class PiiKind : uint8_t { kEmail, kIpv4, kIpv6, kPhone, kCard, kIban, kUsSsn, kApiKey };
inline constexpr size_t kPiiKinds = 8;

// "email", "ipv4", "ipv6", "phone", "card", "iban", "us_ssn", "api_key".
const char* name_of(PiiKind kind);

struct PiiSpan {
  size_t begin = 0, end = 0;  // bytes of the text
  PiiKind kind = PiiKind::kEmail;
};

using PiiCounts = std::array<uint64_t, kPiiKinds>;

struct PiiOptions {
  std::vector<std::string> kinds{"email", "ipv4"};  // FineWeb's
  std::string email_case = "lower";                 // "lower" (2024-04), "any" (head)
  bool public_addresses_only = true;

  void visit(OptionVisitor& visitor);

  static PiiOptions head();  // FineWeb's pipeline as it stands: e-mail addresses in any case
  static PiiOptions all();   // every kind
};

class PiiStage : public Stage {
 public:
  // Throws UsageError when a kind is unknown.
  explicit PiiStage(PiiOptions options);

  std::string_view name() const override { return "pii"; }

  // Rewrites document.text; never drops. A report gets one count a kind ("pii.email", ...).
  Verdict process(Document& document, Report* report) const override;
  using Stage::process;

  // What would be replaced, in the order of the text, never overlapping. Thread-safe; time linear in the text.
  std::vector<PiiSpan> find(std::string_view text) const;

  // Replaces it; returns how many of each kind.
  PiiCounts scrub(std::string& text) const;

 private:
  bool finds(PiiKind kind) const { return enabled_[static_cast<size_t>(kind)]; }

  PiiOptions options_;
  std::array<bool, kPiiKinds> enabled_{};
};

}  // namespace ftok
