// API keys by the shapes their issuers publish. Every shape is a run of key characters that holds a digit and has at
// least 20 characters, so ordinary words never reach the regular expression.
#include <algorithm>

#include <re2/re2.h>

#include "filters/pii_finders/pii_finders.h"

namespace ftok::pii {
namespace {

constexpr size_t kKeyBytesMin = 20;
constexpr size_t kKeyBytesMax = 4096;  // a token; longer runs are data

constexpr bool is_key_char(char c) { return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.'; }

const RE2& key_shapes() {
  static const RE2 shapes(
      "(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}"                         // AWS access key id
      "|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}"              // GitHub
      "|glpat-[A-Za-z0-9_-]{20,}"                                             // GitLab
      "|AIza[A-Za-z0-9_-]{35}"                                                // Google
      "|xox[abeoprs]-[A-Za-z0-9-]{10,}"                                       // Slack
      "|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}"                          // Stripe
      "|sk-(?:proj-|svcacct-|ant-)?[A-Za-z0-9_-]{20,}"                        // OpenAI, Anthropic
      "|hf_[A-Za-z0-9]{30,}"                                                  // Hugging Face
      "|npm_[A-Za-z0-9]{36}"                                                  // npm
      "|pypi-[A-Za-z0-9_-]{50,}"                                              // PyPI
      "|SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{32,}"                         // SendGrid
      "|key-[0-9a-f]{32}"                                                     // Mailgun
      "|eyJ[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{16,}",  // JSON Web Token
      RE2::Quiet);
  return shapes;
}

}  // namespace

void find_api_keys(std::string_view text, Range range, const DigitRuns& runs, std::vector<PiiSpan>& out) {
  size_t floor = range.begin;
  for (const Range& run : runs) {
    if (run.begin < floor || run.end > range.end) continue;
    size_t begin = run.begin, end = run.end;
    while (begin > floor && is_key_char(text[begin - 1])) --begin;
    while (end < range.end && is_key_char(text[end])) ++end;
    floor = end;
    while (end > begin && (text[end - 1] == '.' || text[end - 1] == '-')) --end;  // the sentence's, not the key's
    if (end - begin < kKeyBytesMin || end - begin > kKeyBytesMax) continue;
    if (RE2::FullMatch(re2::StringPiece(text.data() + begin, end - begin), key_shapes())) {
      out.push_back({begin, end, PiiKind::kApiKey});
    }
  }
}

}  // namespace ftok::pii
